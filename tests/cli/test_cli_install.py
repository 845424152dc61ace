import json
import stat
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codeintel.cli import jsonc
from codeintel.cli.agents import AGENTS

Cli = Callable[..., Any]

CLAUDE_CODE = """\
{
  "numStartups": 41,
  "oauthAccount": { "emailAddress": "a@example.org" },
  "mcpServers": {
    "github": { "type": "http", "url": "https://example.org/mcp" }
  },
  "projects": { "/home/a/p": { "allowedTools": [] } }
}
"""
ZED = """\
// Zed settings
{
  "vim_mode": true,
  // servers of mine
  "context_servers": {
    "postgres": {
      "source": "custom",
      "command": "pg-mcp",
      "args": [],
      "env": { "PGPASSWORD": "secret" },
    },
  },
}
"""
CODEX = """\
model = "gpt-5"  # the large one

[mcp_servers.docs]
command = "docs-mcp"
args = ["--fast"]

[mcp_servers.docs.env]
KEY = "[value]"

[profiles.slow]
model = "o3"
"""
OPENCODE = '{\n  "$schema": "https://opencode.ai/config.json",\n  "theme": "system"\n}\n'

EXAMPLES = {
    "claude-code": CLAUDE_CODE,
    "claude-desktop": '{\n  "mcpServers": {},\n  "globalShortcut": "Ctrl+Space"\n}',
    "cursor": '{"mcpServers":{"x":{"command":"x"}}}',
    "vscode": '{\n\t// in\n\t"inputs": [],\n\t"servers": {\n\t\t"a": {"type": "sse"}\n\t}\n}\n',
    "codex": CODEX,
    "gemini": '{\n  "selectedAuthType": "oauth-personal"\n}\n',
    "opencode": OPENCODE,
    "zed": ZED,
}


def parsed(path: Path) -> Any:
    text = path.read_text()
    return tomllib.loads(text) if path.suffix == ".toml" else jsonc.parse(text).value


