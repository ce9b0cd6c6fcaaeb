"""Two counts over the same cells, side by side: what moved, and how much of it chance cannot explain."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from spalje.drift.kolmogorov import unit

#: Shape (cells,), rows.
Counts: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

#: A cell in which fewer rows than this are expected is put together with the others that are so rare.
EXPECTED = 5.0
#: So many standard deviations of chance are taken off the change of a single cell, since the largest of
#: many is looked at: of 500 the largest is 3 (Tippett 1925).
LARGEST = 3.0


@dataclass(frozen=True, slots=True)
class Change:
    """The cell whose share changed most.

    Attributes:
        cell: its number.
        before: its share among the others, 0 to 1.
        now: its share now.
    """

    cell: int
    before: float
    now: float


def furthest(counts: Counts, others: Counts) -> Change:
    """Where the cumulative shares differ most: the shares at or below that cell.

    Example:
        >>> furthest(np.array([1, 1, 2]), np.array([2, 2, 0]))
        Change(cell=1, before=1.0, now=0.5)
    """
    now, before = np.cumsum(counts) / counts.sum(), np.cumsum(others) / others.sum()
    cell = int(np.argmax(np.abs(now - before)))
    return Change(cell, float(before[cell]), float(now[cell]))


def most_changed(counts: Counts, others: Counts) -> Change:
    """The cell whose own share changed most.

    Example:
        >>> most_changed(np.array([1, 1, 2]), np.array([2, 2, 0]))
        Change(cell=2, before=0.0, now=0.5)
    """
    now, before = counts / counts.sum(), others / others.sum()
    cell = int(np.argmax(np.abs(now - before)))
    return Change(cell, float(before[cell]), float(now[cell]))


def moved(counts: Counts, others: Counts) -> float:
    """The share of rows that moved to another cell and that chance does not explain, at least.

    The larger of two figures, each too small rather than too large: the total variation distance
    over cells that are not rare, less what it is by chance on average (a root mean square, which is
    no less than the mean), and the change of the most changed cell, less ``LARGEST`` standard deviations.

    Returns:
        0, when chance explains everything, to 1.

    Example:
        >>> round(moved(np.array([600, 400]), np.array([5000, 5000])), 2)
        0.08
        >>> moved(np.array([505, 495]), np.array([5000, 5000]))
        0.0
    """
    size, other_size = int(counts.sum()), int(others.sum())
    if not size or not other_size:
        return 0.0
    expected = (counts + others) * (size / (size + other_size))
    rare = expected < EXPECTED
    now, before = (
        np.append(part[~rare], part[rare].sum()) / total
        for part, total in ((counts, size), (others, other_size))
    )
    shared = (now * size + before * other_size) / (size + other_size)
    chance = np.sqrt(shared * (1.0 - shared)) * unit(size, other_size)
    difference = np.abs(now - before)
    return float(max(0.0, (difference - chance).sum() / 2, (difference - LARGEST * chance).max()))


def variation(counts: Counts, others: Counts) -> tuple[float, float]:
    """The total variation distance, and a bound of what it is by chance on average.

    Example:
        >>> apart, chance = variation(np.array([600, 400]), np.array([5000, 5000]))
        >>> round(apart, 3), round(chance, 3)
        (0.1, 0.017)
    """
    size, other_size = int(counts.sum()), int(others.sum())
    shared = (counts + others) / (size + other_size)
    chance = np.sqrt(shared * (1.0 - shared)).sum() / 2 * unit(size, other_size)
    return float(np.abs(counts / size - others / other_size).sum() / 2), float(chance)
