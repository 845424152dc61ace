"""The commands of the documentation do what they say, run in a clone of this repository."""

import os
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    path.relative_to(ROOT).as_posix()
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
]
BLOCK = re.compile(
    r"(?P<reason><!-- not run: [^\n]+ -->\n)?```(?P<kind>bash|python)\n(?P<code>.+?)```", re.DOTALL
)


class Block(NamedTuple):
    page: str
    kind: str
    code: str


def blocks() -> list[Block]:
    """Every block of commands that can be run here; installation is tried in tests/e2e."""
    found = [
        Block(page, match["kind"], match["code"])
        for page in PAGES
        for match in BLOCK.finditer((ROOT / page).read_text(encoding="utf-8"))
        if not match["reason"]
    ]
    return [block for block in found if not block.code.startswith("pip install ")]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of this repository beside an empty home folder."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone of the repository")
    folder = tmp_path_factory.mktemp("docs")
    (folder / "home").mkdir()
    subprocess.run(
        ["git", "clone", "-q", "--no-local", "--depth", "50", f"file://{ROOT}", folder / "clone"],
        check=True,
    )
    return folder / "clone"


@pytest.mark.slow
@pytest.mark.parametrize("block", blocks(), ids=lambda block: f"{block.page}: {block.code[:40]!r}")
def test_the_commands_of_a_page_succeed(block: Block, clone: Path) -> None:
    environment = {
        **os.environ,
        "HOME": str(clone.parent / "home"),
        "XDG_CACHE_HOME": str(clone.parent / "cache"),
        "PATH": os.pathsep.join((sysconfig.get_path("scripts"), os.environ["PATH"])),
    }
    command = ["bash", "-euo", "pipefail", "-c"] if block.kind == "bash" else ["python", "-c"]
    answer = subprocess.run(
        [*command, block.code],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout[-2000:] + answer.stderr[-2000:]
    assert answer.stdout


def test_every_block_of_commands_is_run_or_says_why_not() -> None:
    for page in PAGES:
        kinds = re.findall(r"^```(\w+)", (ROOT / page).read_text(encoding="utf-8"), re.M)
        assert set(kinds) <= {"bash", "python", "text", "mermaid", "json", "toml", "yaml"}, page
