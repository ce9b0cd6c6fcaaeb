"""What the next batch will stay below, going by a handful of earlier ones."""

import numpy as np
from numpy.typing import NDArray

#: With fewer batches than these their spread says too little to be used.
LEAST = 4


def upper_bound(history: NDArray[np.float64], alpha: float) -> NDArray[np.float64]:
    """The upper prediction bound of each figure: ``mean + t * s * sqrt(1 + 1 / batches)``.

    It is for histories too short for ``spalje.quality.conformal``, and unlike that assumes figures that
    are about normal (Hahn and Meeker, "Statistical Intervals", 1991, section 4.7). All figures together
    stay below with the confidence asked for, by Bonferroni's inequality.

    Args:
        history: shape (batches, figures), at least ``LEAST`` batches.
        alpha: how often a figure of a good batch may be above, 0 to 1.

    Returns:
        Shape (figures,).

    Example:
        >>> weeks = np.array([[0.70], [0.72], [0.71], [0.73]])
        >>> upper_bound(weeks, 0.05).round(3).tolist()
        [0.749]
    """
    batches, figures = history.shape
    t = student_quantile(1.0 - alpha / figures, batches - 1)
    deviation = np.std(history, axis=0, ddof=1)
    bound: NDArray[np.float64] = history.mean(axis=0) + t * deviation * np.sqrt(1.0 + 1.0 / batches)
    return bound


def student_quantile(share: float, freedom: int) -> float:
    """The quantile of Student's t distribution, to six digits.

    With ``t = sqrt(freedom) * tan(angle)`` its density is ``cos(angle) ** (freedom - 1)``, which is
    summed over the angle.

    Args:
        share: 0 to 1.
        freedom: degrees of freedom, at least 2.

    Example:
        >>> round(student_quantile(0.975, 8), 4)
        2.306
    """
    angle = np.linspace(-np.pi / 2, np.pi / 2, 20_001)
    density = np.cos(angle) ** (freedom - 1)
    below = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    return float(np.sqrt(freedom) * np.tan(np.interp(share * below[-1], below, angle)))
