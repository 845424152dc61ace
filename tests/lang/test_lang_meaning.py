"""Which definition is meant at a place."""

import pytest

from codeintel.lang.content import split_lines
from codeintel.lang.meaning import Place, local_at
from codeintel.lang.parse import parse_file, parse_names

FILES = {
    "pkg/__init__.py": "",
    "pkg/base.py": "class Base:\n    def run(self): ...\n    def stop(self): ...\n",
    "pkg/tools.py": "def load(): ...\n\ndef helper(): ...\n",
    "other/tools.py": "def load(): ...\n",
    "other/run.py": "def run(): ...\n",
    "pkg/main.py": (
        "from .base import Base\n"
        "from .tools import load as read\n"
        "from . import tools\n"
        "\n"
        "class Main(Base):\n"
        "    def __init__(self):\n"
        "        self.size = 1\n"
        "    def run(self):\n"
        "        super().run()\n"
        "        self.run()\n"
        "        self.stop()\n"
        "        read(self.size)\n"
        "        tools.load()\n"
        "        unknown.load()\n"
        "\n"
        "def helper(value):\n"
        "    return value\n"
        "\n"
        "helper(1)\n"
    ),
}


def meant(path: str, line: int, text: str, files: dict[str, str] = FILES) -> list[tuple[str, int]]:
    """Path and line of the definitions meant by a text on a line."""
    source = split_lines(files[path])[line - 1]
    column = source.index(text) + len(text.rpartition(".")[0] + ".") * ("." in text)
    name = text.rpartition(".")[2]
    place = Place(path, parse_names(path, files[path]), name, line, source[:column])
    candidates = [
        (other, definition)
        for other, content in files.items()
        for definition in parse_file(other, content).definitions
        if definition.name == place.original_name()
    ]
    return [(other, d.name_line) for other, d in place.meant(candidates)]


def test_self_means_the_class_around() -> None:
    assert meant("pkg/main.py", 10, "self.run") == [("pkg/main.py", 8)]
    assert meant("pkg/main.py", 12, "self.size") == [("pkg/main.py", 7)]


def test_super_and_inherited_members_mean_the_base() -> None:
    assert meant("pkg/main.py", 9, "super().run") == [("pkg/base.py", 2)]
    assert meant("pkg/main.py", 11, "self.stop") == [("pkg/base.py", 3)]


def test_a_renamed_import_means_the_original_in_its_module() -> None:
    assert meant("pkg/main.py", 12, "read") == [("pkg/tools.py", 1)]


def test_a_member_of_an_imported_module_is_in_its_file() -> None:
    assert meant("pkg/main.py", 13, "tools.load") == [("pkg/tools.py", 1)]


def test_a_name_of_the_file_itself_comes_first() -> None:
    assert meant("pkg/main.py", 19, "helper") == [("pkg/main.py", 16)]


def test_where_nothing_tells_all_are_meant() -> None:
    assert len(meant("pkg/main.py", 14, "unknown.load")) == 2


def test_an_import_of_a_script_module_leads_to_its_file() -> None:
    files = {
        "src/a.ts": "import { make as build } from './lib/make';\nbuild();\n",
        "src/lib/make.ts": "export function make() {}\n",
        "src/make.ts": "export function make() {}\n",
    }
    assert meant("src/a.ts", 2, "build", files) == [("src/lib/make.ts", 1)]


def test_files_of_one_package_know_each_other() -> None:
    files = {
        "q/a.go": "package q\n\nfunc A() { open() }\n",
        "q/b.go": "package q\n\nfunc open() {}\n",
        "r/b.go": "package r\n\nfunc open() {}\n",
    }
    assert meant("q/a.go", 3, "open", files) == [("q/b.go", 3)]


def test_a_local_name_is_found_at_its_binding_and_at_its_uses() -> None:
    names = parse_names("pkg/main.py", FILES["pkg/main.py"])
    binding, use = local_at(names, 16, 12), local_at(names, 17, 12)
    assert binding is not None
    assert binding is use
    assert (binding.name, binding.line, binding.column) == ("value", 16, 12)
    assert local_at(names, 19, 1) is None


