"""How far predicted numbers are from the true ones."""

from dataclasses import dataclass
from math import nan, sqrt
from typing import Self

import numpy as np

from spalje.quality.loss import Floats, poisson_deviances, squared_errors


@dataclass(frozen=True, slots=True)
class RegressionMetrics:
    """Figures of a regression; NaN where one is not defined.

    Attributes:
        mae: mean absolute error, in the target's unit. On counts that are mostly 0 it falls when
            a model predicts too little: never look at it alone.
        mse: mean squared error.
        rmse: its root, in the target's unit.
        r2: share of the truth's variance explained: 1 perfect, 0 as good as the mean, negative
            worse; of a constant truth 1 when perfect, else 0, as in scikit-learn.
        wape: sum of absolute errors by the sum of absolute truth.
        bias: (sum of predictions - sum of truth) by the sum of absolute truth; positive: too much.
        poisson_deviance: mean Poisson deviance; NaN with negative numbers.
    """

    mae: float
    mse: float
    rmse: float
    r2: float
    wape: float
    bias: float
    poisson_deviance: float


@dataclass(frozen=True, slots=True)
class RegressionSums:
    """What the figures of a regression are made of; sums of parts make the sums of the whole.

    Attributes:
        rows: how many.
        weight: their weights together.
        truth: sum of the truth.
        size: sum of its absolute values.
        error: sum of predictions less truth.
        absolute: sum of absolute errors.
        squared: sum of squared errors.
        spread: sum of squared distances of the truth from its mean.
        deviance: sum of Poisson deviances.

    Example:
        >>> morning = RegressionSums.of(np.array([0.0, 3.0]), np.array([1.0, 2.0]))
        >>> evening = RegressionSums.of(np.array([2.0]), np.array([2.5]))
        >>> round(morning.merge(evening).metrics.bias, 3)
        0.1
    """

    rows: int = 0
    weight: float = 0.0
    truth: float = 0.0
    size: float = 0.0
    error: float = 0.0
    absolute: float = 0.0
    squared: float = 0.0
    spread: float = 0.0
    deviance: float = 0.0

    @classmethod
    def of(cls, truth: Floats, prediction: Floats, weights: Floats | None = None) -> Self:
        """The sums of some rows.

        Args:
            truth: what came, finite.
            prediction: what was expected, finite.
            weights: of the rows, 0 or more; None: each 1.
        """
        if len(truth) == 0:
            return cls()
        weight = np.ones(len(truth)) if weights is None else weights
        total = float(weight.sum())
        error = prediction - truth
        mean = float((weight * truth).sum()) / total if total else 0.0
        return cls(
            rows=len(truth),
            weight=total,
            truth=float((weight * truth).sum()),
            size=float((weight * np.abs(truth)).sum()),
            error=float((weight * error).sum()),
            absolute=float((weight * np.abs(error)).sum()),
            squared=float((weight * squared_errors(truth, prediction)).sum()),
            spread=float((weight * np.square(truth - mean)).sum()),
            deviance=float((weight * poisson_deviances(truth, prediction)).sum()),
        )

    def merge(self, other: Self) -> Self:
        """The sums of both parts together."""
        weight = self.weight + other.weight
        apart = 0.0
        if self.weight and other.weight:
            # as by Chan, Golub and LeVeque: updating formulae for variances, 1979
            distance = other.truth / other.weight - self.truth / self.weight
            apart = distance * distance * self.weight * other.weight / weight
        return type(self)(
            rows=self.rows + other.rows,
            weight=weight,
            truth=self.truth + other.truth,
            size=self.size + other.size,
            error=self.error + other.error,
            absolute=self.absolute + other.absolute,
            squared=self.squared + other.squared,
            spread=self.spread + other.spread + apart,
            deviance=self.deviance + other.deviance,
        )

    @property
    def metrics(self) -> RegressionMetrics:
        """The figures; all NaN without rows."""
        mse = _ratio(self.squared, self.weight)
        return RegressionMetrics(
            mae=_ratio(self.absolute, self.weight),
            mse=mse,
            rmse=sqrt(mse),
            r2=self._r2,
            wape=_ratio(self.absolute, self.size),
            bias=_ratio(self.error, self.size),
            poisson_deviance=_ratio(self.deviance, self.weight),
        )

    @property
    def _r2(self) -> float:
        if self.rows < 2:
            return nan
        if self.spread == 0.0:
            return 1.0 if self.squared == 0.0 else 0.0
        return 1.0 - self.squared / self.spread


def regression(truth: Floats, prediction: Floats, weights: Floats | None = None) -> RegressionMetrics:
    """The figures of some rows; see ``RegressionSums.of`` for the arguments.

    Example:
        >>> regression(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0])).mae.__round__(4)
        0.3333
    """
    return RegressionSums.of(truth, prediction, weights).metrics


def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom else nan
