"""Prompts that clients offer to their users."""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request to the model; `arguments` tells each one's meaning, `path` is required."""

    name: str
    title: str
    description: str
    arguments: Mapping[str, str]
    text: Template


_REVIEW = Template("""\
Review the code of `$path`$where with the CodeIntel tools. $focus

1. Read it: open_file. Of a folder, list_paths first, then the files that matter.
2. Learn why it is as it is: file_history, and blame_range for lines that look odd.
3. Find who relies on it: references_at for each public definition before you judge its interface.
4. Look for code that does the same already: semantic_search with what the code does.
5. Find its tests: search_text for its names below the test folders.

Report only what you have verified, the gravest first: file and lines, what goes wrong and with
which input, and the smallest change that mends it. Say what you did not look at.
""")

_PROMPTS = (
    Prompt(
        "code_review",
        "Review a file or folder",
        "Review code with its history, its callers and its neighbours in view.",
        {
            "path": "File or folder to review.",
            "repo": "Repository, where several are served.",
            "focus": "What to look at above all, such as error handling.",
        },
        _REVIEW,
    ),
)

PROMPTS: Mapping[str, Prompt] = MappingProxyType({prompt.name: prompt for prompt in _PROMPTS})


def write_prompt(prompt: Prompt, arguments: Mapping[str, str]) -> str:
    """Fill in a prompt; arguments that are missing leave no trace."""
    focus = arguments.get("focus")
    repo = arguments.get("repo")
    return prompt.text.substitute(
        path=arguments.get("path") or ".",
        where=f" in `{repo}`" if repo else "",
        focus=f"Look above all at: {focus}." if focus else "",
    )
