"""Two models on the same rows: is the difference of their losses more than chance?"""

from dataclasses import dataclass

import numpy as np

from spalje.quality.bootstrap import blocks
from spalje.quality.loss import Codes, Floats

#: Random signs drawn for the distribution without a difference; they settle a p of 0.05 to within 0.5 points.
DRAWS = 1999


@dataclass(frozen=True, slots=True)
class Difference:
    """The mean difference of two losses.

    Attributes:
        difference: mean of the first less mean of the second, in the loss's unit.
        error: its standard error, rows of a cluster taken as a whole.
        low, high: its interval.
        p: two-sided p-value of there being none, 0 to 1.
        clusters: how many clusters it is from.
    """

    difference: float
    error: float
    low: float
    high: float
    p: float
    clusters: int


def paired_difference(
    one: Floats,
    two: Floats,
    clusters: Codes | None,
    rng: np.random.Generator,
    *,
    level: float = 0.95,
) -> Difference:
    """Compare the losses of two models on the same rows.

    The statistic is the mean difference by its cluster-robust standard error (Liang and Zeger, 1986, with the
    correction c / (c - 1)). Its distribution without a difference is found by giving the residuals of whole
    clusters random signs: the wild cluster bootstrap with the null imposed and Rademacher weights (Cameron,
    Gelbach and Miller, "Bootstrap-based improvements for inference with clustered errors", 2008), which keeps
    its level with as few as ten clusters.

    Args:
        one, two: shape (n,), the losses of the same rows under either model.
        clusters: each row's cluster, from 0; None: rows are independent.
        rng: where chance comes from.
        level: of the interval, 0 to 1.

    Returns:
        With a single cluster, or without any difference in any row, an interval of no use and p = 1.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> two = rng.exponential(size=400)
        >>> found = paired_difference(two - 0.1 + 0.1 * rng.normal(size=400), two, np.arange(400) % 40, rng)
        >>> found.low < -0.1 < found.high, found.p < 0.01
        (True, True)
    """
    codes = np.arange(len(one)) if clusters is None else clusters
    codes, count = blocks(codes, int(codes.max()) + 1, rng)
    rows = np.bincount(codes, minlength=count).astype(np.float64)
    sums = np.bincount(codes, weights=one - two, minlength=count)
    there = rows > 0
    rows, sums = rows[there], sums[there]
    count = len(rows)
    difference = float(sums.sum() / rows.sum())
    error = _error(sums - difference * rows, rows.sum(), count)
    if count < 2 or error == 0.0:
        moved = difference != 0.0 and count >= 2
        return Difference(difference, error, difference, difference, 0.0 if moved else 1.0, count)
    statistic = difference / error
    signs = rng.integers(0, 2, size=(DRAWS, count)) * 2.0 - 1.0
    null = signs * sums  # without a difference the mean is 0, so that sums are residuals
    means = null.sum(axis=1) / rows.sum()
    errors = (
        np.sqrt(np.maximum(((null - means[:, None] * rows) ** 2).sum(axis=1) * count / (count - 1), 1e-300))
        / rows.sum()
    )
    drawn = np.abs(means / errors)
    p = float((1 + np.count_nonzero(drawn >= abs(statistic))) / (DRAWS + 1))
    reach = float(np.quantile(drawn, level, method="higher")) * error
    return Difference(difference, error, difference - reach, difference + reach, p, count)


def _error(residuals: Floats, rows: float, clusters: int) -> float:
    if clusters < 2:
        return 0.0
    return float(np.sqrt((residuals**2).sum() * clusters / (clusters - 1)) / rows)
