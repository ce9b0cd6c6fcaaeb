"""How unusual a batch is among good ones, without assuming anything about their distribution."""

import numpy as np
from numpy.typing import NDArray

#: What makes the median absolute deviation of normal numbers their standard deviation: 1 / 0.6745.
NORMAL = 1.4826


def p_values(
    history: NDArray[np.float64], batch: NDArray[np.float64], floor: NDArray[np.float64]
) -> NDArray[np.float64]:
    """For each figure of a batch, the share of batches, itself included, with any figure as bad.

    If the batch is like those of the history, the least of its p-values is at most ``alpha`` in at most
    a share ``alpha`` of cases, for any distribution and any dependence among the figures (Vovk, Gammerman and
    Shafer, "Algorithmic Learning in a Random World", 2005; the maximum over figures: Westfall and Young,
    "Resampling-Based Multiple Testing", 1993). Each figure is measured from the median in units of the
    median absolute deviation; both are taken over history and batch together, so that no batch is
    treated otherwise than the rest.

    Args:
        history: shape (batches, figures); higher is worse.
        batch: shape (figures,).
        floor: shape (figures,), the least unit: deviations below it are trifles.

    Returns:
        Shape (figures,); each 1 / (batches + 1) to 1.

    Example:
        >>> weeks = np.array([[0.70, 0.02], [0.72, 0.01], [0.71, 0.03], [0.73, 0.00]])
        >>> p_values(weeks, np.array([0.93, 0.02]), np.array([0.001, 0.001])).tolist()
        [0.2, 1.0]
    """
    together = np.vstack([history, batch])
    distances = together - np.median(together, axis=0)
    unit = np.maximum(NORMAL * np.median(np.abs(distances), axis=0), floor)
    worst = (distances / unit).max(axis=1)
    as_bad = worst[:, np.newaxis] >= (distances / unit)[-1]
    shares: NDArray[np.float64] = as_bad.mean(axis=0)
    return shares
