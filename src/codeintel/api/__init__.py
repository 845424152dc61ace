"""The Python API: every question that CodeIntel answers, as a method."""

from codeintel.api.codeintel import CodeIntel

__all__ = ["CodeIntel"]
