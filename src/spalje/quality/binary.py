"""How good probabilities of a yes are."""

from dataclasses import dataclass, field
from math import nan
from typing import Self

import numpy as np
from numpy.typing import NDArray

from spalje.quality.confusion import Confusion
from spalje.quality.loss import Floats, binary_log_losses, brier_losses
from spalje.quality.ranking import Ranking


@dataclass(frozen=True, slots=True, eq=False)
class BinaryMetrics:
    """Figures of a classification into two; NaN where one is not defined.

    Attributes:
        accuracy: share of rows on the right side of the threshold.
        precision: of the rows predicted positive, the share that are; 0 when none was.
        recall: of the positive rows, the share predicted; 0 when there is none.
        f1: harmonic mean of the two.
        auc: chance that a positive row scores higher than a negative one.
        log_loss: mean of ``-ln(probability of what came)``: a proper score, 0 perfect.
        brier: mean squared distance of the probability from what came: a proper score too.
        bias: (sum of probabilities - positive rows) by positive rows; positive: too much.
        confusion: what came by what was predicted; class 1 is the positive one.
    """

    accuracy: float
    precision: float
    recall: float
    f1: float
    auc: float
    log_loss: float
    brier: float
    bias: float
    confusion: Confusion


@dataclass(frozen=True, slots=True, eq=False)
class BinarySums:
    """What the figures are made of, but for AUC, which needs all rows at once; parts merge.

    Attributes:
        rows: how many.
        confusion: what came by what was predicted.
        log_loss: sum of log losses.
        brier: sum of squared distances.
        probability: sum of the probabilities.

    Example:
        >>> sums = BinarySums.of(np.array([True, False]), np.array([0.8, 0.4]))
        >>> round(sums.merge(sums).metrics(auc=1.0).brier, 3)
        0.1
    """

    rows: int = 0
    confusion: Confusion = field(default_factory=lambda: Confusion(np.zeros((2, 2))))
    log_loss: float = 0.0
    brier: float = 0.0
    probability: float = 0.0

    @classmethod
    def of(
        cls,
        truth: NDArray[np.bool_],
        probability: Floats,
        weights: Floats | None = None,
        *,
        threshold: float = 0.5,
    ) -> Self:
        """The sums of some rows.

        Args:
            truth: whether the row is of the positive class.
            probability: of the positive class, 0 to 1.
            weights: of the rows; None: each 1.
            threshold: from this probability on a row is predicted positive.
        """
        weight = np.ones(len(truth)) if weights is None else weights
        predicted = (probability >= threshold).astype(np.int64)
        return cls(
            rows=len(truth),
            confusion=Confusion.of(truth.astype(np.int64), predicted, 2, weight),
            log_loss=float((weight * binary_log_losses(truth, probability)).sum()),
            brier=float((weight * brier_losses(truth, probability)).sum()),
            probability=float((weight * probability).sum()),
        )

    def merge(self, other: Self) -> Self:
        """The sums of both parts together."""
        return type(self)(
            rows=self.rows + other.rows,
            confusion=self.confusion + other.confusion,
            log_loss=self.log_loss + other.log_loss,
            brier=self.brier + other.brier,
            probability=self.probability + other.probability,
        )

    def metrics(self, *, auc: float = nan) -> BinaryMetrics:
        """The figures.

        Args:
            auc: what ``Ranking.of(...).auc`` gave for all rows together.
        """
        weight = float(self.confusion.counts.sum())
        positive = float(self.confusion.counts[1].sum())
        return BinaryMetrics(
            accuracy=self.confusion.accuracy if weight else nan,
            precision=float(self.confusion.precision[1]),
            recall=float(self.confusion.recall[1]),
            f1=float(self.confusion.f()[1]),
            auc=auc,
            log_loss=self.log_loss / weight if weight else nan,
            brier=self.brier / weight if weight else nan,
            bias=(self.probability - positive) / positive if positive else nan,
            confusion=self.confusion,
        )


def binary(
    truth: NDArray[np.bool_], probability: Floats, weights: Floats | None = None, *, threshold: float = 0.5
) -> BinaryMetrics:
    """The figures of some rows; see ``BinarySums.of`` for the arguments.

    Example:
        >>> metrics = binary(np.array([True, False, True]), np.array([0.9, 0.2, 0.4]))
        >>> metrics.recall, metrics.auc
        (0.5, 1.0)
    """
    auc = Ranking.of(truth, probability, weights).auc
    return BinarySums.of(truth, probability, weights, threshold=threshold).metrics(auc=auc)
