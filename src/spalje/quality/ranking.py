"""How well scores put positive rows before negative ones, whatever the threshold."""

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from spalje.quality.loss import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """Positive and negative rows up to each different score, from the highest score down.

    Attributes:
        positive: shape (scores,), weight of the positive rows with this score or a higher one.
        negative: the same of the negative rows.

    Example:
        >>> ranking = Ranking.of(np.array([True, False, True, False]), np.array([0.9, 0.8, 0.4, 0.1]))
        >>> ranking.auc
        0.75
    """

    positive: Floats
    negative: Floats

    @classmethod
    def of(cls, truth: NDArray[np.bool_], score: Floats, weights: Floats | None = None) -> "Ranking":
        """Of some rows.

        Args:
            truth: whether a row is positive.
            score: the higher, the likelier positive.
            weights: of the rows; None: each 1.
        """
        order = np.argsort(-score, kind="stable")
        weight = np.ones(len(score)) if weights is None else weights[order]
        ends = np.flatnonzero(np.diff(score[order], append=np.nan))
        positive = np.cumsum(np.where(truth[order], weight, 0.0))[ends]
        negative = np.cumsum(np.where(truth[order], 0.0, weight))[ends]
        return cls(positive, negative)

    @property
    def auc(self) -> float:
        """The chance that a positive row scores higher than a negative one, ties counting half.

        0.5 is chance, 1 perfect; NaN when all rows are positive or none is (Hanley and McNeil, 1982).
        """
        if len(self.positive) == 0 or self.positive[-1] == 0 or self.negative[-1] == 0:
            return nan
        false, true = self.roc(len(self.positive) + 1)
        return float(np.trapezoid(true, false))

    def roc(self, points: int = 201) -> tuple[Floats, Floats]:
        """False and true positive rates from (0, 0) to (1, 1).

        Args:
            points: at most so many, evenly picked, at least 2.
        """
        picked = self._picked(points - 1)
        return (
            np.concatenate([[0.0], self.negative[picked] / self.negative[-1]]),
            np.concatenate([[0.0], self.positive[picked] / self.positive[-1]]),
        )

    def precision_recall(self, points: int = 201) -> tuple[Floats, Floats]:
        """Precisions and recalls, from recall 0, where precision is 1, upwards.

        Args:
            points: at most so many, evenly picked, at least 2.
        """
        picked = self._picked(points - 1)
        positive, negative = self.positive[picked], self.negative[picked]
        return (
            np.concatenate([[1.0], positive / (positive + negative)]),
            np.concatenate([[0.0], positive / self.positive[-1]]),
        )

    def _picked(self, most: int) -> NDArray[np.int64]:
        last = len(self.positive) - 1
        return np.unique(np.linspace(0, last, min(most, last + 1)).round().astype(np.int64))
