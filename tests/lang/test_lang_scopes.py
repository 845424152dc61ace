"""Local names are told from names that others know, in every language with functions."""

import pytest

from codeintel.lang.parse import parse_file, parse_names
from codeintel.lang.scopes import LocalName
from codeintel.types.packed import unpack_positions


def used(path: str, text: str) -> list[str]:
    """Names that count as references, in file order."""
    uses = parse_file(path, text).uses
    return [
        name
        for _, name in sorted((at, name) for name in uses for at in unpack_positions(uses[name]))
    ]


def local(path: str, text: str) -> dict[str, LocalName]:
    return {name.name: name for name in parse_names(path, text).locals}


# Each function binds `item` in several ways and uses `item` and the global `shared`.
SOURCES = {
    "a.py": "def f(item, *args, **kw):\n    for x in item:\n        shared(x, args, kw)\n",
    "b.py": (
        "def f():\n    with shared() as item, (a := 1):\n        return lambda x: item + x + a\n"
    ),
    "c.py": (
        "def f(xs):\n    item = [x for x in xs]\n    a, (b, c) = item\n    return shared(a, b, c)\n"
    ),
    "a.js": (
        "function f(item, {a, shared: c}, ...rest) {\n"
        "  let x = item;\n"
        "  shared(a, c, rest, x);\n"
        "}\n"
    ),
    "b.js": "const f = item => { try { shared(item) } catch (e) { shared(e) } };\n",
    "a.ts": "function f(item: number, x?: string) {\n  for (const y of item) shared(x, y);\n}\n",
    "a.go": (
        "package p\n"
        "func f(item int) {\n"
        "\tx, err := shared(item)\n"
        "\tfor i := range x { shared(i, err) }\n"
        "}\n"
    ),
    "a.rs": (
        "fn f(item: u8) {\n"
        "  let (a, mut b) = (item, 1);\n"
        "  for x in shared(a) { shared(|y| x + y + b); }\n"
        "}\n"
    ),
    "A.java": (
        "class A { void f(int item) {\n  int x = item;\n  for (int y : x) { shared(y); }\n} }\n"
    ),
    "a.c": "void f(int item, char *p) {\n  int x = item, *y = p;\n  shared(x, y);\n}\n",
    "a.cpp": (
        "void f(int& item) {\n"
        "  auto g = [](int x) { return x; };\n"
        "  for (auto& y : item) shared(g, y);\n"
        "}\n"
    ),
    "A.cs": (
        "class A { void f(int item) {\n"
        "  var x = item;\n"
        "  foreach (var y in x) { shared(y); }\n"
        "} }\n"
    ),
    "a.rb": "def f(item, a = 1, *rest)\n  x = item\n  shared(x) { |y| shared(y, a, rest) }\nend\n",
    "a.php": "<?php\nfunction f($item) {\n  $x = $item;\n  shared($x);\n}\n",
    "a.kt": "fun f(item: Int) {\n    val x = item\n    shared(x)\n}\n",
    "a.scala": "def f(item: Int) = {\n  val x = item\n  shared(x)\n}\n",
    "a.swift": "func f(item: Int) {\n  let x = item\n  for y in x { shared(y) }\n}\n",
    "a.ex": "defmodule M do\n  def f(item) do\n    x = item\n    shared(x)\n  end\nend\n",
    "a.hs": "f item = shared item\n",
    "a.lua": (
        "function f(item)\n  local x = item\n  for i, v in shared(x) do shared(i, v) end\nend\n"
    ),
    "a.zig": "fn f(item: u8) void {\n  const x = item;\n  if (x) |y| { shared(y); }\n}\n",
    "a.sh": "f() {\n  local item=1\n  shared $item\n}\n",
}


@pytest.mark.parametrize("path", SOURCES)
def test_only_names_from_elsewhere_are_references(path: str) -> None:
    names = used(path, SOURCES[path])
    assert "shared" in names
    assert not {"item", "x", "y", "a", "b", "c", "rest", "args", "kw", "err", "i", "v"} & set(names)
    assert "item" in local(path, SOURCES[path])


