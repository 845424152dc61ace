"""Which language a file is written in."""

import pytest

from codeintel.lang.grammar import load_grammar
from codeintel.lang.languages import LANGUAGES, detect_language, language


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        ("a/b.py", "", "python"),
        ("a/B.PY", "", "python"),
        ("x.tsx", "", "tsx"),
        ("x.d.ts", "", "typescript"),
        ("Gemfile", "", "ruby"),
        ("Dockerfile", "", "dockerfile"),
        ("docker/Dockerfile.dev", "", "dockerfile"),
        ("Makefile", "", "makefile"),
        ("CMakeLists.txt", "", "cmake"),
        ("build.gradle", "", "groovy"),
        ("notes.txt", "", "text"),
        ("LICENSE", "", "text"),
        ("bin/tool", "#!/usr/bin/env python3\n", "python"),
        ("bin/tool", "#!/bin/bash -e\n", "bash"),
        ("bin/tool", "#!/usr/bin/env -S node --harmony\n", "javascript"),
        ("bin/tool", "#!/usr/bin/env FOO=1 ruby3.2\n", "ruby"),
        ("bin/tool", "#!/opt/unknown\n", "text"),
        ("bin/tool", "plain", "text"),
        ("translations/de.ts", '<?xml version="1.0"?>', "xml"),
        ("a.lib/noext", "", "text"),
        ("h", "", "text"),
    ],
)
def test_names_and_first_lines_tell_the_language(path: str, text: str, name: str) -> None:
    assert detect_language(path, text) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("int add(int a, int b);\n", "c"),
        ('#ifdef __cplusplus\nextern "C" {\nnamespace x {}\n#endif\nint f(void);\n', "c"),
        ("// a class of things\nint f(void);\n", "c"),
        ("namespace a { class B; }\n", "cpp"),
        ("template <typename T> T f();\n", "cpp"),
        ("#include <vector>\n", "cpp"),
        ("#include <stdio.h>\n", "c"),
        ("void f(std::string s);\n", "cpp"),
        ("#import <UIKit/UIKit.h>\n@interface A\n@end\n", "objectivec"),
        ("", "c"),
    ],
)
def test_the_content_of_a_header_tells_c_from_cpp(text: str, name: str) -> None:
    assert detect_language("include/a.h", text) == name


def test_every_grammar_and_its_queries_load() -> None:
    loaded = {name for name in LANGUAGES if load_grammar(name) is not None}
    assert loaded == {name for name in LANGUAGES if language(name).grammar}
