"""The agents that `codeintel install` knows: where each keeps its MCP servers, and how."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

NAME = "codeintel"


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent and its configuration file.

    Attributes
    ----------
    files
        Places of the file below the home folder; the first one that exists is changed, and the
        first one is made where there is none.
    section
        Where the servers are kept in the file, outermost key first.
    markers
        Folders or files below the home folder, any of which shows that the agent is here.
    programs
        Commands, any of which shows the same.
    folder
        What the agent puts in the place of the open project's folder, as an argument of the
        server; empty where it starts the server in that folder, None where it knows no project.
    """

    key: str
    title: str
    files: tuple[str, ...]
    section: tuple[str, ...]
    markers: tuple[str, ...]
    programs: tuple[str, ...] = ()
    folder: str | None = ""
    entry: Callable[[list[str]], dict[str, object]] = lambda command: {
        "command": command[0],
        "args": command[1:],
    }

    def is_here(self, home: Path) -> bool:
        """Tell whether the agent seems to be installed."""
        return any((home / marker).exists() for marker in self.markers) or any(
            shutil.which(program) for program in self.programs
        )

    def file(self, home: Path) -> Path:
        """Give the file that holds the agent's servers; it need not exist."""
        return next(
            (home / name for name in self.files if (home / name).exists()), home / self.files[0]
        )


def _typed(command: list[str]) -> dict[str, object]:
    return {"type": "stdio", "command": command[0], "args": command[1:]}


_DESKTOP, _CODE = (
    ("Library/Application Support/Claude", "Library/Application Support/Code/User")
    if sys.platform == "darwin"
    else (".config/Claude", ".config/Code/User")
)

AGENTS = (
    Agent(
        "claude-code",
        "Claude Code",
        (".claude.json",),
        ("mcpServers",),
        (".claude.json", ".claude"),
        ("claude",),
        entry=_typed,
    ),
    Agent(
        "claude-desktop",
        "Claude Desktop",
        (f"{_DESKTOP}/claude_desktop_config.json",),
        ("mcpServers",),
        (_DESKTOP,),
        folder=None,
    ),
    Agent(
        "cursor",
        "Cursor",
        (".cursor/mcp.json",),
        ("mcpServers",),
        (".cursor",),
        ("cursor",),
        folder="${workspaceFolder}",
    ),
    Agent(
        "vscode",
        "VS Code",
        (f"{_CODE}/mcp.json",),
        ("servers",),
        (_CODE,),
        ("code",),
        folder="${workspaceFolder}",
        entry=_typed,
    ),
    Agent("codex", "Codex", (".codex/config.toml",), ("mcp_servers",), (".codex",), ("codex",)),
    Agent(
        "gemini",
        "Gemini CLI",
        (".gemini/settings.json",),
        ("mcpServers",),
        (".gemini",),
        ("gemini",),
    ),
    Agent(
        "opencode",
        "OpenCode",
        (".config/opencode/opencode.json", ".config/opencode/opencode.jsonc"),
        ("mcp",),
        (".config/opencode",),
        ("opencode",),
        entry=lambda command: {"type": "local", "command": command, "enabled": True},
    ),
    Agent(
        "zed",
        "Zed",
        (".config/zed/settings.json",),
        ("context_servers",),
        (".config/zed",),
        ("zed", "zeditor"),
        entry=lambda command: {"source": "custom", "command": command[0], "args": command[1:]},
    ),
)
