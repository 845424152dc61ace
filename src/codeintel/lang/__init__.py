"""From the bytes of a source file to its text, chunks, definitions, uses of names and tokens."""

from typing import Final

PIPELINE: Final = "lang-8"
"""Changes whenever chunks, definitions or tokens of an unchanged file do."""
