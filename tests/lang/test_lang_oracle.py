"""Python's own parser and symbol table, on modules of its library, judge ours."""

import argparse
import ast
import dataclasses
import inspect
import json.decoder
import symtable
import textwrap
from collections import Counter
from types import ModuleType

import pytest

from codeintel.lang.parse import parse_file, parse_names
from codeintel.types import SymbolKind

MODULES = [argparse, dataclasses, inspect, json.decoder, textwrap]
CODE = {SymbolKind.CLASS, SymbolKind.FUNCTION, SymbolKind.METHOD, SymbolKind.CONSTRUCTOR}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_definitions_and_docstrings_are_those_of_the_syntax_tree(module: ModuleType) -> None:
    text = inspect.getsource(module)
    wanted = {
        (node.name, node.lineno, bool(ast.get_docstring(node)))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
    }
    found = [d for d in parse_file("module.py", text).definitions if d.kind in CODE]
    assert {(d.name, d.name_line) for d in found} == {(name, line) for name, line, _ in wanted}
    documented = {(name, line) for name, line, has_doc in wanted if has_doc}
    assert documented <= {(d.name, d.name_line) for d in found if d.doc}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_local_names_are_those_of_the_symbol_table(module: ModuleType) -> None:
    text = inspect.getsource(module)
    wanted: Counter[str] = Counter()
    tables = [symtable.symtable(text, "module.py", "exec")]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        if table.get_type() == "function":
            wanted.update(
                symbol.get_name()
                for symbol in table.get_symbols()
                if symbol.is_local() and not symbol.is_namespace() and not symbol.is_imported()
            )
    del wanted[".0"]  # the hidden argument of comprehensions
    found = Counter(local.name for local in parse_names("module.py", text).locals)
    assert (wanted - found).total() + (found - wanted).total() <= max(1, wanted.total() // 100)