ANNOTATED = {
    "one/a.py": "class Cart: ...\n",
    "two/a.py": "class Cart: ...\n",
    "use.py": "from one.a import Cart\n\ndef make() -> Cart:\n    return Cart()\n",
}
SHADOWED = {
    "api.ts": "export function save() { return 1; }\n",
    "form.ts": (
        "import { save } from './api';\n"
        "type Props = {\n"
        "  save: () => void;\n"
        "};\n"
        "export function run() {\n"
        "  save();\n"
        "}\n"
    ),
}
BASES = {
    "base.py": "class Base:\n    def run(self): ...\n",
    "other.js": "class Base {\n  run() {}\n}\n",
    "other.py": "class Base:\n    def run(self): ...\n",
    "kid.py": (
        "from base import Base\nclass Kid(Base):\n    def run(self):\n        super().run()\n"
    ),
}
BARE = {
    "a.py": "def load(p): ...\nclass Cart:\n    def load(self):\n        return load(1)\n",
    "A.java": "class A {\n  void load() {}\n  void run() {\n    load();\n  }\n}\n",
}
LUA = {
    "cart.lua": (
        "local function load(x)\n  return x\nend\n"
        "function Cart:load()\n  return 1\nend\n"
        "function Cart:run()\n  return self:load()\nend\n"
    ),
}
GO = {
    "main.go": 'package main\n\nimport "example.com/shop/cart"\n\nfunc main() { cart.Load(1) }\n',
    "cart/cart.go": "package cart\n\nfunc Load(n int) {}\n\nfunc (i *Item) Load() {}\n",
}
RUST = {
    "src/main.rs": "mod cart;\nfn main() {\n    cart::load(1);\n    crate::cart::load(2);\n}\n",
    "src/item.rs": "use crate::cart;\nfn go() {\n    cart::load(4);\n}\n",
    "src/cart.rs": (
        "pub fn load(n: u8) {}\n"
        "pub struct Item;\n"
        "impl Item {\n    pub fn load(&self) {}\n    fn run(&self) { self.load() }\n}\n"
        "impl Loader for u8 {\n    fn load(&self) {}\n}\n"
    ),
}
ZIG = {
    "main.zig": 'const util = @import("util.zig");\npub fn main() void {\n    util.helper();\n}\n',
    "util.zig": "pub fn helper() void {}\n",
    "odd.zig": "pub const Odd = struct {\n    pub fn helper() void {}\n};\n",
}
HASKELL = {"A.hs": "module A where\n\nload x = x\n\nload' x = load x\n\nuse = load' 2\n"}
PHP = {
    "Cart.php": (
        "<?php\nclass Cart {\n    private static int $count = 0;\n"
        "    function find() { return 1; }\n"
        "    function run() {\n        self::$count;\n        $this->find();\n    }\n}\n"
    ),
    "Other.php": "<?php\nclass Other {\n    function find() { return 2; }\n}\n",
}


@pytest.mark.parametrize(
    ("files", "path", "line", "text", "expected"),
    [
        (ANNOTATED, "use.py", 3, "Cart", [("one/a.py", 1)]),
        (SHADOWED, "form.ts", 6, "save", [("api.ts", 1)]),
        (BASES, "kid.py", 4, "super().run", [("base.py", 2)]),
        (BARE, "a.py", 4, "load", [("a.py", 1)]),
        (BARE, "A.java", 4, "load", [("A.java", 2)]),
        (LUA, "cart.lua", 8, "load", [("cart.lua", 4)]),
        (GO, "main.go", 5, "cart.Load", [("cart/cart.go", 3)]),
        (RUST, "src/main.rs", 3, "load", [("src/cart.rs", 1)]),
        (RUST, "src/main.rs", 4, "load", [("src/cart.rs", 1)]),
        (RUST, "src/item.rs", 3, "load", [("src/cart.rs", 1)]),
        (RUST, "src/cart.rs", 5, "self.load", [("src/cart.rs", 4)]),
        (ZIG, "main.zig", 3, "util.helper", [("util.zig", 1)]),
        (HASKELL, "A.hs", 7, "load'", [("A.hs", 5)]),
        (PHP, "Cart.php", 6, "count", [("Cart.php", 3)]),
        (PHP, "Cart.php", 7, "find", [("Cart.php", 4)]),
    ],
    ids=[
        *("what a function gives is no member", "a member of a type shadows nothing"),
        *("a base is the imported one", "a bare name is no method in Python", "it is in Java"),
        *("Lua's colon", "a Go package at the top", "a Rust module here", "by its whole path"),
        *("a Rust module from elsewhere", "self in an impl", "a Zig module", "a primed name"),
        *("a static property", "$this"),
    ],
)
def test_a_language_is_read_by_its_own_rules(
    files: dict[str, str], path: str, line: int, text: str, expected: list[tuple[str, int]]
) -> None:
    assert meant(path, line, text, files) == expected


def test_what_is_written_in_another_language_is_not_meant_where_its_own_has_some() -> None:
    files = {
        "a.py": "def run(thing):\n    thing.load()\n",
        "b.py": "class B:\n    def load(self): ...\n",
        "c.js": "class C {\n  load() {}\n}\n",
    }
    assert meant("a.py", 2, "thing.load", files) == [("b.py", 2)]
    del files["b.py"]
    assert meant("a.py", 2, "thing.load", files) == [("c.js", 2)]


def test_a_range_and_what_is_spread_out_is_no_member() -> None:
    files = {
        "a.js": "function load() {}\nclass A {\n  load() {}\n}\nuse(...load);\n",
        "b.rs": "fn load() -> u8 { 1 }\nimpl B {\n    fn load() {}\n}\nfn g() { 0..load(); }\n",
    }
    assert meant("a.js", 5, "load", files) == [("a.js", 1)]
    assert meant("b.rs", 5, "load", files) == [("b.rs", 1)]
