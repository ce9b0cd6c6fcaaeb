"""How sure each figure of a batch is: intervals by drawing whole clusters of rows."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from spalje.monitor.measurement import Judged
from spalje.quality.bootstrap import blocks, times_drawn
from spalje.quality.grouped import GroupedBinary, GroupedRegression
from spalje.quality.studentized import LEAST, studentized

#: Draws; they settle the ends of an interval of 95 % to within a few percent of its width.
DRAWS = 1000
#: Where figures cannot be: an interval ends there. The others can be anything; those without an entry are 0 or more.
RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "r2": (-np.inf, 1.0),
        "bias": (-np.inf, np.inf),
        **dict.fromkeys(("accuracy", "precision", "recall", "f1", "brier"), (0.0, 1.0)),
    }
)


def metric_intervals(
    judged: Judged, rng: np.random.Generator, *, level: float = 0.95
) -> dict[str, tuple[float, float]]:
    """From where to where each figure that follows from sums may be.

    Whole clusters (a store) are drawn with replacement, and each figure is computed from every draw; see
    ``spalje.quality.studentized``. Areas under curves and figures of several classes are left out.

    Args:
        judged: at least one row.
        rng: where chance comes from.
        level: how often the interval holds the true figure, 0 to 1.

    Returns:
        name -> ends; nothing with fewer than three clusters.

    Example:
        >>> rng = np.random.default_rng(7)
        >>> rows = Judged("regression", rng.exponential(size=900), np.ones(900), clusters=np.arange(900) % 30)
        >>> low, high = metric_intervals(rows, rng)["bias"]
        >>> bool(low < 0 < high)
        True
    """
    if judged.type == "multiclass":
        return {}
    own = np.arange(len(judged)) if judged.clusters is None else judged.clusters
    clusters, count = blocks(own, int(own.max()) + 1, rng)
    if count < LEAST:
        return {}
    sums: GroupedRegression | GroupedBinary
    if judged.type == "regression":
        sums = GroupedRegression.of(judged.truth, judged.point, clusters, count)
    else:
        yes = judged.truth > 0.5
        sums = GroupedBinary.of(yes, judged.prediction, clusters, count, threshold=judged.threshold)
    times = times_drawn(count, DRAWS, rng)
    whole = sums.whole.metrics
    without = sums.resampled(lambda columns: columns.sum(axis=0) - columns).metrics
    drawn = sums.resampled(lambda columns: times @ columns).metrics
    names = [name for name in whole if name != "auc"]
    low, high = studentized(
        np.array([whole[name][0] for name in names]),
        np.stack([without[name] for name in names], axis=-1),
        np.stack([drawn[name] for name in names], axis=-1),
        times,
        level=level,
    )
    found = {}
    for place, name in enumerate(names):
        if np.isfinite(low[place]):
            least, most = RANGES.get(name, (0.0, np.inf))
            found[name] = (float(max(low[place], least)), float(min(high[place], most)))
    return found
