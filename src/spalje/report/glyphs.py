"""Distributions and rows of numbers as letters that look like bars."""

from collections.abc import Iterable

import numpy as np

from spalje.profile.column import Column
from spalje.report.scale import Scale
from spalje.report.shares import CategoryShares, NumberShares, shares

#: From low to high (Unicode block elements); nothing at all is a space.
BARS = "▁▂▃▄▅▆▇█"


def bars(heights: Iterable[float]) -> str:
    """Heights from 0 to 1, a letter each; what is above 0 can be seen.

    Example:
        >>> bars([0, 0.01, 0.5, 1])
        ' ▁▄█'
    """
    return "".join(
        " " if height <= 0 else BARS[min(len(BARS) - 1, max(0, round(height * len(BARS)) - 1))]
        for height in heights
    )


def histograms(then: Column | None, now: Column | None, cells: int) -> tuple[str, str]:
    """Both distributions over the same cells; empty where there is nothing to draw.

    Args:
        then: in the baseline.
        now: in the batch.
        cells: letters at most, 8 or more.
    """
    shown = shares(then, now, cells)
    if shown is None:
        return "", ""
    if isinstance(shown, NumberShares):
        scale = Scale.of(shown)
        one, two = ("" if part is None else bars(scale.heights(part)) for part in (shown.then, shown.now))
        return one, two
    one, two = _categories(shown)
    return one, two


def histogram(column: Column, cells: int) -> str:
    """The distribution of one column."""
    return histograms(column, None, cells)[0]


def _categories(shown: CategoryShares) -> tuple[str, str]:
    sides = []
    for part, other, unseen in (
        (shown.then, shown.other[0], 0.0),
        (shown.now, shown.other[1], shown.unseen or 0.0),
    ):
        sides.append(np.array([]) if part is None else np.array([*part, other, unseen]))
    top = max((float(side.max()) for side in sides if len(side)), default=0.0) or 1.0
    return bars(sides[0] / top), bars(sides[1] / top)
