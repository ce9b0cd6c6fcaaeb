"""The largest difference between two distributions: Kolmogorov-Smirnov, and the same for categories."""

from dataclasses import dataclass
from math import sqrt
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

#: Shape (n,), numbers in the column's own unit, rising.
Values: TypeAlias = NDArray[np.float64]
#: Shape (n,), rows that have each value; at least one in all.
Rows: TypeAlias = NDArray[np.int64]

#: The 99.7 % quantile of Kolmogorov's distribution, hard-coded in deequ 2.0.2 (``Distance.scala``):
#: without drift, ``2 * exp(-2 * 1.8**2)`` = 0.3 % of samples are further apart than the correction.
CRITICAL = 1.8


@dataclass(frozen=True, slots=True, eq=False)
class Ordered:
    """A sample of numbers as it is compared with others.

    Attributes:
        values: shape (n,), its different numbers, rising.
        shares: shape (n + 1,), of the rows below the first, the second, ..., and of all: 0 to 1.
    """

    values: Values
    shares: Values

    @classmethod
    def of(cls, values: Values, rows: Rows) -> Self:
        """Of different numbers, rising, and how many rows have each."""
        running, shares = rows.cumsum(), np.zeros(len(rows) + 1)
        np.divide(running, running[-1], out=shares[1:])
        return cls(values, shares)

    def quantiles(self, shares: Values) -> Values:
        """The smallest numbers with at least some shares (0 to 1) of the rows at or below them."""
        found: Values = self.values[self.shares[1:-1].searchsorted(shares)]
        return found

    def up_to(self, bounds: Values) -> Values:
        """Shares of the rows at or below some numbers."""
        found: Values = self.shares[self.values.searchsorted(bounds, side="right")]
        return found


def linf(one: Ordered, other: Ordered) -> float:
    """The two-sample Kolmogorov-Smirnov statistic: ``max_x |F(x) - G(x)|``.

    Model Monitor's ``Simple`` method for numbers. Repeated values have the weight of all their rows.
    Between two numbers of the one sample its share stands still and the other's rises, so that both are
    furthest apart at one of the two: the numbers of the smaller sample are enough.

    Returns:
        0 (the same) to 1 (no overlap).

    Example:
        >>> rows = np.ones(4, dtype=int)
        >>> linf(Ordered.of(np.array([1.0, 2, 3, 4]), rows), Ordered.of(np.array([2.0, 3, 4, 5]), rows))
        0.25
    """
    few, many = (one, other) if len(one.values) <= len(other.values) else (other, one)
    below = many.values.searchsorted(few.values)
    up_to = below + (many.values.take(below, mode="clip") == few.values)
    before, after = few.shares[:-1] - many.shares.take(below), few.shares[1:] - many.shares.take(up_to)
    return float(max(before.max(), -before.min(), after.max(), -after.min()))


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
