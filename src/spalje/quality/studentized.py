"""Intervals of figures that whole clusters of rows make, right also where clusters are few."""

import numpy as np
from numpy.typing import NDArray

from spalje.quality.prediction_bound import student_quantile

#: With fewer clusters there is no interval.
LEAST = 3


def studentized(
    value: NDArray[np.float64],
    without: NDArray[np.float64],
    drawn: NDArray[np.float64],
    times: NDArray[np.float64],
    *,
    level: float = 0.95,
    clusters: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The ends of intervals, by a bootstrap of the figures in units of their standard error.

    The bootstrap-t of Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), section 12.5. A draw's standard
    error is that of the clusters' pseudo-values that are in it (Tukey's jackknife, section 11.5), so that no draw is
    drawn from again. Neither end is closer than Student's would be. A plain percentile interval is too short where
    clusters are few: it holds the true figure in 81 to 90 % of cases with ten clusters where 95 % is asked for.

    Args:
        value: shape (figures,), of all clusters.
        without: shape (clusters, figures), of all clusters but one.
        drawn: shape (draws, figures), of drawn clusters.
        times: shape (draws, clusters), see ``bootstrap.times_drawn``.
        level: how often an interval holds the true figure, 0 to 1.
        clusters: shape (figures,), how many clusters say something about each figure; None: all.

    Returns:
        Lower and upper ends, each of shape (figures,); NaN where fewer than ``LEAST`` clusters say something, or
        the figure is not defined.

    Example:
        >>> from spalje.quality.bootstrap import times_drawn
        >>> rng = np.random.default_rng(7)
        >>> each = rng.exponential(size=12)
        >>> times = times_drawn(12, 1000, rng)
        >>> without = ((each.sum() - each) / 11)[:, np.newaxis]
        >>> low, high = studentized(each.mean()[np.newaxis], without, (times @ each / 12)[:, np.newaxis], times)
        >>> bool(low[0] < each.mean() < high[0] and high[0] - each.mean() > each.mean() - low[0])
        True
    """
    count = len(without)
    known = np.full(len(value), count) if clusters is None else clusters
    low, high = np.full(len(value), np.nan), np.full(len(value), np.nan)
    there = (known >= LEAST) & np.isfinite(value) & np.isfinite(without).all(axis=0)
    if count < LEAST or not there.any():
        return low, high
    pseudo = (count - 1) * (value[there] - without[:, there])
    scale = count * (count - 1)
    error = np.sqrt(((pseudo - pseudo.mean(axis=0)) ** 2).sum(axis=0) / scale)
    spread = (times @ pseudo**2 - (times @ pseudo) ** 2 / count) / scale
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (drawn[:, there] - value[there]) / np.sqrt(spread)
    t[~np.isfinite(t)] = 0.0
    tail = (1.0 - level) / 2.0
    least = {int(number): student_quantile(1.0 - tail, int(number) - 1) for number in np.unique(known[there])}
    reach = np.array([least[int(number)] for number in known[there]])
    below, above = np.quantile(t, [tail, 1.0 - tail], axis=0)
    low[there] = value[there] - np.maximum(above, reach) * error
    high[there] = value[there] + np.maximum(-below, reach) * error
    return low, high
