"""Drawings of figures with their intervals, one under the other, against a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from markupsafe import Markup

from spalje.monitor.wording import number
from spalje.report.label import isolated, label
from spalje.report.svg import drawing, element

LEFT, WIDTH, RIGHT, ROW = 200.0, 260.0, 90.0, 24.0

#: What these drawings need beside the style sheet of all pages.
STYLE = """
.intervals text { fill: var(--ink); font-size: 12px; } .intervals text.quiet { fill: var(--quiet); }
.intervals .reach { stroke: var(--now); stroke-width: 2; } .intervals .dot { fill: var(--now); }
.intervals .zero { stroke: var(--then); stroke-width: 1.4; stroke-dasharray: 4 3; }
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A figure.

    Attributes:
        name: what it is of.
        value: the figure.
        low, high: its interval; NaN where it is not known.
        note: what stands behind it.
    """

    name: str
    value: float
    low: float
    high: float
    note: str = ""


def intervals(lines: Sequence[Line], against: float, title: str) -> Markup:
    """A dot and a stroke for each figure, and a dashed line through all.

    Args:
        lines: at least one.
        against: where the dashed line is.
        title: what it is about, one line.

    Example:
        >>> str(intervals([Line("figs", 0.7, 0.6, 0.8)], 0.5, "Segments")).count("<circle")
        1
    """
    ends = [end for line in lines for end in (line.value, line.low, line.high) if isfinite(end)]
    low, high = min([*ends, against]), max([*ends, against])
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return LEFT + (value - low + 0.04 * span) / (1.08 * span) * WIDTH

    height = ROW * len(lines) + 8.0
    content = [element("line", x1=x(against), x2=x(against), y1=2, y2=height - 4, class_="zero")]
    for place, line in enumerate(lines):
        y = ROW * place + 18.0
        content.append(element("text", label(line.name, 22), x=LEFT - 12, y=y + 4, text_anchor="end"))
        if isfinite(line.low) and isfinite(line.high):
            content.append(element("line", x1=x(line.low), x2=x(line.high), y1=y, y2=y, class_="reach"))
        if isfinite(line.value):
            dot = element("title", f"{isolated(label(line.name))}: {number(line.value)}")
            content.append(element("circle", dot, cx=x(line.value), cy=y, r=4, class_="dot"))
        content.append(element("text", line.note, x=LEFT + WIDTH + 12, y=y + 4, class_="quiet"))
    seen = "; ".join(f"{label(line.name)} {number(line.value)}" for line in lines if isfinite(line.value))
    return drawing(LEFT + WIDTH + RIGHT, height, title, seen, content, "figure intervals")
