"""Divergences between two distributions over the same cells: PSI, Jensen-Shannon, total variation.

Cells are categories, or intervals of numbers; both arguments are rows per cell in the same order.
"""

import numpy as np
from numpy.typing import NDArray

#: Shares below this count as this in PSI, which has a logarithm of each; Evidently's choice.
SMALLEST_SHARE = 1e-4


def psi(rows: NDArray[np.number], other_rows: NDArray[np.number]) -> float:
    """Population stability index: ``sum (p - q) * ln(p / q)``.

    Of two samples without drift it is about ``(cells - 1) * (1/n + 1/m)``, so it cannot be judged
    by one threshold at every size.

    Returns:
        0 (the same) upwards; the same whichever comes first.

    Example:
        >>> round(psi(np.array([50, 50]), np.array([60, 40])), 4)
        0.0405
    """
    shares, others = (np.maximum(part, SMALLEST_SHARE) for part in _shares(rows, other_rows))
    return float(np.sum((shares - others) * np.log(shares / others)))


def jensen_shannon(rows: NDArray[np.number], other_rows: NDArray[np.number]) -> float:
    """Jensen-Shannon distance: the root of the mean divergence from the mixture, in bits.

    Returns:
        0 (the same) to 1 (no cell in common). Lin, "Divergence measures based on the Shannon entropy" (1991).

    Example:
        >>> jensen_shannon(np.array([1, 0]), np.array([0, 1]))
        1.0
    """
    shares, others = _shares(rows, other_rows)
    middle = (shares + others) / 2
    return float(np.sqrt(max(0.0, (_bits(shares, middle) + _bits(others, middle)) / 2)))


def total_variation(rows: NDArray[np.number], other_rows: NDArray[np.number]) -> float:
    """The share of rows that would have to change cell: ``1/2 sum |p - q|``, 0 to 1.

    Example:
        >>> total_variation(np.array([3, 1]), np.array([1, 3]))
        0.5
    """
    shares, others = _shares(rows, other_rows)
    return float(np.abs(shares - others).sum() / 2)


def _shares(
    rows: NDArray[np.number], other_rows: NDArray[np.number]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return rows / rows.sum(), other_rows / other_rows.sum()


def _bits(shares: NDArray[np.float64], middle: NDArray[np.float64]) -> float:
    there = shares > 0
    return float(np.sum(shares[there] * np.log2(shares[there] / middle[there])))
