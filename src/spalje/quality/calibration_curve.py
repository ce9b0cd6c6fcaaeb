"""Whether probabilities mean what they say: predicted chances beside how often it came."""

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from spalje.quality.loss import Floats

#: Cells of a curve.
CELLS = 10


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationCurve:
    """Rows put into cells by their predicted probability; curves over the same cells add up.

    Attributes:
        edges: shape (cells + 1,), from 0 to 1.
        rows: shape (cells,), how many.
        predicted: shape (cells,), sums of the probabilities.
        positive: shape (cells,), how many were positive.
    """

    edges: Floats
    rows: Floats
    predicted: Floats
    positive: Floats

    @classmethod
    def of(
        cls,
        truth: NDArray[np.bool_],
        probability: Floats,
        cells: int = CELLS,
        *,
        width: Literal["equal", "quantile"] = "equal",
    ) -> Self:
        """Of some rows.

        Args:
            truth: whether a row is positive.
            probability: 0 to 1.
            cells: how many.
            width: cells of equal width, or with about as many rows in each.

        Example:
            >>> curve = CalibrationCurve.of(np.array([False, True, True]), np.array([0.1, 0.8, 0.6]), cells=2)
            >>> curve.share_positive.tolist(), round(curve.error, 3)
            ([0.0, 1.0], 0.233)
        """
        edges = np.linspace(0.0, 1.0, cells + 1)
        if width == "quantile" and len(probability):
            edges = np.unique(np.concatenate([[0.0], np.quantile(probability, edges[1:-1]), [1.0]]))
        return cls.over(edges, truth, probability)

    @classmethod
    def over(cls, edges: Floats, truth: NDArray[np.bool_], probability: Floats) -> Self:
        """Of some rows, over given cells; a probability on an edge is in the cell below it, as in scikit-learn."""
        count = len(edges) - 1
        cell = np.searchsorted(edges[1:-1], probability)
        return cls(
            edges,
            np.bincount(cell, minlength=count).astype(np.float64),
            np.bincount(cell, weights=probability, minlength=count).astype(np.float64),
            np.bincount(cell, weights=truth.astype(np.float64), minlength=count).astype(np.float64),
        )

    def merge(self, other: Self) -> Self:
        """Of both parts together, over the same cells."""
        return type(self)(
            self.edges,
            self.rows + other.rows,
            self.predicted + other.predicted,
            self.positive + other.positive,
        )

    @property
    def mean_predicted(self) -> Floats:
        """The mean probability of each cell; NaN where there are no rows."""
        return _ratio(self.predicted, self.rows)

    @property
    def share_positive(self) -> Floats:
        """The share of positive rows of each cell; NaN where there are none."""
        return _ratio(self.positive, self.rows)

    @property
    def error(self) -> float:
        """The expected calibration error: the mean distance of both, by rows (Naeini and others, 2015)."""
        if self.rows.sum() == 0:
            return float("nan")
        return float(np.abs(self.predicted - self.positive).sum() / self.rows.sum())


def _ratio(top: Floats, bottom: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.where(bottom != 0, top / bottom, np.nan)
    return found
