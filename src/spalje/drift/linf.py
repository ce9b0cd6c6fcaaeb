"""The largest difference between two distributions: Kolmogorov-Smirnov, and the same for categories."""

from math import sqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

#: Shape (n,), numbers in the column's own unit, rising.
Values: TypeAlias = NDArray[np.float64]
#: Shape (n,), rows that have each value; at least one in all.
Rows: TypeAlias = NDArray[np.int64]

#: The 99.7 % quantile of Kolmogorov's distribution, hard-coded in deequ 2.0.2 (``Distance.scala``):
#: without drift, ``2 * exp(-2 * 1.8**2)`` = 0.3 % of samples are further apart than the correction.
CRITICAL = 1.8


def linf(values: Values, rows: Rows, other_values: Values, other_rows: Rows) -> float:
    """The two-sample Kolmogorov-Smirnov statistic: ``max_x |F(x) - G(x)|``.

    Model Monitor's ``Simple`` method for numbers. Repeated values have the weight of all their rows.

    Args:
        values: different numbers of one sample.
        rows: how many rows have each.
        other_values: different numbers of the other sample.
        other_rows: how many rows have each.

    Returns:
        0 (the same) to 1 (no overlap).

    Example:
        >>> one = np.ones(4, dtype=int)
        >>> linf(np.array([1.0, 2, 3, 4]), one, np.array([2.0, 3, 4, 5]), one)
        0.25
    """
    places = np.concatenate([values, other_values])
    return float(np.max(np.abs(_share(values, rows, places) - _share(other_values, other_rows, places))))


def linf_categories(
    rows: Rows, other_rows: Rows, *, size: int | None = None, other_size: int | None = None
) -> float:
    """The largest difference of one category's share: ``max_v |p(v) - q(v)|``.

    Model Monitor's ``Simple`` method for strings.

    Args:
        rows: shape (m,), rows with each category.
        other_rows: the same of the other sample, the same categories in the same order.
        size: rows of the sample, when not every one of its categories is among these.
        other_size: the same of the other sample.

    Returns:
        0 (the same) to 1 (each a single category, not the same one).

    Example:
        >>> round(linf_categories(np.array([10, 20, 25, 10, 5]), np.array([11, 20, 25, 10, 10])), 8)
        0.06015038
    """
    shares, others = rows / (size or rows.sum()), other_rows / (other_size or other_rows.sum())
    return float(np.max(np.abs(shares - others), initial=0.0))


def robust(distance: float, rows: int, other_rows: int) -> float:
    """A distance less what sampling alone could explain: ``max(0, d - 1.8 * sqrt((n + m) / (n * m)))``.

    Model Monitor's ``Robust`` method, for numbers and categories alike.

    Args:
        distance: from ``linf`` or ``linf_categories``.
        rows: size of one sample, at least 1.
        other_rows: size of the other, at least 1.

    Example:
        >>> robust(0.25, 4, 4), round(robust(0.5, 10_000, 10_000), 4)
        (0.0, 0.4745)
    """
    return max(0.0, distance - CRITICAL * sqrt((rows + other_rows) / (rows * other_rows)))


def _share(values: Values, rows: Rows, places: Values) -> Values:
    running = np.concatenate([[0], np.cumsum(rows)])
    shares: Values = running[np.searchsorted(values, places, side="right")] / running[-1]
    return shares
