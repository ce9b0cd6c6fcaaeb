"""Which class came, and which was predicted."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from spalje.quality.loss import Codes, Floats


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """Weights of rows by the class that came and the class that was predicted; two of them add up.

    Where a figure would divide by 0 (a class that was never predicted has no precision) it is 0, as
    in scikit-learn and Spark.

    Attributes:
        counts: shape (classes, classes); row: what came, column: what was predicted.

    Example:
        >>> seen = Confusion.of(np.array([0, 0, 0, 1]), np.array([0, 1, 1, 1]), classes=2)
        >>> seen.counts.tolist(), seen.accuracy, seen.recall.round(3).tolist()
        ([[1.0, 2.0], [0.0, 1.0]], 0.5, [0.333, 1.0])
    """

    counts: NDArray[np.float64]

    @classmethod
    def of(cls, truth: Codes, predicted: Codes, classes: int, weights: Floats | None = None) -> Self:
        """Of some rows.

        Args:
            truth: each row's class.
            predicted: the class predicted for it.
            classes: how many there are, at least 2.
            weights: of the rows; None: each 1.
        """
        cells = np.bincount(truth * classes + predicted, weights=weights, minlength=classes * classes)
        return cls(cells.astype(np.float64).reshape(classes, classes))

    def __add__(self, other: Self) -> Self:
        return type(self)(self.counts + other.counts)

    @property
    def accuracy(self) -> float:
        """Share of rows whose class was predicted."""
        return float(_shares(np.trace(self.counts), self.counts.sum()))

    @property
    def precision(self) -> Floats:
        """For each class: of the rows predicted to be it, the share that are. Shape (classes,)."""
        return _shares(np.diag(self.counts), self.counts.sum(axis=0))

    @property
    def recall(self) -> Floats:
        """For each class: of the rows that are it, the share predicted. Shape (classes,)."""
        return _shares(np.diag(self.counts), self.counts.sum(axis=1))

    def f(self, beta: float = 1.0) -> Floats:
        """For each class the mean of precision and recall that gives recall ``beta`` times the weight.

        van Rijsbergen, "Information Retrieval" (1979), chapter 7. Shape (classes,).
        """
        square = beta * beta
        bottom = square * self.counts.sum(axis=1) + self.counts.sum(axis=0)
        return _shares((1.0 + square) * np.diag(self.counts), bottom)

    def weighted(self, figures: Floats) -> float:
        """The mean of a figure over the classes, by how many rows are of each."""
        return float(_shares((figures * self.counts.sum(axis=1)).sum(), self.counts.sum()))

    @property
    def constant(self) -> Self:
        """The same rows, had the last class been predicted for every one of them."""
        counts = np.zeros_like(self.counts)
        counts[:, -1] = self.counts.sum(axis=1)
        return type(self)(counts)


def _shares(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> Floats:
    return np.divide(
        top, bottom, out=np.zeros_like(np.asarray(top, np.float64)), where=np.asarray(bottom) != 0
    )
