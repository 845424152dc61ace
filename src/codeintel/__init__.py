"""Self-hosted code intelligence for AI coding agents and their teams."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from codeintel.api import CodeIntel

__all__ = ["CodeIntel", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the API on first use: a command's `--help` must not wait for it."""
    if name == "CodeIntel":
        from codeintel.api import CodeIntel

        return CodeIntel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
