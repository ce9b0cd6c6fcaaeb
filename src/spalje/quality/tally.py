"""What is watched over time, as four sums: score and bias of any rows follow from them.

A tally is an array whose last axis has the four columns ``loss, weight, error, size``. Rows tally by
themselves, days and clusters of rows by the sums of their rows, so any grouping is one addition away.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from spalje.quality.loss import Codes, Floats

#: Shape (..., 4): loss, weight, error, size.
Tally: TypeAlias = NDArray[np.float64]


def tally(loss: Floats, truth: Floats, prediction: Floats, weights: Floats | None = None) -> Tally:
    """The tally of each row.

    Args:
        loss: what the row costs, see ``spalje.quality.loss``.
        truth: what came: a number, or 1 and 0 for yes and no.
        prediction: what was expected, in the same unit, or the probability of yes.
        weights: of the rows; None: each 1.

    Returns:
        Shape (rows, 4).
    """
    weight = np.ones(len(loss)) if weights is None else weights
    columns = [loss * weight, weight, (prediction - truth) * weight, np.abs(truth) * weight]
    rows: Tally = np.stack(columns, axis=-1)
    return rows


def grouped(rows: Tally, codes: Codes, groups: int) -> Tally:
    """The tallies of groups of rows.

    Args:
        rows: shape (rows, 4).
        codes: each row's group, 0 to groups - 1.
        groups: how many there are.

    Returns:
        Shape (groups, 4).

    Example:
        >>> rows = tally(np.array([1.0, 4.0]), np.array([2.0, 3.0]), np.array([3.0, 1.0]))
        >>> grouped(rows, np.array([0, 0]), 1).tolist()
        [[5.0, 2.0, -1.0, 5.0]]
    """
    columns = [np.bincount(codes, weights=rows[:, column], minlength=groups) for column in range(4)]
    sums: Tally = np.stack(columns, axis=-1)
    return sums


def score(sums: Tally, *, root: bool = False) -> NDArray[np.float64]:
    """Mean loss, or its root; NaN without rows. One axis less than ``sums``.

    Example:
        >>> float(score(np.array([18.0, 2.0, 0.0, 1.0]), root=True))
        3.0
    """
    mean = _ratio(sums[..., 0], sums[..., 1])
    return np.sqrt(mean) if root else mean


def bias(sums: Tally) -> NDArray[np.float64]:
    """(Sum of predictions - sum of truth) by the sum of absolute truth; positive: too much.

    Example:
        >>> float(bias(np.array([18.0, 2.0, -1.0, 4.0])))
        -0.25
    """
    return _ratio(sums[..., 2], sums[..., 3])


def _ratio(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(divide="ignore", invalid="ignore"):
        shares: NDArray[np.float64] = np.where(bottom != 0, top / bottom, np.nan)
    return shares
