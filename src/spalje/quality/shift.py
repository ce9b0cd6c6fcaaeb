"""Why the loss of a batch differs from the baseline's: moved inputs, or another relation of inputs and truth."""

from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spalje.quality.boosted_trees import BoostedTrees, Matrix
from spalje.quality.loss import Floats

#: Half the width of an interval of 95 % in standard errors.
REACH = 1.96
#: Rows of either side that the density ratio is learned from, at most.
ROWS = 8_000
#: No row of the baseline stands for more than so many of the batch.
HEAVIEST = 20.0
#: With weights worth fewer rows than this share of the baseline's, the two hardly overlap.
OVERLAP = 0.02
#: Trees of the density ratio: few, since what parts two weeks by their level says nothing of the loss.
TREES = 30

Word = Literal["inputs", "relation", "both", "neither", "unclear"]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows whose loss is known.

    Attributes:
        x: shape (rows, features); predictions are among the features.
        loss: shape (rows,).
        expected: shape (rows,), the loss expected by a model that has not seen the row.
        clusters: shape (rows,), which rows err together, from 0; None: each for itself.
    """

    x: Matrix
    loss: Floats
    expected: Floats
    clusters: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the difference, with its interval of 95 %."""

    value: float
    low: float
    high: float

    @property
    def sure(self) -> bool:
        """Whether it is not 0 by chance."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Shift:
    """The difference of a batch's mean loss from the baseline's, taken apart.

    Attributes:
        word: what moved.
        total: the difference.
        inputs: what moved inputs explain.
        relation: the rest: another relation of inputs and truth.
        overlap: what the weighted baseline is worth, as a share of its rows, 0 to 1.
        weighted: whether weights were used; where the two hardly overlap the loss model alone decides.
    """

    word: Word
    total: float
    inputs: Part
    relation: Part
    overlap: float
    weighted: bool


def decompose(
    baseline: Rows, batch: Rows, noise: float, rng: np.random.Generator, *, margin: float = 0.075
) -> Shift:
    """Take the difference of mean losses apart.

    ``mean(batch loss) - mean(baseline loss)`` is the sum of what the baseline's relation would give on the batch's
    inputs less what it gives on its own (inputs), and of what came less that (relation); see Cai, Namkoong and
    Yadlowsky, "Diagnosing model performance under distribution shift" (2023). The middle term, the loss that the
    baseline's relation would give on the batch's inputs, is estimated doubly robustly (Robins, Rotnitzky and Zhao,
    1994): by a model of the loss, corrected by the baseline's residuals weighted by the ratio of densities, which a
    classifier of the two tables gives (Sugiyama, Suzuki and Kanamori, "Density ratio estimation", 2012). It is
    right when either is. Errors are those of sums over clusters, and to the relation's is added how much stretches of
    the baseline itself differ: a batch is one observation.

    Args:
        baseline: rows with the relation as it was learned.
        batch: rows of the batch.
        noise: standard deviation of the mean residual of stretches like the batch, see ``Residuals.spread``.
        rng: where samples come from.
        margin: share of the baseline's loss that a part must be to be called moved.

    Example:
        >>> rng = np.random.default_rng(7)
        >>> def rows(low, factor):
        ...     x = rng.uniform(low, 2.0, size=(4000, 1))
        ...     return Rows(x, factor * x[:, 0] * rng.exponential(size=4000), x[:, 0])
        >>> decompose(rows(0, 1.0), rows(1, 1.0), 0.0, rng).word
        'inputs'
        >>> decompose(rows(0, 1.0), rows(0, 1.5), 0.0, rng).word
        'relation'
    """
    weight, overlap = _ratio(baseline, batch, rng)
    weighted = overlap >= OVERLAP
    if not weighted:
        weight = np.ones(len(baseline.loss))
    share = weight / weight.sum()
    residual = baseline.loss - baseline.expected
    before, now = float(baseline.loss.mean()), float(batch.loss.mean())
    middle = float(batch.expected.mean() + (share * residual).sum())
    correction = share * (residual - float((share * residual).sum()))
    one, two = 1.0 / len(baseline.loss), 1.0 / len(batch.loss)
    inputs_error = sqrt(
        _variance(correction - one * (baseline.loss - before), baseline.clusters)
        + _variance(two * (batch.expected - batch.expected.mean()), batch.clusters)
    )
    off = batch.loss - batch.expected
    relation_error = sqrt(
        _variance(correction, baseline.clusters)
        + _variance(two * (off - off.mean()), batch.clusters)
        + noise**2
    )
    inputs, relation = _part(middle - before, inputs_error), _part(now - middle, relation_error)
    return Shift(
        word=_word(inputs, relation, before * margin, weighted=weighted),
        total=now - before,
        inputs=inputs,
        relation=relation,
        overlap=overlap,
        weighted=weighted,
    )


def _part(value: float, error: float) -> Part:
    return Part(value, value - REACH * error, value + REACH * error)


def _word(inputs: Part, relation: Part, least: float, *, weighted: bool) -> Word:
    moved = [part.sure and abs(part.value) >= least for part in (inputs, relation)]
    if all(moved):
        return "both"
    if moved[1]:
        return "relation"
    if moved[0]:
        return "inputs"
    return "neither" if weighted or abs(relation.value) < least else "unclear"


def _variance(parts: Floats, clusters: NDArray[np.int64] | None) -> float:
    """Of the sum of parts that belong to clusters."""
    sums = parts if clusters is None else np.bincount(clusters, weights=parts)
    count = np.count_nonzero(sums) if clusters is not None else len(sums)
    if count < 2:
        return 0.0
    return float((sums**2).sum() * count / (count - 1))


def _ratio(baseline: Rows, batch: Rows, rng: np.random.Generator) -> tuple[Floats, float]:
    """How many rows of the batch each row of the baseline stands for, and what these weights are worth.

    Each half of the baseline is weighted by a classifier that has not seen it.
    """
    n = len(baseline.loss)
    half = rng.permutation(n) % 2 == 0
    weight = np.ones(n)
    for mine in (half, ~half):
        one = _some(np.flatnonzero(mine), rng)
        two = _some(np.arange(len(batch.loss)), rng)
        x = np.concatenate([baseline.x[one], batch.x[two]])
        y = np.concatenate([np.zeros(len(one)), np.ones(len(two))])
        trees = BoostedTrees.fit(x, y, rng, loss="logistic", rounds=TREES)
        odds = np.exp(np.clip(trees.predict(baseline.x[~mine]), -30.0, 30.0)) * len(one) / len(two)
        weight[~mine] = np.minimum(odds, HEAVIEST)
    worth = float(weight.sum() ** 2 / (weight**2).sum() / n) if weight.any() else 0.0
    return weight, worth


def _some(places: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    return places if len(places) <= ROWS else rng.choice(places, ROWS, replace=False)
