"""Draws bars as plain SVG, the same bytes for the same figures on every machine."""

import math
from collections.abc import Sequence
from html import escape

_WIDTH, _LABELS, _ROW, _TOP = 900, 400, 26, 34
_FONT = "font-family='sans-serif' font-size='13'"


def draw(times: Sequence[tuple[str, float]]) -> str:
    """Draw how many times better each thing is; the scale is logarithmic and begins at 1."""
    decades = max(1, math.ceil(max((math.log10(value) for _, value in times), default=1)))
    unit = (_WIDTH - _LABELS - 70) / decades
    height = _TOP + _ROW * len(times) + 12
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {height}' {_FONT}>",
        f"<rect width='{_WIDTH}' height='{height}' fill='#ffffff'/>",
    ]
    for decade in range(decades + 1):
        x = _LABELS + decade * unit
        parts.append(f"<text x='{x:.0f}' y='16' text-anchor='middle'>{10**decade:,}</text>")
        parts.append(
            f"<line x1='{x:.0f}' y1='22' x2='{x:.0f}' y2='{height - 8}' stroke='#dddddd'/>"
        )
    for row, (name, value) in enumerate(times):
        y = _TOP + row * _ROW
        length = max(1.0, math.log10(max(value, 1)) * unit)
        parts.append(
            f"<text x='{_LABELS - 8}' y='{y + 13}' text-anchor='end'>{escape(name)}</text>"
        )
        parts.append(
            f"<rect x='{_LABELS}' y='{y}' width='{length:.0f}' height='18' fill='#3b6ea5'/>"
        )
        parts.append(f"<text x='{_LABELS + length + 6:.0f}' y='{y + 13}'>{value:,.3g}</text>")
    return "\n".join([*parts, "</svg>\n"])
