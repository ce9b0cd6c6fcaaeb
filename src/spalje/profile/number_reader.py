"""Reading a column of numbers."""

from dataclasses import replace

import pyarrow as pa

from spalje.profile.arrow_values import numbers
from spalje.profile.block import Scratch
from spalje.profile.column import Column
from spalje.profile.column_part import ColumnPart
from spalje.profile.grid import NumberGrid
from spalje.profile.number_counter import NumberCounter
from spalje.profile.score_sample import ScoreSample


class NumberReader:
    """Adds up a column of numbers, days, moments or spans.

    Args:
        column: name and kind, of no rows.
        grid: the baseline's cells, or None.
        sample: takes the scores, or None.
        scratch: shared by the readers of one thread.
    """

    def __init__(
        self, column: Column, grid: NumberGrid | None, sample: ScoreSample | None, scratch: Scratch
    ) -> None:
        self._column, self._sample = column, sample
        self._counter = NumberCounter(whole=column.kind.whole, grid=grid, scratch=scratch)
        self._rows = self._present = 0

    def read(self, array: pa.Array) -> None:
        """The next rows."""
        present = numbers(array)
        self._rows += len(array)
        self._present += len(present)
        self._counter.add(present)
        if self._sample is not None:
            self._sample.read(array)

    def part(self) -> ColumnPart:
        """What was found so far."""
        counter = self._counter
        column = replace(
            self._column,
            rows=self._rows,
            nulls=self._rows - self._present,
            nan=counter.nan,
            positive_infinity=counter.positive_infinity,
            negative_infinity=counter.negative_infinity,
            numbers=counter.numbers(),
        )
        return ColumnPart(column, counter.cells, None if self._sample is None else self._sample.scores())
