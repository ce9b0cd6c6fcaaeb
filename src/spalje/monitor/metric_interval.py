"""How sure each figure of a batch is: intervals by drawing whole clusters of rows."""

from functools import partial

import numpy as np

from spalje.monitor.measurement import Judged
from spalje.quality.bootstrap import blocks, drawn
from spalje.quality.grouped import GroupedBinary, GroupedRegression

#: Draws; they settle the ends of an interval of 95 % to within a few percent of its width.
DRAWS = 1000


def metric_intervals(
    judged: Judged, rng: np.random.Generator, *, level: float = 0.95
) -> dict[str, tuple[float, float]]:
    """From where to where each figure that follows from sums may be.

    Whole clusters (a store) are drawn with replacement, and each figure is computed from every draw; see
    ``spalje.quality.bootstrap.drawn``. Areas under curves and figures of several classes are left out.

    Args:
        judged: at least one row.
        rng: where chance comes from.
        level: how often the interval holds the true figure, 0 to 1.

    Returns:
        name -> ends; nothing with fewer than two clusters.

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
    if count < 2:
        return {}
    draw = partial(drawn, draws=DRAWS, rng=rng)
    if judged.type == "regression":
        figures = GroupedRegression.of(judged.truth, judged.point, clusters, count).resampled(draw).metrics
    else:
        yes = judged.truth > 0.5
        sums = GroupedBinary.of(yes, judged.prediction, clusters, count, threshold=judged.threshold)
        figures = sums.resampled(draw).metrics
    found = {}
    for name, values in figures.items():
        known = values[np.isfinite(values)]
        if len(known) > DRAWS / 2:
            low, high = np.quantile(known, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
            found[name] = (float(low), float(high))
    return found
