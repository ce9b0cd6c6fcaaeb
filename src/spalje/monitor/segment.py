"""How good predictions were group by group: each store, each category, each weekday."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spalje.monitor.measurement import Judged, ScoreName, losses
from spalje.quality.bootstrap import blocks, times_drawn
from spalje.quality.grouped import GroupedBinary, GroupedRegression
from spalje.quality.loss import Codes
from spalje.quality.studentized import studentized
from spalje.quality.tally import Tally, bias, grouped, score, tally

#: Draws of the bootstrap of a segment.
DRAWS = 400
#: Clusters of rows that a segment's interval is drawn from, at most.
CLUSTERS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """Which group each row belongs to.

    Attributes:
        codes: shape (rows,), the number of its group; -1 for one that is left out.
        names: of the groups.
        left_out: how many groups were left out, those with the fewest rows.
    """

    codes: Codes
    names: tuple[str, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Segment:
    """A group.

    Attributes:
        name: of the group.
        rows: how many with truth.
        score: the proper score.
        low, high: its interval of 95 %, from whole clusters; NaN with fewer than three.
        bias: as of all rows.
        metrics: every figure by its name.
    """

    name: str
    rows: int
    score: float
    low: float
    high: float
    bias: float
    metrics: Mapping[str, float]

    @property
    def document(self) -> dict[str, Any]:
        """As strict JSON values."""
        figures = {"score": self.score, "low": self.low, "high": self.high, "bias": self.bias}
        return {
            "name": self.name,
            "rows": self.rows,
            **{name: value for name, value in figures.items() if isfinite(value)},
            "metrics": {name: value for name, value in self.metrics.items() if isfinite(value)},
        }


def segments(
    judged: Judged, name: ScoreName, by: Segmentation, rng: np.random.Generator, *, workers: int = 1
) -> tuple[Segment, ...]:
    """Each group, in the order of its number; groups without rows are left out.

    Args:
        judged: at least one row.
        name: the proper score.
        by: which group each row belongs to.
        rng: where the bootstrap's chance comes from.
        workers: threads.

    Example:
        >>> rows = Judged("regression", np.array([1.0, 3.0, 5.0]), np.array([1.0, 2.0, 7.0]))
        >>> fruit = Segmentation(np.array([0, 0, 1]), ("figs", "kiwis"))
        >>> found = segments(rows, "rmse", fruit, np.random.default_rng(1))
        >>> [(segment.name, segment.rows, round(segment.score, 3)) for segment in found]
        [('figs', 2, 0.707), ('kiwis', 1, 2.0)]
    """
    kept = by.codes >= 0
    codes, count = by.codes[kept], len(by.names)
    part = judged if kept.all() else _part(judged, kept)
    root = name == "rmse"
    several = part.type == "multiclass"
    nothing = np.zeros(len(part))
    each = losses(part, name)
    rows = tally(each, nothing, nothing) if several else tally(each, part.truth, part.point)
    sums = grouped(rows, codes, count)
    low, high = _intervals(rows, codes, count, _clusters(part, codes), rng, root=root)
    scores, biases = score(sums, root=root), bias(sums)
    figures = _figures(part, codes, count, workers)
    sizes = np.bincount(codes, minlength=count)
    return tuple(
        Segment(
            name=by.names[place],
            rows=int(sizes[place]),
            score=float(scores[place]),
            low=float(low[place]),
            high=float(high[place]),
            bias=float(biases[place]),
            metrics={metric: float(values[place]) for metric, values in figures.items()},
        )
        for place in np.flatnonzero(sizes)
    )


def _figures(part: Judged, codes: Codes, count: int, workers: int) -> Mapping[str, NDArray[np.float64]]:
    if part.type == "regression":
        return GroupedRegression.of(part.truth, part.point, codes, count, workers=workers).metrics
    if part.type == "binary":
        yes = part.truth > 0.5
        return GroupedBinary.of(
            yes, part.prediction, codes, count, threshold=part.threshold, workers=workers
        ).metrics
    right = (np.argmax(part.prediction, axis=1) == part.truth).astype(np.float64)
    sizes = np.bincount(codes, minlength=count)
    return {"accuracy": np.bincount(codes, weights=right, minlength=count) / np.maximum(sizes, 1)}


def _clusters(part: Judged, codes: Codes) -> Codes | None:
    """Which rows err together; where each is in one group only, rows of one day do."""
    if part.clusters is not None:
        pairs = len(np.unique(part.clusters * (int(codes.max()) + 1) + codes))
        if pairs > len(np.unique(part.clusters)):
            return part.clusters
    return None if part.days is None else np.unique(part.days, return_inverse=True)[1]


def _intervals(
    rows: Tally, codes: Codes, count: int, clusters: Codes | None, rng: np.random.Generator, *, root: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Low and high ends of each group's score: whole clusters are drawn, the same for all groups."""
    own = rng.integers(0, CLUSTERS, size=len(codes)) if clusters is None else clusters
    different, own = np.unique(own, return_inverse=True)
    own, drawable = blocks(own, len(different), rng, CLUSTERS)
    cells = own * count + codes
    loss, weight = (
        np.bincount(cells, rows[:, column], drawable * count).reshape(drawable, count) for column in (0, 1)
    )

    def scores(losses: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(divide="ignore", invalid="ignore"):
            means: NDArray[np.float64] = losses / weights
        return np.sqrt(means) if root else means

    times = times_drawn(drawable, DRAWS, rng)
    low, high = studentized(
        scores(loss.sum(axis=0), weight.sum(axis=0)),
        scores(loss.sum(axis=0) - loss, weight.sum(axis=0) - weight),
        scores(times @ loss, times @ weight),
        times,
        clusters=(weight > 0).sum(axis=0),
    )
    return np.maximum(low, 0.0), high


def _part(judged: Judged, kept: NDArray[np.bool_]) -> Judged:
    return replace(
        judged,
        truth=judged.truth[kept],
        prediction=judged.prediction[kept],
        days=None if judged.days is None else judged.days[kept],
        clusters=None if judged.clusters is None else judged.clusters[kept],
    )
