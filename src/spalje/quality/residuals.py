"""How far estimates of losses were from the truth, day by day: what an estimate for a new batch may be off by."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from spalje.quality.loss import Floats
from spalje.quality.period import Days, periods
from spalje.quality.prediction_bound import LEAST


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Sums of realised less estimated losses, by day or, without days, by cluster.

    Attributes:
        days: rising, days since 1970; empty where they are by cluster.
        sums: shape (days or clusters, losses).
        weights: shape (days or clusters,), rows in each.
        variance: shape (losses,), of the residual of a single row.
    """

    days: Days
    sums: NDArray[np.float64]
    weights: Floats
    variance: Floats

    @classmethod
    def of(
        cls, residuals: NDArray[np.float64], days: Days | None, clusters: NDArray[np.int64] | None
    ) -> Self:
        """Of rows that the estimate was not made from.

        Args:
            residuals: shape (rows, losses).
            days: shape (rows,): which day each is about; None without.
            clusters: shape (rows,): which rows err together, from 0; used without days. None: each for itself.

        Example:
            >>> found = Residuals.of(np.array([[1.0], [-1.0], [2.0]]), np.array([5, 5, 6]), None)
            >>> found.sums.tolist(), found.weights.tolist()
            ([[0.0], [2.0]], [2.0, 1.0])
        """
        different: Days = np.empty(0, np.int64)
        codes = np.arange(len(residuals)) % max(1, min(200, len(residuals))) if clusters is None else clusters
        if days is not None:
            different, codes = np.unique(days, return_inverse=True)
        count = int(codes.max()) + 1 if len(codes) else 0
        sums = [np.bincount(codes, weights=column, minlength=count) for column in residuals.T]
        return cls(
            different,
            np.stack(sums, axis=-1),
            np.bincount(codes, minlength=count).astype(np.float64),
            residuals.var(axis=0),
        )

    def spread(self, days: Days, rows: int) -> NDArray[np.float64]:
        """The standard deviation of the mean residual of a batch about some days, shape (losses,).

        By stretches as long as the batch where there are enough days, else by what the sums of days or clusters say
        of a mean as if these were independent; and more for a batch of fewer rows than such stretches have.

        Args:
            days: the batch's different days, rising; empty without a time column.
            rows: of the batch, at least 1.
        """
        found, usual = self._spread(days)
        fewer = max(0.0, 1.0 / rows - 1.0 / usual)
        return np.asarray(np.sqrt(found**2 + self.variance * fewer), np.float64)

    def _spread(self, days: Days) -> tuple[NDArray[np.float64], float]:
        """The standard deviation, and of how many rows it is."""
        if len(self.days) and len(days):
            stretches = periods(self.days, days, weekday=False)
            if len(stretches) >= LEAST:
                means = np.array(
                    [self.sums[rows].sum(axis=0) / self.weights[rows].sum() for rows in stretches]
                )
                found: NDArray[np.float64] = np.sqrt(
                    ((means - self._mean) ** 2).sum(axis=0) / (len(means) - 1) * (1 + 1 / len(means))
                )
                return found, float(np.mean([self.weights[rows].sum() for rows in stretches]))
        count = len(self.weights)
        if count < 2:
            return np.full(self.sums.shape[1], np.inf), 1.0
        off = self.sums - self._mean * self.weights[:, None]
        share = min(float(count), max(1.0, len(days))) if len(self.days) else float(count)
        each = np.sqrt((off**2).sum(axis=0) * count / (count - 1)) / self.weights.sum()
        return np.asarray(each * np.sqrt(count / share), np.float64), self.weights.sum() * share / count

    @property
    def _mean(self) -> NDArray[np.float64]:
        mean: NDArray[np.float64] = self.sums.sum(axis=0) / self.weights.sum()
        return mean

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "days": self.days.tolist(),
            "sums": self.sums.tolist(),
            "weights": self.weights.tolist(),
            "variance": self.variance.tolist(),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """What ``to_dict`` wrote."""
        weights = np.array(document["weights"], np.float64)
        return cls(
            np.array(document["days"], np.int64),
            np.array(document["sums"], np.float64).reshape(len(weights), -1),
            weights,
            np.array(document["variance"], np.float64),
        )
