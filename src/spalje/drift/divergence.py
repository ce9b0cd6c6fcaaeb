"""Divergences between two distributions over the same cells: PSI, Jensen-Shannon, total variation.

Cells are categories, or intervals of numbers; both arguments are rows per cell in the same order, shape
(cells,), or shape (columns, cells) to compare many columns at once, which gives shape (columns,).
"""

import numpy as np
from numpy.typing import NDArray

from spalje.drift.cells import Floats

#: Shares below this count as this in PSI, which has a logarithm of each; Evidently's choice.
SMALLEST_SHARE = 1e-4


def psi(rows: NDArray[np.number], other_rows: NDArray[np.number]) -> Floats:
    """Population stability index: ``sum (p - q) * ln(p / q)``.

    Of two samples without drift it is about ``(cells - 1) * (1/n + 1/m)``, so it cannot be judged
    by one threshold at every size.

    Returns:
        0 (the same) upwards; the same whichever comes first.

    Example:
        >>> psi(np.array([[50, 50], [1, 1]]), np.array([[60, 40], [5, 5]])).round(4).tolist()
        [0.0405, 0.0]
    """
    shares, others = (np.maximum(part, SMALLEST_SHARE) for part in _shares(rows, other_rows))
    found: Floats = np.sum((shares - others) * np.log(shares / others), axis=-1)
    return found


def jensen_shannon(rows: NDArray[np.number], other_rows: NDArray[np.number]) -> Floats:
    """Jensen-Shannon distance: the root of the mean divergence from the mixture, in bits.

    Returns:
        0 (the same) to 1 (no cell in common). Lin, "Divergence measures based on the Shannon entropy" (1991).

    Example:
        >>> float(jensen_shannon(np.array([1, 0]), np.array([0, 1])))
        1.0
    """
    shares, others = _shares(rows, other_rows)
    middle = (shares + others) / 2
    found: Floats = np.sqrt(np.maximum(0.0, (_bits(shares, middle) + _bits(others, middle)) / 2))
    return found


def total_variation(rows: NDArray[np.number], other_rows: NDArray[np.number]) -> float:
    """The share of rows that would have to change cell: ``1/2 sum |p - q|``, 0 to 1.

    Example:
        >>> total_variation(np.array([3, 1]), np.array([1, 3]))
        0.5
    """
    shares, others = _shares(rows, other_rows)
    return float(np.abs(shares - others).sum() / 2)


def _shares(rows: NDArray[np.number], other_rows: NDArray[np.number]) -> tuple[Floats, Floats]:
    return rows / rows.sum(axis=-1, keepdims=True), other_rows / other_rows.sum(axis=-1, keepdims=True)


def _bits(shares: Floats, middle: Floats) -> Floats:
    there = shares > 0
    surprise = np.log2(shares / np.where(there, middle, 1.0), where=there, out=np.zeros_like(shares))
    found: Floats = np.sum(shares * surprise, axis=-1)
    return found
