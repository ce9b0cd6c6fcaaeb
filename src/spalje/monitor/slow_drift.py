"""Slow drift, which no single batch shows: evidence that adds up over batches."""

from collections.abc import Iterable
from math import sqrt

#: From here on it is an alarm: good batches need at least as many until a false one, on average.
ALARM_AT = 1000.0


def evidence(chances: Iterable[float]) -> float:
    """The Shiryaev-Roberts e-detector after some batches: ``SR = (SR + 1) * e`` with ``e = 1 / (2 sqrt(p))``.

    That e has a mean of at most 1 for good batches, whose p is uniform or larger, so that the mean time
    to a false alarm at ``ALARM_AT`` is at least so many batches (Shin, Ramdas and Rinaldo, "E-detectors",
    2024). It starts anew after an alarm.

    Args:
        chances: p-values of the batches in order, above 0 to 1.

    Example:
        >>> round(evidence([0.5, 0.5]), 2), evidence([0.02] * 6) >= ALARM_AT
        (1.21, True)
    """
    found = 0.0
    for p in chances:
        if found >= ALARM_AT:
            found = 0.0
        found = (found + 1.0) / (2.0 * sqrt(p))
    return found
