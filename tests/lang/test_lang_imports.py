"""What files import, and where that can be found."""

import pytest

from codeintel.lang.imports import import_targets
from codeintel.lang.parse import parse_names

CASES = [
    ("a.py", "import os", [("os", "os", "")]),
    ("a.py", "import a.b", [("b", "a.b", "")]),
    ("a.py", "import a.b as c", [("c", "a.b", "")]),
    ("a.py", "from .a import b, c as d", [("b", ".a", "b"), ("d", ".a", "c")]),
    ("a.py", "from a import *", [("*", "a", "*")]),
    ("a.js", "import d from './a'", [("d", "./a", "")]),
    ("a.js", "import * as n from 'a'", [("n", "a", "")]),
    ("a.ts", "import { x, y as z } from '../a'", [("x", "../a", "x"), ("z", "../a", "y")]),
    ("a.ts", "export { x as y } from './a'", [("y", "./a", "x")]),
    ("a.ts", "export * from './a'", [("*", "./a", "*")]),
    ("a.js", "const a = require('./b')", [("a", "./b", "")]),
    ("a.js", "const { a, b: c } = require('./b')", [("a", "./b", "a"), ("c", "./b", "b")]),
    ("a.go", 'import "x.y/z/q"', [("q", "x.y/z/q", "")]),
    ("a.go", 'import w "x.y/z/q"', [("w", "x.y/z/q", "")]),
    ("a.rs", "use crate::a::B;", [("B", "crate::a", "B")]),
    ("a.rs", "use a::{B, c as d};", [("B", "a", "B")]),
    ("A.java", "import a.b.C;", [("C", "a.b", "C")]),
    ("a.c", '#include "x/y.h"', [("h", "x/y.h", "")]),
    ("a.kt", "import a.b.C\n", [("C", "a.b.C", "")]),
    ("a.scala", "import a.b.C\n", [("C", "a.b.C", "")]),
    ("a.php", "<?php\nuse A\\B\\C;", [("C", "A\\B", "C")]),
    ("a.rb", "require_relative 'x/y'", [("y", "x/y", "")]),
    ("a.cs", "using A.B;", [("B", "A.B", "")]),
    ("a.ex", "alias A.B", [("B", "A.B", "")]),
    ("a.hs", "import Data.Map", [("Map", "Data.Map", "")]),
    ("a.lua", 'local m = require("a.b")', [("b", "a.b", "")]),
    ("a.zig", 'const s = @import("a.zig");', [("s", "a.zig", "")]),
    ("a.swift", "import Foundation", [("Foundation", "Foundation", "")]),
    ("a.sh", "source ./lib.sh", [("sh", "./lib.sh", "")]),
]


@pytest.mark.parametrize(("path", "text", "expected"), CASES, ids=[case[1] for case in CASES])
def test_imports_tell_name_module_and_original(
    path: str, text: str, expected: list[tuple[str, str, str]]
) -> None:
    found = [(i.name, i.source, i.original) for i in parse_names(path, text + "\n").imports]
    assert found[: len(expected)] == expected


@pytest.mark.parametrize(
    ("language", "path", "source", "target"),
    [
        ("python", "src/pkg/a.py", ".b", "/src/pkg/b.py"),
        ("python", "src/pkg/a.py", "..b.c", "/src/b/c/__init__.py"),
        ("python", "src/pkg/a.py", ".", "/src/pkg/__init__.py"),
        ("python", "src/pkg/a.py", "x.y", "x/y.py"),
        ("typescript", "src/a.ts", "./b", "/src/b.ts"),
        ("typescript", "src/a.ts", "../b", "/b/index.ts"),
        ("typescript", "src/a.ts", "@/lib/b", "lib/b.tsx"),
        ("go", "a/a.go", "example.org/m/pkg/sub", "pkg/sub/"),
        ("rust", "src/a.rs", "crate::b::c", "b/c.rs"),
        ("java", "src/A.java", "a.b", "a/b/"),
        ("c", "src/a.c", "x/y.h", "x/y.h"),
        ("elixir", "lib/a.ex", "MyApp.UserStore", "my_app/user_store.ex"),
        ("haskell", "src/A.hs", "Data.Thing", "Data/Thing.hs"),
    ],
)
def test_a_module_can_be_in_the_files_that_its_name_spells(
    language: str, path: str, source: str, target: str
) -> None:
    assert target in import_targets(language, path, source)


@pytest.mark.parametrize("source", ["../../x", "..", "....x"])
def test_an_import_from_outside_of_the_repository_has_no_target(source: str) -> None:
    language = "python" if source.startswith("....") else "javascript"
    assert import_targets(language, "a/b.js", source) == ()


def test_a_language_without_modules_has_no_targets() -> None:
    assert import_targets("markdown", "a.md", "x") == ()
