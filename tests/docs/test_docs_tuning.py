"""The tuning page has every knob, and tables that are made of code and results."""

import argparse
import dataclasses
import inspect
import json
import re
from pathlib import Path

from codeintel import CodeIntel
from codeintel.cli.main import build_parser
from codeintel.config import Settings
from codeintel.index.faiss_manager import FAISSManager
from scripts.tuning_tables import RESULT, TARGET, written

ROOT = Path(__file__).parents[2]


def page() -> str:
    return (ROOT / TARGET).read_text(encoding="utf-8")


def test_the_tables_are_made_of_the_code_and_of_the_committed_result() -> None:
    result = json.loads((ROOT / RESULT).read_text(encoding="utf-8"))
    assert written(page(), result) == page(), "run `python -m scripts.tuning_tables`"


def test_every_measured_knob_has_its_table() -> None:
    result = json.loads((ROOT / RESULT).read_text(encoding="utf-8"))
    tables = set(re.findall(r"<!-- table: ([\w ]+) -->", page()))
    assert {row["case"] for row in result["measurements"]} == tables - {"memory"}


def test_the_memory_table_says_what_the_index_itself_estimates() -> None:
    size = FAISSManager.create(2_560).estimate_memory_usage(100_000, 2_560)
    (row,) = re.findall(r"^\| 100,000 \| 2,560 \|.*$", page(), re.M)
    assert f"| {size.resident_bytes / 1e6:,.0f} MB | {size.disk_bytes / 1e6:,.0f} MB |" in row


def test_every_setting_is_explained() -> None:
    for field in dataclasses.fields(Settings):
        assert f"CODEINTEL_{field.name.upper()}" in page(), field.name


def test_every_option_of_the_server_that_costs_something_is_explained() -> None:
    (commands,) = (
        action
        for action in build_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    known = {
        text for action in commands.choices["serve"]._actions for text in action.option_strings
    }
    named = set(re.findall(r"`(--[\w-]+)`", page().partition("## The server")[2]))
    assert named <= known
    assert {"--workers", "--watch", "--calls-per-s", "--drain"} <= named


def test_every_knob_of_an_answer_is_a_parameter() -> None:
    parameters = inspect.signature(CodeIntel.semantic_search).parameters
    assert {"max_tokens", "limit", "per_file"} <= set(parameters)
