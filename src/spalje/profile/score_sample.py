"""Normal scores of a sample of a column's rows, the same rows in every column of a table."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spalje.profile.arrow_values import numbers, valid
from spalje.profile.grid import NumberGrid

#: Shape (rows,), normal scores.
Scores = NDArray[np.float32]


class ScoreSample:
    """Keeps every 1st, 2nd, 4th, ... row: the fewest doublings with which no more than some number stay.

    Which rows these are depends only on how many rows there are, so that columns that are read apart,
    and in parts, have the same rows.

    Args:
        grid: says how numbers score.
        most: how many rows may stay.
        first: the place in the table of the first row that comes.
        stride: distance between the rows that stay: 1 when it is to be found out, or what ``stride`` says.
    """

    def __init__(self, grid: NumberGrid, most: int, first: int = 0, stride: int = 1) -> None:
        self._grid, self._most, self._next, self._stride = grid, most, first, stride
        self._kept: list[Scores] = []
        self._size = 0

    def read(self, array: pa.Array) -> None:
        """The next rows of the column."""
        skipped = -self._next % self._stride
        self._next += len(array)
        if skipped >= len(array):
            return
        if self._stride > 1:
            array = array.take(pa.array(np.arange(skipped, len(array), self._stride)))
        self._kept.append(self._scored(array))
        self._size += len(array)
        while self._size > self._most:
            self._kept = [np.concatenate(self._kept)[::2].copy()]
            self._size, self._stride = len(self._kept[0]), self._stride * 2

    def scores(self) -> Scores:
        """Of the rows that stay, in order."""
        return np.concatenate(self._kept) if self._kept else np.empty(0, dtype=np.float32)

    def _scored(self, array: pa.Array) -> Scores:
        """Scores of some rows; of what is not a finite number, 0."""
        scores = np.zeros(len(array), dtype=np.float32)
        if pa.types.is_dictionary(array.type):
            array = array.dictionary_decode()
        values = numbers(array)
        if len(values):
            values = values.astype(np.float64)
            finite = np.isfinite(values)
            found = self._grid.scores[self._grid.places(self._grid.rounded(values))]
            scores[valid(array)] = np.where(finite, found, 0.0)
        return scores


def stride(rows: int, most: int) -> int:
    """The distance between the rows that stay of a table with some number of rows.

    Example:
        >>> stride(100, 100), stride(101, 100), stride(401, 100)
        (1, 2, 8)
    """
    found = 1
    while -(-rows // found) > most:
        found *= 2
    return found
