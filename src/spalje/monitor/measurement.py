"""How good predictions were, measured: figures, and the sums from which any part's score follows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spalje.errors import NotFound
from spalje.quality.binary import binary
from spalje.quality.bootstrap import blocks
from spalje.quality.confusion import Confusion
from spalje.quality.loss import (
    Codes,
    Floats,
    binary_log_losses,
    brier_losses,
    log_losses,
    poisson_deviances,
    squared_errors,
)
from spalje.quality.multiclass import multiclass
from spalje.quality.period import Days
from spalje.quality.quantile import pinball_losses, quantile_metrics
from spalje.quality.regression import regression
from spalje.quality.tally import Tally, grouped, tally

ProblemType: TypeAlias = Literal["regression", "binary", "multiclass"]
ScoreName: TypeAlias = Literal["rmse", "poisson_deviance", "pinball", "log_loss", "brier", "error_rate"]

#: score -> what it is called in a sentence; the scores that each type of problem can be judged by, the
#: one that asks most of the predictions first
SCORES: Mapping[ProblemType, Mapping[ScoreName, str]] = MappingProxyType(
    {
        "regression": MappingProxyType(
            {"poisson_deviance": "Poisson deviance", "pinball": "pinball loss", "rmse": "RMSE"}
        ),
        "binary": MappingProxyType({"log_loss": "log loss", "brier": "Brier score"}),
        "multiclass": MappingProxyType({"log_loss": "log loss", "error_rate": "error rate"}),
    }
)

#: A predicted count is held to be at least this much where its Poisson deviance is taken, so that one
#: 0 where something came does not outweigh all other rows: it costs 26 for the first unit.
LEAST_COUNT = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Predictions whose truth is known.

    Attributes:
        type: of the problem.
        truth: shape (n,): a number; 1 or 0 for yes or no; or the number of the class.
        prediction: shape (n,): a number or the probability of yes; or, of several classes, shape
            (n, classes): their probabilities, or 1 for the predicted class and 0 for the others.
        days: shape (n,): which day each row is about, in days since 1970; None without a time column.
        clusters: shape (n,): which rows are not independent of each other; None: all are.
        clustered_by: the column that says so, or ``rows``.
        threshold: from which probability on yes is predicted.
        quantiles: of a regression whose predictions are quantiles, which, rising; ``prediction`` then has the
            shape (n, quantiles).
    """

    type: ProblemType
    truth: NDArray[np.float64]
    prediction: NDArray[np.float64]
    days: Days | None = None
    clusters: Codes | None = None
    clustered_by: str = "rows"
    threshold: float = 0.5
    quantiles: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def point(self) -> Floats:
        """One number or probability a row: of several quantiles the one nearest to the median."""
        return point_of(self.prediction, self.quantiles)


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """How good predictions were.

    Attributes:
        type: of the problem.
        score: the proper score that is watched.
        rows: how many rows with truth.
        metrics: every figure by its name; NaN where one is not defined.
        confusion: what came by what was predicted; None of a regression.
        days: the different days, rising; empty without a time column.
        by_day: shape (days, 4), their tallies.
        by_cluster: shape (clusters, 4), those of clusters of rows.
        clustered_by: the column that makes the clusters, or ``rows``.
    """

    type: ProblemType
    score: ScoreName
    rows: int
    metrics: Mapping[str, float]
    confusion: Confusion | None
    days: Days
    by_day: Tally
    by_cluster: Tally
    clustered_by: str

    @property
    def total(self) -> Tally:
        """The tally of all rows, shape (4,)."""
        sums: Tally = self.by_cluster.sum(axis=0)
        return sums


def point_of(prediction: NDArray[np.float64], quantiles: Sequence[float]) -> Floats:
    """The number or probability that is predicted for each row: of several quantiles the one nearest to the median.

    Example:
        >>> point_of(np.array([[1.0, 4.0]]), (0.5, 0.9)).tolist()
        [1.0]
    """
    if not quantiles:
        return prediction
    middle = min(range(len(quantiles)), key=lambda place: abs(quantiles[place] - 0.5))
    found: Floats = prediction[:, middle]
    return found


def fitting_score(judged: Judged) -> ScoreName:
    """The score that suits the predictions.

    The pinball loss for quantiles, the Poisson deviance for counts with positive predictions, else
    RMSE; log loss for probabilities; for bare yes and no, or bare classes, the share of wrong ones.

    Example:
        >>> fitting_score(Judged("regression", np.array([0.0, 3.0]), np.array([0.4, 2.5])))
        'poisson_deviance'
        >>> fitting_score(Judged("binary", np.array([0.0, 1.0]), np.array([0.0, 1.0])))
        'brier'
    """
    truth, prediction = judged.truth, judged.prediction
    if judged.quantiles:
        return "pinball"
    if judged.type == "regression":
        counts = bool(np.all(truth >= 0) and np.all(truth == np.floor(truth)) and np.all(prediction > 0))
        return "poisson_deviance" if counts else "rmse"
    bare = bool(np.all((prediction == 0) | (prediction == 1)))
    if judged.type == "binary":
        return "brier" if bare else "log_loss"
    return "error_rate" if bare else "log_loss"


