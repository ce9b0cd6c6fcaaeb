"""What was found of a column in some rows of a table."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from spalje.profile.column import Column
from spalje.profile.kll import Counts
from spalje.profile.score_sample import Scores


@dataclass(frozen=True, slots=True, eq=False)
class ColumnPart:
    """A column's summary over a span of rows.

    Attributes:
        column: the summary.
        cells: rows in each of the baseline's cells; None without a grid.
        scores: normal scores of the rows in the sample; None for a column that is in no Gram.
    """

    column: Column
    cells: Counts | None = None
    scores: Scores | None = None

    def merge(self, other: Self) -> Self:
        """Of both spans; the other's rows follow."""
        return replace(
            self,
            column=self.column.merge(other.column),
            cells=None if self.cells is None or other.cells is None else self.cells + other.cells,
            scores=None
            if self.scores is None or other.scores is None
            else np.concatenate([self.scores, other.scores]),
        )
