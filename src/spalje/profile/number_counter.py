"""Summarising a column of numbers, in the cheapest way that its numbers allow."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spalje.profile.block import Scratch, blocks
from spalje.profile.grid import NumberGrid, Rounded
from spalje.profile.kll import Counts, Floats
from spalje.profile.number import Numbers
from spalje.profile.number_stream import NumberStream
from spalje.profile.points import LIMIT
from spalje.profile.tally import Tally

#: The largest 32-bit float; rounding beyond it gives infinity, which is meant here.
LARGEST = float(np.finfo(np.float32).max)


class NumberCounter:
    """Adds up numbers, and counts them into cells where there is a grid.

    A column begins with a tally of its numbers on a lattice. Once a block does not lie on it, the
    different numbers are counted one by one while there are few; once there are many, they are
    sketched. Every change of the way is without loss.

    Args:
        whole: the numbers are integers.
        grid: the baseline's cells, or None.

    Attributes:
        nan, positive_infinity, negative_infinity: numbers that are not finite.
        cells: shape (cells,), finite numbers in each; None without a grid.
    """

    def __init__(self, *, whole: bool, grid: NumberGrid | None, scratch: Scratch) -> None:
        self._whole, self._grid, self._scratch = whole, grid, scratch
        self._tally: Tally | None = Tally(whole=whole)
        self._counted = Numbers(whole=whole)
        self._stream: NumberStream | None = None
        self.nan = self.positive_infinity = self.negative_infinity = 0
        self.cells: Counts | None = None if grid is None else np.zeros(grid.cells, dtype=np.int64)

    def add(self, numbers: NDArray[Any]) -> None:
        """The next numbers, shape (n,): 64-bit integers (signed or not) or floats, NaN and infinity too."""
        for block in blocks(numbers):
            low, high = block.min(), block.max()
            if not self._whole and not (np.isfinite(low) and np.isfinite(high)):
                finite = self._finite(block)
                if len(finite):
                    self._add(finite, finite.min().item(), finite.max().item())
                continue
            self._add(block, low.item(), high.item())

    def numbers(self) -> Numbers:
        """The summary of the finite numbers so far."""
        self._leave_tally()
        return self._counted if self._stream is None else self._counted.merge(self._stream.numbers())

    def _finite(self, block: NDArray[np.float64]) -> NDArray[np.float64]:
        finite = np.isfinite(block)
        odd = block[~finite]
        nan = int(np.count_nonzero(np.isnan(odd)))
        negative = int(np.count_nonzero(odd < 0))
        self.nan += nan
        self.negative_infinity += negative
        self.positive_infinity += len(odd) - nan - negative
        return block[finite]

    def _add(self, block: NDArray[Any], low: float, high: float) -> None:
        if self._tally is not None:
            if self._tally.add(block, low, high, self._scratch):
                return
            self._leave_tally()
        # a few of the block's numbers tell mostly that there are too many different ones
        if self._stream is None and self._counted.points is not None and _few(block[: 2 * LIMIT]):
            self._count(*np.unique(block, return_counts=True))
            return
        if self._stream is None:
            self._stream = NumberStream(whole=self._whole)
        values = block.astype(np.float64, copy=False)
        self._stream.add(values, block.view(np.uint64) if self._whole else None, low, high, self._scratch)
        if self._grid is not None and self.cells is not None:
            self.cells += self._grid.count(self._ordered(self._grid, values, low, high))

    def _ordered(self, grid: NumberGrid, values: Floats, low: float, high: float) -> Rounded:
        """As ``grid.rounded``, rising, in memory that is used again."""
        if not (low - grid.centre > -LARGEST and high - grid.centre < LARGEST):
            return np.sort(grid.rounded(values))
        size = len(values)
        if grid.centre:
            values = np.subtract(values, grid.centre, out=self._scratch.one[:size])
        small = self._scratch.small[:size]
        np.copyto(small, values, casting="same_kind")
        small.sort()
        return small

    def _leave_tally(self) -> None:
        if self._tally is not None:
            self._count(*self._tally.drain())
            self._tally = None

    def _count(self, different: NDArray[Any], counts: Counts) -> None:
        self._counted = self._counted.merge(Numbers.of_counts(different, counts, self._whole))
        if self._grid is not None and self.cells is not None:
            self.cells += self._grid.weigh(different, counts)


def _few(numbers: NDArray[Any]) -> bool:
    return len(np.unique(numbers)) <= LIMIT