def chosen_score(judged: Judged, wanted: ScoreName | None) -> ScoreName:
    """The score that is wanted, or the one that suits the predictions.

    Raises:
        NotFound: it is no score for this type of problem.
    """
    score = wanted or fitting_score(judged)
    if score not in SCORES[judged.type]:
        raise NotFound(f"score of a {judged.type} problem", score, SCORES[judged.type])
    return score


def score_label(name: str) -> str:
    """What a score is called in a sentence; a name that is none is left as it is.

    Example:
        >>> score_label("poisson_deviance"), score_label("mae")
        ('Poisson deviance', 'mae')
    """
    return next((said for words in SCORES.values() for known, said in words.items() if known == name), name)


def measure(judged: Judged, score: ScoreName, rng: np.random.Generator) -> Measurement:
    """Measure.

    Args:
        judged: at least one row.
        score: one of ``SCORES`` for the type of problem.
        rng: for putting clusters together where there are very many.

    Example:
        >>> rows = Judged("regression", np.array([1.0, 3.0]), np.array([1.0, 1.0]))
        >>> measured = measure(rows, "rmse", np.random.default_rng(7))
        >>> measured.metrics["bias"], measured.total.tolist()
        (-0.5, [4.0, 2.0, -2.0, 4.0])
    """
    metrics, confusion = metrics_of(judged)
    rows = _tally(judged, score)
    days = np.empty(0, np.int64)
    day_of_row = days
    if judged.days is not None:
        days, day_of_row = np.unique(judged.days, return_inverse=True)
    own = np.arange(len(judged)) if judged.clusters is None else judged.clusters
    clusters, count = blocks(own, int(own.max()) + 1, rng)
    return Measurement(
        type=judged.type,
        score=score,
        rows=len(judged),
        metrics=metrics,
        confusion=confusion,
        days=days,
        by_day=grouped(rows, day_of_row, len(days)) if len(days) else np.empty((0, 4)),
        by_cluster=grouped(rows, clusters, count),
        clustered_by=judged.clustered_by,
    )


def metrics_of(judged: Judged) -> tuple[dict[str, float], Confusion | None]:
    """All figures by name, and the confusion matrix of a classification.

    The names of those that Model Monitor has as well are its names.

    Example:
        >>> metrics, _ = metrics_of(Judged("binary", np.array([0.0, 1.0]), np.array([0.2, 0.9])))
        >>> metrics["accuracy"], metrics["false_positive_rate"]
        (1.0, 0.0)
    """
    if judged.quantiles:
        return asdict(regression(judged.truth, judged.point)) | quantile_metrics(
            judged.truth, judged.prediction, judged.quantiles
        ), None
    if judged.type == "regression":
        return asdict(regression(judged.truth, judged.prediction)), None
    if judged.type == "binary":
        yes = judged.truth > 0.5
        two = binary(yes, judged.prediction, threshold=judged.threshold)
        recall = two.confusion.recall
        return {
            "accuracy": two.accuracy,
            "precision": two.precision,
            "recall": two.recall,
            "true_positive_rate": two.recall,
            "true_negative_rate": float(recall[0]),
            "false_positive_rate": float(1.0 - recall[0]) if not yes.all() else 0.0,
            "false_negative_rate": float(1.0 - recall[1]) if yes.any() else 0.0,
            "f0_5": float(two.confusion.f(0.5)[1]),
            "f1": two.f1,
            "f2": float(two.confusion.f(2.0)[1]),
            "auc": two.auc,
            "log_loss": two.log_loss,
            "brier": two.brier,
            "bias": two.bias,
        }, two.confusion
    several = multiclass(judged.truth.astype(np.int64), judged.prediction)
    confusion = several.confusion
    return {
        "accuracy": several.accuracy,
        "weighted_precision": several.weighted_precision,
        "weighted_recall": several.weighted_recall,
        "weighted_f0_5": confusion.weighted(confusion.f(0.5)),
        "weighted_f1": several.weighted_f1,
        "weighted_f2": confusion.weighted(confusion.f(2.0)),
        "log_loss": several.log_loss,
    }, confusion


def _tally(judged: Judged, score: ScoreName) -> Tally:
    if judged.type == "multiclass":
        # a bias of several classes at once is not one number: nothing is predicted too much in all
        nothing = np.zeros(len(judged))
        return tally(losses(judged, score), nothing, nothing)
    return tally(losses(judged, score), judged.truth, judged.point)


def losses(judged: Judged, score: ScoreName) -> Floats:
    """What each row costs by a score, shape (n,); of ``rmse`` its square.

    Example:
        >>> losses(Judged("regression", np.array([1.0, 3.0]), np.array([1.0, 1.0])), "rmse").tolist()
        [0.0, 4.0]
    """
    truth, prediction = judged.truth, judged.point
    if score == "pinball":
        each: Floats = pinball_losses(truth, judged.prediction, judged.quantiles).mean(axis=1)
        return each
    if score == "rmse":
        return squared_errors(truth, prediction)
    if score == "poisson_deviance":
        return poisson_deviances(truth, np.maximum(prediction, LEAST_COUNT))
    if score == "brier":
        return brier_losses(truth > 0.5, prediction)
    if score == "error_rate":
        wrong: Floats = (np.argmax(prediction, axis=1) != truth).astype(np.float64)
        return wrong
    if judged.type == "binary":
        return binary_log_losses(truth > 0.5, prediction)
    return log_losses(truth.astype(np.int64), prediction)
