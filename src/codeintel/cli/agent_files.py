"""Reads and changes the configuration file of an agent: our entry only, all else as it was."""

import json
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from glob import escape
from pathlib import Path
from typing import Any

from codeintel.cli import jsonc
from codeintel.cli.agents import NAME, Agent
from codeintel.errors import ConfigurationError, StorageError
from codeintel.store.files import storage_errors, write_atomically

_TABLE = r"^\[mcp_servers\.{name}\][^\n]*\n?(?:(?!\[)[^\n]*\n|(?!\[)[^\n]+\Z)*"
_OWN_TABLE = re.compile(_TABLE.format(name=NAME), re.MULTILINE)
_OWN_TABLES = re.compile(_TABLE.format(name=rf"{NAME}(?:\.[^\n]*)?"), re.MULTILINE)


def change(agent: Agent, path: Path, entry: dict[str, object] | None) -> tuple[str, str]:
    """Give the file's text as it is, and as it would be with our entry, or without it for None.

    Raises
    ------
    ConfigurationError
        The file cannot be understood, or not changed without changing more than our entry.
    StorageError
        The file cannot be read for want of permission.
    """
    with _settings_errors(path):
        before = path.read_text(encoding="utf-8") if path.exists() else ""
    try:
        after = _changed(agent, path, before, entry)
        if entry is None and after != before:
            after = _text_before_install(agent, path, before) or after
    except ValueError as error:
        raise ConfigurationError(
            f"The settings of {agent.title} in '{path}' cannot be changed: {error}.",
            cure="Mend the file, or change it by hand as docs/agents.md shows.",
        ) from error
    return before, after


def write(path: Path, text: str) -> Path | None:
    """Replace the file, and give the backup of what was there; a symbolic link stays one."""
    path = path.resolve()
    with _settings_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        backup = None
        mode = 0o600
        if path.exists():
            mode = path.stat().st_mode & 0o777
            stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
            backup = path.with_name(f"{path.name}.{stamp}.bak")
            write_atomically(backup, path.read_bytes(), mode=mode)
        write_atomically(path, text.encode(), mode=mode)
    return backup


@contextmanager
def _settings_errors(path: Path) -> Iterator[None]:
    """Translate storage errors, with the cure for a settings file."""
    try:
        with storage_errors(f"'{path}'"):
            yield
    except StorageError as error:
        raise StorageError(
            error.message,
            cure="Mend its permissions, or change it by hand as docs/agents.md shows.",
        ) from error


def _changed(agent: Agent, path: Path, before: str, entry: dict[str, object] | None) -> str:
    """Give a file's text with our entry, or without it for None."""
    if path.suffix == ".toml":
        return _changed_toml(before, entry)
    place = (*_json_section(before, agent), NAME)
    if entry is not None:
        return jsonc.with_member(before, place, entry)
    return jsonc.without_member(before, place) if before.strip() else before


def _text_before_install(agent: Agent, path: Path, text: str) -> str | None:
    """Give the backup that `text` was made of by adding our entry, so that it comes back whole."""
    own = _own_entry(agent, path, text)
    path = path.resolve()
    for backup in sorted(path.parent.glob(f"{escape(path.name)}.*.bak"), reverse=True):
        with _settings_errors(backup):
            old = backup.read_text(encoding="utf-8")
        with suppress(ValueError):
            if not _own_entry(agent, path, old) and _changed(agent, path, old, own) == text:
                return old
    return None


def _own_entry(agent: Agent, path: Path, text: str) -> dict[str, object] | None:
    """Give our entry as it stands in a file."""
    is_toml = path.suffix == ".toml"
    value: Any = tomllib.loads(text) if is_toml else jsonc.parse(text or "{}").value
    for name in (*(agent.section if is_toml else _json_section(text, agent)), NAME):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else None


def _json_section(text: str, agent: Agent) -> tuple[str, ...]:
    """Give where the servers stand; OpenCode 2 keeps them one level deeper than 1."""
    if agent.key == "opencode" and text.strip():
        mcp = jsonc.parse(text).members.get("mcp")
        if mcp and isinstance(mcp.node.value, dict) and "servers" in mcp.node.value:
            return (*agent.section, "servers")
    return agent.section


def _changed_toml(before: str, entry: dict[str, object] | None) -> str:
    expected = tomllib.loads(before)
    servers = expected.setdefault("mcp_servers", {})
    own = servers.pop(NAME, {})
    tables = {name: value for name, value in own.items() if isinstance(value, dict)}
    if entry is None:
        after = _OWN_TABLES.sub("", before)
    else:
        servers[NAME] = {**entry, **tables}
        lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in entry.items()]
        table = "\n".join((f"[mcp_servers.{NAME}]", *lines)) + "\n"
        if _OWN_TABLE.search(before):
            after = _OWN_TABLE.sub(lambda _: table + "\n", before).rstrip("\n") + "\n"
        else:
            after = (before.rstrip("\n") + "\n\n" if before.strip() else "") + table
    result = tomllib.loads(after)
    if not servers and "mcp_servers" not in result:
        del expected["mcp_servers"]
    if result != expected:
        raise ValueError(f"'mcp_servers.{NAME}' is not written as a table of its own")
    return after
