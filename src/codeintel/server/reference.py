"""Writes the reference of the tools: ``python -m codeintel.server.reference > docs/tools.md``."""

from typing import Any

from codeintel.server.schemas import input_schema, json_schema
from codeintel.server.tools import TOOLS, Tool

_HEAD = """\
# Tools

What agents can ask over MCP, and programs at `POST /v1/<tool>`. Everything here is written from the
declarations in `src/codeintel/server/tools.py`; `python -m codeintel.server.reference` writes it
anew.

Each answer has two forms: text for a model (`path:line` and code, within `max_tokens`) and
structured content for programs. Lines and columns count from 1, ranges include both ends, paths are
relative to their repository. `next_cursor` of an answer, given as `cursor`, gets what follows.
`about` tells for each repository which generation of the index and which commit an answer speaks
for, and `complete` whether all of it was searched.

An error is an answer too: `isError` is set, the text says what is wrong and what to do, and
`structuredContent.error` has `code`, `message`, `cure`, `suggestions` and, where the server is
busy, `retry_after_s`.
"""


def write_reference() -> str:
    """Write the reference as Markdown."""
    return "\n".join([_HEAD, *map(_write_tool, TOOLS.values())])


def _write_tool(tool: Tool) -> str:
    schema = input_schema(tool.arguments)
    required = schema.get("required", ())
    rows = [
        f"| `{name}` | {_type(argument)} | {_default(name, argument, required)} |"
        f" {argument.get('description', '')} |"
        for name, argument in schema["properties"].items()
    ]
    answer = json_schema(tool.answer)
    fields = ", ".join(f"`{name}`" for name in answer["properties"])
    return "\n".join(
        [
            f"## {tool.name}",
            "",
            f"{tool.title}. {tool.description}",
            "",
            "| Argument | Type | Default | Meaning |",
            "|---|---|---|---|",
            *rows,
            "",
            f"Answer: {answer['description'].splitlines()[0]} Fields: {fields}."
            f" Deadline: {tool.deadline_s:g} s.",
            "",
        ]
    )


def _type(argument: dict[str, Any]) -> str:
    if reference := argument.get("$ref"):
        return f"{reference.rpartition('/')[2]}"
    if values := argument.get("enum"):
        return ", ".join(f"`{value}`" for value in values)
    if argument["type"] == "array":
        return f"list of {argument['items']['type']}"
    low, high = argument.get("minimum"), argument.get("maximum")
    if low is not None and high is not None and high < 2**31 - 1:
        return f"{argument['type']}, {low} to {high:,}"
    return str(argument["type"])


def _default(name: str, argument: dict[str, Any], required: Any) -> str:
    if name in required:
        return "required"
    default = argument.get("default")
    return "" if default is None else f"`{str(default).lower()}`"


if __name__ == "__main__":
    print(write_reference(), end="")