def test_a_local_name_knows_its_binding_and_its_uses() -> None:
    text = "def f(größe):\n    total = größe\n    total += 1\n    return total\n"
    assert local("a.py", text)["größe"] == LocalName("größe", 1, 7, ((2, 13),))
    assert local("a.py", text)["total"] == LocalName("total", 2, 5, ((3, 5), (4, 12)))


def test_a_parameter_shadows_a_global_of_its_name_in_its_function_only() -> None:
    text = "def other(): pass\ndef f(other): return other()\ndef g(): return other()\n"
    assert used("a.py", text) == ["other"]


def test_an_inner_function_sees_the_names_around_it() -> None:
    text = "def f(a):\n    def g():\n        return a\n    return g\n"
    assert local("a.py", text)["a"].uses == ((3, 16),)
    assert used("a.py", text) == ["g"]


def test_members_are_never_local() -> None:
    assert used("a.py", "def f(name, x):\n    return x.name\n") == ["name"]
    assert used("a.cpp", "int f(int n, A* x) { return x->n + A::n; }\n")[-2:] == ["A", "n"]


def test_names_of_arguments_are_those_of_the_callee() -> None:
    assert used("a.py", "def f(a):\n    return g(a=a)\n") == ["g", "a"]


def test_a_name_declared_global_is_not_local() -> None:
    text = "n = 0\ndef f():\n    global n\n    n = 1\n    return n\n"
    assert used("a.py", text) == ["n", "n", "n"]


def test_names_of_a_class_body_do_not_reach_into_its_methods() -> None:
    text = "class A:\n    size = 1\n    def f(self):\n        return size\n"
    assert used("a.py", text) == ["size"]


def test_variables_of_a_module_are_not_local() -> None:
    assert used("a.py", "a = 1\nprint(a)\n") == ["print", "a"]


BINDINGS = {
    "a.py": [
        "match shared:\n        case load: load()",
        "match shared:\n        case shared(k=load): load()",
        "match shared:\n        case [load, *rest]: load(rest)",
        "match shared:\n        case {'k': load}: load()",
        "match shared:\n        case shared() as load: load()",
        "with shared as (load, rest): load(rest)",
        "with shared as [load, rest]: load(rest)",
    ],
    "a.ts": ["const [rest, load = 3] = shared(); load(rest);"],
    "a.js": ["const [rest, load = 3] = shared(); load(rest);"],
    "a.rs": ["match shared { load => load() }", "let [load, rest] = shared; load(rest);"],
    "a.java": [
        "if (shared instanceof int load) { shared = load; }",
        "switch (shared) { case int load -> shared = load; }",
        "switch (shared) { case shared(int load) -> shared = load; }",
    ],
    "a.cs": [
        "var (rest, load) = shared; load(rest);",
        "foreach (var (rest, load) in shared) { load(rest); }",
        "var rest = from load in shared select load; rest();",
    ],
}
FUNCTIONS = {
    "a.py": "def f():\n    {}\n",
    "a.ts": "function f() {{ {} }}\n",
    "a.js": "function f() {{ {} }}\n",
    "a.rs": "fn f() {{ {} }}\n",
    "a.java": "class A {{ void f() {{ {} }} }}\n",
    "a.cs": "class A {{ void F() {{ {} }} void G(params int[] load) {{ load(); }} }}\n",
}


@pytest.mark.parametrize(
    ("path", "body"), [(path, body) for path, bodies in BINDINGS.items() for body in bodies]
)
def test_whatever_binds_a_name_makes_it_local(path: str, body: str) -> None:
    text = FUNCTIONS[path].format(body)
    assert not {"load", "rest"} & set(used(path, text))
    assert "load" in local(path, text)


def test_what_a_pattern_compares_with_is_not_bound() -> None:
    assert "RED" in used("a.py", "def f(o):\n    match o:\n        case Color.RED: pass\n")
    assert "None" in used("a.rs", "fn f(o: O) { match o { None => 1, _ => 2 } }\n")
