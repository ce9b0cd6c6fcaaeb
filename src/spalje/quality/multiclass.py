"""How good a choice among several classes is."""

from dataclasses import dataclass
from math import nan
from typing import Self

import numpy as np

from spalje.quality.confusion import Confusion
from spalje.quality.loss import Codes, Floats, Probabilities, log_losses


@dataclass(frozen=True, slots=True, eq=False)
class MulticlassMetrics:
    """Figures of a classification into several classes; NaN where one is not defined.

    Attributes:
        accuracy: share of rows whose class was predicted.
        weighted_precision: precision of each class, averaged by how many rows are of it.
        weighted_recall: the same of recall; equals accuracy.
        weighted_f1: the same of F1.
        log_loss: mean of ``-ln(probability of what came)``: a proper score, 0 perfect; NaN
            without probabilities.
        confusion: what came by what was predicted.
    """

    accuracy: float
    weighted_precision: float
    weighted_recall: float
    weighted_f1: float
    log_loss: float
    confusion: Confusion


@dataclass(frozen=True, slots=True, eq=False)
class MulticlassSums:
    """What the figures are made of; parts merge.

    Attributes:
        rows: how many.
        confusion: what came by what was predicted.
        log_loss: sum of log losses; NaN without probabilities.

    Example:
        >>> sums = MulticlassSums.of(np.array([0, 2]), np.array([[0.8, 0.1, 0.1], [0.1, 0.4, 0.5]]))
        >>> sums.merge(sums).metrics.accuracy
        1.0
    """

    rows: int
    confusion: Confusion
    log_loss: float

    @classmethod
    def of(cls, truth: Codes, probabilities: Probabilities, weights: Floats | None = None) -> Self:
        """The sums of some rows; the likeliest class is the predicted one.

        Args:
            truth: each row's class.
            probabilities: of every class.
            weights: of the rows; None: each 1.
        """
        weight = np.ones(len(truth)) if weights is None else weights
        predicted = np.argmax(probabilities, axis=1)
        return cls(
            rows=len(truth),
            confusion=Confusion.of(truth, predicted, probabilities.shape[1], weight),
            log_loss=float((weight * log_losses(truth, probabilities)).sum()),
        )

    @classmethod
    def of_labels(cls, truth: Codes, predicted: Codes, classes: int, weights: Floats | None = None) -> Self:
        """The sums of some rows of which only the predicted class is known."""
        return cls(len(truth), Confusion.of(truth, predicted, classes, weights), nan)

    def merge(self, other: Self) -> Self:
        """The sums of both parts together."""
        return type(self)(
            rows=self.rows + other.rows,
            confusion=self.confusion + other.confusion,
            log_loss=self.log_loss + other.log_loss,
        )

    @property
    def metrics(self) -> MulticlassMetrics:
        """The figures."""
        confusion = self.confusion
        weight = float(confusion.counts.sum())
        return MulticlassMetrics(
            accuracy=confusion.accuracy if weight else nan,
            weighted_precision=confusion.weighted(confusion.precision),
            weighted_recall=confusion.weighted(confusion.recall),
            weighted_f1=confusion.weighted(confusion.f()),
            log_loss=self.log_loss / weight if weight else nan,
            confusion=confusion,
        )


def multiclass(
    truth: Codes, probabilities: Probabilities, weights: Floats | None = None
) -> MulticlassMetrics:
    """The figures of some rows; see ``MulticlassSums.of`` for the arguments.

    Example:
        >>> multiclass(np.array([0, 1]), np.array([[0.9, 0.1], [0.6, 0.4]])).accuracy
        0.5
    """
    return MulticlassSums.of(truth, probabilities, weights).metrics