@pytest.fixture
def example(request: pytest.FixtureRequest, home: Path) -> Path:
    """The example settings of one agent, where that agent keeps them."""
    agent = next(agent for agent in AGENTS if agent.key == request.param)
    path = agent.file(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(EXAMPLES[agent.key])
    return path


def test_there_is_an_example_of_every_agent() -> None:
    assert set(EXAMPLES) == {agent.key for agent in AGENTS}


@pytest.mark.parametrize(("example", "key"), [(k, k) for k in EXAMPLES], indirect=["example"])
def test_installing_adds_one_server_and_keeps_all_else(cli: Cli, example: Path, key: str) -> None:
    before = parsed(example)
    assert cli("install", key).code == 0
    after = parsed(example)
    section = next(agent for agent in AGENTS if agent.key == key).section[0]
    servers = dict(after[section])
    entry = servers.pop("codeintel")
    words = entry["command"] if key == "opencode" else [entry["command"], *entry["args"]]
    assert "serve" in words
    assert Path(words[0]).is_absolute()
    assert {**after, section: servers} == {section: {}, **before}
    for line in EXAMPLES[key].splitlines():
        if "//" in line or "#" in line:
            assert line in example.read_text()


@pytest.mark.parametrize(("example", "key"), [(k, k) for k in EXAMPLES], indirect=["example"])
def test_installing_twice_changes_nothing_more(cli: Cli, example: Path, key: str) -> None:
    cli("install", key)
    text = example.read_text()
    assert "unchanged" in cli("install", key).out
    assert example.read_text() == text
    assert len(list(example.parent.glob("*.bak"))) == 1


@pytest.mark.parametrize(("example", "key"), [(k, k) for k in EXAMPLES], indirect=["example"])
def test_uninstalling_leaves_the_file_as_it_was(cli: Cli, example: Path, key: str) -> None:
    cli("install", key)
    assert cli("uninstall", key).code == 0
    assert example.read_text() == EXAMPLES[key]


@pytest.mark.parametrize(("example", "key"), [(k, k) for k in EXAMPLES], indirect=["example"])
def test_uninstalling_keeps_what_was_changed_since(cli: Cli, example: Path, key: str) -> None:
    cli("install", key)
    if example.suffix == ".toml":
        example.write_text(example.read_text() + '\n[later]\nadded = "by hand"\n')
    else:
        example.write_text(jsonc.with_member(example.read_text(), ("later",), {"added": "by hand"}))
    cli("uninstall", key)
    after = parsed(example)
    assert after.pop("later") == {"added": "by hand"}
    section = next(agent for agent in AGENTS if agent.key == key).section[0]
    example.write_text(EXAMPLES[key])
    assert {section: {}, **after} == {section: {}, **parsed(example)}


@pytest.mark.parametrize(("example", "key"), [(k, k) for k in EXAMPLES], indirect=["example"])
def test_uninstalling_does_not_bring_an_older_entry_back(
    cli: Cli, example: Path, key: str, tmp_path: Path
) -> None:
    cli("install", key)
    cli("install", key, "--path", tmp_path)
    cli("uninstall", key)
    assert "codeintel" not in example.read_text()


@pytest.mark.parametrize(("example", "key"), [(k, k) for k in EXAMPLES], indirect=["example"])
def test_a_dry_run_shows_the_change_and_writes_nothing(cli: Cli, example: Path, key: str) -> None:
    outcome = cli("install", key, "--dry-run")
    assert outcome.code == 0
    assert "would change" in outcome.out
    assert "+" in outcome.out
    assert "codeintel" in outcome.out
    assert example.read_text() == EXAMPLES[key]
    assert not list(example.parent.glob("*.bak"))


@pytest.mark.parametrize("key", list(EXAMPLES))
def test_a_missing_file_is_made(cli: Cli, home: Path, key: str) -> None:
    assert cli("install", key).code == 0
    agent = next(agent for agent in AGENTS if agent.key == key)
    assert "codeintel" in parsed(agent.file(home))[agent.section[0]]
    assert stat.S_IMODE(agent.file(home).stat().st_mode) == 0o600


def test_without_a_name_the_agents_that_are_here_are_changed(cli: Cli, home: Path) -> None:
    (home / ".codex").mkdir()
    (home / ".cursor").mkdir()
    answers = cli("install", "--json").json
    assert {answer["agent"] for answer in answers} == {"codex", "cursor"}
    assert all(answer["changed"] for answer in answers)


def test_where_no_agent_is_found_the_error_names_them(cli: Cli) -> None:
    outcome = cli("install")
    assert outcome.code == 2
    assert "claude-code" in outcome.err


def test_an_unknown_agent_is_an_error_with_the_nearest_name(cli: Cli) -> None:
    outcome = cli("install", "claud-code")
    assert outcome.code == 2
    assert "nearest: claude-code" in outcome.err


@pytest.mark.parametrize(
    ("example", "key", "broken"),
    [("zed", "zed", "{ not json"), ("codex", "codex", "a = ")],
    indirect=["example"],
)
def test_settings_that_cannot_be_understood_are_left_alone(
    cli: Cli, example: Path, key: str, broken: str
) -> None:
    example.write_text(broken)
    outcome = cli("install", key)
    assert outcome.code == 2
    assert "cannot be changed" in outcome.err
    assert example.read_text() == broken


@pytest.mark.parametrize("example", ["zed"], indirect=True)
def test_one_file_that_cannot_be_changed_stops_all_changes(
    cli: Cli, example: Path, home: Path
) -> None:
    example.write_text("[]")
    assert cli("install", "cursor", "zed").code == 2
    assert not (home / ".cursor").exists()


@pytest.mark.parametrize("example", ["codex"], indirect=True)
def test_a_toml_server_written_inline_is_refused(cli: Cli, example: Path) -> None:
    text = 'mcp_servers = { codeintel = { command = "old" } }\n'
    example.write_text(text)
    assert cli("install", "codex").code == 2
    assert example.read_text() == text


@pytest.mark.parametrize("example", ["codex"], indirect=True)
def test_the_tables_that_a_person_added_to_our_toml_entry_stay(cli: Cli, example: Path) -> None:
    example.write_text(
        '[mcp_servers.codeintel]\ncommand = "old"\n\n[mcp_servers.codeintel.env]\nA = "1"\n\n[x]\n'
    )
    assert cli("install", "codex").code == 0
    entry = parsed(example)["mcp_servers"]["codeintel"]
    assert entry["env"] == {"A": "1"}
    assert entry["command"] != "old"
    assert cli("uninstall", "codex").code == 0
    assert parsed(example) == {"x": {}}


@pytest.mark.parametrize("example", ["opencode"], indirect=True)
def test_the_deeper_section_of_opencode_2_is_used_where_it_is(cli: Cli, example: Path) -> None:
    example.write_text('{"mcp": {"servers": {"a": {"type": "local", "command": ["a"]}}}}')
    cli("install", "opencode")
    assert set(parsed(example)["mcp"]["servers"]) == {"a", "codeintel"}
    cli("uninstall", "opencode")
    assert set(parsed(example)["mcp"]["servers"]) == {"a"}


@pytest.mark.parametrize("example", ["claude-code"], indirect=True)
def test_the_backup_holds_the_old_file_with_its_permissions(cli: Cli, example: Path) -> None:
    example.chmod(0o600)
    cli("install", "claude-code")
    (backup,) = example.parent.glob("*.bak")
    assert backup.read_text() == CLAUDE_CODE
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert stat.S_IMODE(example.stat().st_mode) == 0o600


@pytest.mark.parametrize("example", ["gemini"], indirect=True)
def test_a_file_that_is_a_symbolic_link_stays_one(cli: Cli, example: Path, home: Path) -> None:
    target = home / "dotfiles.json"
    example.rename(target)
    example.symlink_to(target)
    cli("install", "gemini")
    assert example.is_symlink()
    assert "codeintel" in json.loads(target.read_text())["mcpServers"]


def test_an_agent_without_projects_is_given_the_repository_of_the_current_folder(
    cli: Cli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "project" / "src"
    inner.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", tmp_path / "project"], check=True)
    monkeypatch.chdir(inner)
    cli("install", "claude-desktop", "codex")
    desktop = next(agent for agent in AGENTS if agent.key == "claude-desktop").file(home)
    arguments = parsed(desktop)["mcpServers"]["codeintel"]["args"]
    assert arguments[-2:] == ["serve", str(tmp_path / "project")]
    codex = parsed(home / ".codex" / "config.toml")["mcp_servers"]["codeintel"]["args"]
    assert codex[-1] == "serve"


def test_named_repositories_are_served_to_every_agent(cli: Cli, home: Path, tmp_path: Path) -> None:
    repository = tmp_path / "project"
    repository.mkdir()
    cli("install", "cursor", "--path", repository)
    entry = parsed(home / ".cursor" / "mcp.json")["mcpServers"]["codeintel"]
    assert entry["args"][-2:] == ["serve", str(repository)]


def test_settings_that_cannot_be_written_are_named_with_a_cure_that_fits(
    cli: Cli, home: Path
) -> None:
    (home / ".codex").write_text("a file in the place of the folder")
    answer = cli("install", "codex")
    assert answer.code == 3
    assert ".codex/config.toml" in answer.err
    assert "docs/agents.md" in answer.err
