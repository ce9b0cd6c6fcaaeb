"""Positive and negative rows by score, in cells that never grow: ranking figures of any number of rows."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from spalje.quality.loss import Floats

#: Cells from 0 to 1: 512 kB, and an area under the curve within a hundredth of a percent where scores are spread out.
CELLS = 32_768


@dataclass(frozen=True, slots=True, eq=False)
class ScoreCounts:
    """Rows by their score; counts of parts add up to those of the whole.

    ``Ranking`` needs all rows at once. This needs none: it says between which bounds its figure lies.

    Attributes:
        positive, negative: shape (cells,), rows with a score in that cell, the lowest first.
    """

    positive: NDArray[np.int64]
    negative: NDArray[np.int64]

    @classmethod
    def of(cls, truth: NDArray[np.bool_], score: Floats, cells: int = CELLS) -> Self:
        """Of some rows.

        Args:
            truth: whether a row is positive.
            score: 0 to 1.
            cells: how many; only counts over as many add up.

        Example:
            >>> counts = ScoreCounts.of(np.array([True, False, True, False]), np.array([0.9, 0.8, 0.4, 0.1]))
            >>> counts.auc, counts.merge(counts).auc
            ((0.75, 0.75), (0.75, 0.75))
        """
        cell = np.minimum((score * cells).astype(np.int64), cells - 1)
        return cls(
            np.bincount(cell[truth], minlength=cells).astype(np.int64),
            np.bincount(cell[~truth], minlength=cells).astype(np.int64),
        )

    def merge(self, other: Self) -> Self:
        """Of both parts together."""
        return type(self)(self.positive + other.positive, self.negative + other.negative)

    @property
    def auc(self) -> tuple[float, float]:
        """The least and the largest that the area under the curve can be; equal where no cell holds both kinds."""
        pairs = float(self.positive.sum()) * float(self.negative.sum())
        if pairs == 0:
            return float("nan"), float("nan")
        below = np.concatenate([[0], np.cumsum(self.negative)[:-1]])
        least = float((self.positive * below).sum())
        within = float((self.positive.astype(np.float64) * self.negative).sum())
        return least / pairs, (least + within) / pairs
