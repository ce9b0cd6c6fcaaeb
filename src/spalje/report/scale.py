"""Round numbers along an axis, and heights that one tall cell does not flatten."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np

from spalje.profile.kll import Floats
from spalje.report.shares import NumberShares

#: A cell this many times as tall as the next is cut off, so that the others can be seen.
TALL = 2.5
#: How tall a cut cell is drawn, compared with the next.
CUT = 1.35


@dataclass(frozen=True, slots=True)
class Scale:
    """Heights of cells.

    Attributes:
        top: the share that reaches the top of the figure, above 0.
        cut: the one cell that is taller and cut off there; None: none is.
    """

    top: float
    cut: int | None

    @classmethod
    def of(cls, shown: NumberShares) -> "Scale":
        """Of the two distributions of a figure.

        Example:
            >>> edges = np.arange(4.0)
            >>> Scale.of(NumberShares(edges, True, np.array([0.8, 0.1, 0.1]), None, (0, 0), (0, 0)))
            Scale(top=0.135, cut=0)
        """
        tops = np.max([part for part in (shown.then, shown.now) if part is not None], axis=0)
        order = np.argsort(tops)
        if len(tops) > 2 and 0 < tops[order[-2]] < tops[order[-1]] / TALL:
            return cls(float(tops[order[-2]]) * CUT, int(order[-1]))
        return cls(float(tops.max()) or 1.0, None)

    def heights(self, part: Floats) -> Floats:
        """Heights of shares, 0 to 1."""
        heights: Floats = np.minimum(part / self.top, 1.0)
        return heights


def round_step(span: float, steps: int) -> float:
    """The smallest of 1, 2, 5, 10, ... (and their tenths) with which ``span`` takes at most ``steps``.

    Example:
        >>> round_step(37.0, 5), round_step(0.9, 5)
        (10.0, 0.2)
    """
    least = span / steps
    power = 10.0 ** floor(log10(least))
    return next(power * factor for factor in (1.0, 2.0, 5.0, 10.0) if power * factor >= least * (1 - 1e-9))


def ticks(low: float, high: float, steps: int, whole: bool) -> Iterator[float]:
    """Round numbers from low to high, about as many as ``steps``.

    Example:
        >>> list(ticks(-0.5, 6.5, 5, whole=True)), list(ticks(0.0, 1.0, 4, whole=False))
        ([0.0, 2.0, 4.0, 6.0], [0.0, 0.5, 1.0])
    """
    step = round_step(high - low, steps)
    if whole:
        step = max(1.0, step)
    for turn in range(ceil(low / step), floor(high / step) + 1):
        # 3 * 0.1 is not 0.3, but rounds to it
        yield float(f"{turn * step:.12g}")
