"""Stretches of history that are as long as a batch, so that like is compared with like."""

import numpy as np
from numpy.typing import NDArray

#: Days since 1970-01-01.
Days = NDArray[np.int64]

#: A stretch with fewer days than this share of the batch's is not a stretch of the same kind.
FULL = 0.8


def periods(history: Days, batch: Days, *, weekday: bool) -> list[NDArray[np.int64]]:
    """The history cut into stretches like the batch, the earliest first; they do not overlap.

    Args:
        history: the different days there are, rising.
        batch: the batch's different days, rising, at least one.
        weekday: whether a stretch must begin on the batch's weekday.

    Returns:
        For each stretch the places of its days in ``history``. Days at the beginning that do not
        make a stretch are left out.

    Example:
        >>> two_weeks_and_a_day = np.arange(17_000, 17_015)
        >>> [len(places) for places in periods(two_weeks_and_a_day, np.arange(17_015, 17_022), weekday=False)]
        [7, 7]
        >>> [places.tolist() for places in periods(two_weeks_and_a_day, np.array([17_021]), weekday=True)]
        [[0], [7], [14]]
    """
    if len(history) == 0:
        return []
    length = int(batch[-1] - batch[0]) + 1
    step = -(-length // 7) * 7 if weekday else length
    last = int(history[-1]) - length + 1
    if weekday:
        last -= (last - int(batch[0])) % 7
    found = []
    for start in range(last, int(history[0]) - 1, -step):
        first, end = np.searchsorted(history, [start, start + length])
        if end - first >= FULL * len(batch):
            found.append(np.arange(first, end))
    return found[::-1]
