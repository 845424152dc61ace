"""The documentation agrees with the code, and its links lead somewhere."""

import dataclasses
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from codeintel.cli.agents import AGENTS
from codeintel.cli.main import COMMANDS
from codeintel.config import Settings
from codeintel.types import SkipReason

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_link_leads_to_a_page_and_a_heading_that_exist(path: Path) -> None:
    for match in LINK.finditer(FENCE.sub("", path.read_text(encoding="utf-8"))):
        target, _, anchor = match["target"].partition("#")
        if target.startswith("https://"):
            continue
        linked = path.parent / target if target else path
        assert linked.exists(), match["target"]
        assert not anchor or anchor in anchors(linked.read_text(encoding="utf-8")), match["target"]


def test_the_readme_opens_with_what_it_is_for_and_two_commands() -> None:
    title, purpose, *_ = page("README.md").split("\n\n")
    assert title == "# CodeIntel"
    assert "questions" in purpose
    assert "```" not in purpose
    first, second, *_ = re.findall(r"```bash\n(.+?)```", page("README.md"), re.DOTALL)
    assert first.count("\n") == second.count("\n") == 1
    assert first.startswith("pip install . && codeintel search ")


def test_ci_runs_the_second_command_of_the_readme() -> None:
    _, second, *_ = re.findall(r"```bash\n(.+?)\n```", page("README.md"), re.DOTALL)
    assert f'\n{second} "$@"\n' in page(".ci/run")


@pytest.mark.parametrize("name", ["cli", "error"])
def test_a_page_that_is_written_from_the_code_is_current(name: str) -> None:
    target = {"cli": "docs/cli.md", "error": "docs/errors.md"}[name]
    written = subprocess.run(
        [
            sys.executable,
            "-c",
            f"from scripts.{name}_reference import *; print(reference(), end='')",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert page(target) == written, f"run `python -m scripts.{name}_reference`"


def test_every_command_is_in_the_reference() -> None:
    assert set(re.findall(r"^## codeintel (\S+)$", page("docs/cli.md"), re.M)) == set(COMMANDS)


def test_every_setting_is_documented_with_its_default() -> None:
    rows = re.findall(r"^\| `CODEINTEL_(\w+)` \| (.+?) \|", page("docs/configuration.md"), re.M)
    documented = {name.lower(): default for name, default in rows}
    assert list(documented) == [field.name for field in dataclasses.fields(Settings)]
    by_machine = {"index_dir", "workers"}
    for name, default in documented.items():
        value = getattr(Settings(), name)
        if name not in by_machine:
            shown = "none" if value in (None, "") else f"`{value}`"
            assert default == (shown.lower() if isinstance(value, bool) else shown), name


def test_every_reason_for_skipping_a_file_is_documented() -> None:
    assert re.findall(r"^\| `(\w+)` \| [^|]+ \|$", page("docs/configuration.md"), re.M) == [
        reason.value for reason in SkipReason
    ]


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.key)
def test_the_entry_by_hand_is_the_one_that_install_writes(agent: object) -> None:
    agent = next(known for known in AGENTS if known is agent)
    text = page("docs/agents.md")
    (kind, shown) = re.findall(
        rf"^{agent.title}[^\n]*:\n\n```(json|toml)\n(.+?)```", text, re.M | re.S
    )[0]
    entry = json.loads(shown) if kind == "json" else tomllib.loads(shown)
    folder = [agent.folder] if agent.folder else [] if agent.folder == "" else ["/home/me/src/app"]
    expected: object = agent.entry(["codeintel", "serve", *folder])
    for name in reversed((*agent.section, "codeintel")):
        expected = {name: expected}
    assert entry == expected
    assert f"| {agent.title} | `{agent.key}` | `~/" in text


def test_every_metric_is_documented() -> None:
    source = "".join(path.read_text() for path in (ROOT / "src/codeintel/server").glob("*.py"))
    documented = "".join(path.read_text(encoding="utf-8") for path in PAGES)
    names = set(re.findall(r'"(codeintel_[a-z_]+)"', source)) - {"codeintel_repos"}
    assert names
    for name in names:  # a row may name several by their ends
        assert name in documented or f"`_{name.rpartition('_')[2]}`" in documented, name


def test_contributing_is_short() -> None:
    assert len(page("CONTRIBUTING.md").splitlines()) <= 60
