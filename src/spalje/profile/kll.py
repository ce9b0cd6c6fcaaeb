"""A mergeable sketch of quantiles: KLL."""

from dataclasses import dataclass
from math import ceil
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

#: Shape (n,), numbers in the column's own unit.
Floats: TypeAlias = NDArray[np.float64]
#: Shape (n,), rows.
Counts: TypeAlias = NDArray[np.int64]

#: Size of the topmost compactor and how much smaller each one below is: the defaults of deequ
#: (``KLLSketch.scala``), which Model Monitor's files carry. Rank error about 0.0005.
K = 2048
SHRINK = 0.64


def capacity(depth: int, k: int = K) -> int:
    """Items a compactor holds before it must give half of them up, ``depth`` levels below the top.

    The formula of deequ (``NonSampleCompactor.scala``).

    Example:
        >>> capacity(0), capacity(1), capacity(30)
        (2050, 1314, 4)
    """
    return 2 * (ceil(k * SHRINK**depth / 2) + 1)


@dataclass(frozen=True, slots=True, eq=False)
class Kll:
    """Some of a column's numbers, each standing for 1, 2, 4, ... of them.

    Karnin, Lang and Liberty, "Optimal quantile approximation in streams" (2016). A full level is
    sorted and every second item goes one level up; which of each pair goes alternates, so that the
    same numbers in the same blocks always give the same sketch. Weight is conserved: ``size`` is
    the number of values added. Up to about 2,050 values nothing is lost.

    Attributes:
        levels: level i holds items of weight 2**i, each level rising.
        turns: how often each level has been halved; the parity says which of a pair goes up next.
        k: size of the topmost level.

    Example:
        >>> sketch = Kll().add(np.arange(100_000.0))
        >>> sketch.size, abs(float(sketch.quantile(0.5)) - 50_000) < 100
        (100000, True)
    """

    levels: tuple[Floats, ...] = (np.empty(0),)
    turns: tuple[int, ...] = (0,)
    k: int = K

    @property
    def size(self) -> int:
        """The number of values it stands for."""
        return sum(len(level) << height for height, level in enumerate(self.levels))

    def add(self, values: Floats, height: int = 0) -> Self:
        """With more values, which must be finite and rising.

        Args:
            values: shape (n,).
            height: each stands for ``2**height`` values of the column.
        """
        levels, turns = list(self.levels), list(self.turns)
        _grow(levels, turns, height)
        # more than a level has room for would be halved at once
        while len(values) > capacity(len(levels) - 1 - height, self.k):
            paired = len(values) - len(values) % 2
            levels[height] = _join(levels[height], values[paired:].copy())
            values = values[turns[height] % 2 : paired : 2]
            turns[height] += 1
            height += 1
            _grow(levels, turns, height)
        levels[height] = _join(levels[height], values.copy())
        _compress(levels, turns, self.k)
        return type(self)(tuple(levels), tuple(turns), self.k)

    def merge(self, other: Self) -> Self:
        """Of both parts together; the same whichever comes first."""
        k = min(self.k, other.k)
        height = max(len(self.levels), len(other.levels))
        levels = [_join(_at(self.levels, i), _at(other.levels, i)) for i in range(height)]
        turns = [sum(part.turns[i] for part in (self, other) if i < len(part.turns)) for i in range(height)]
        _compress(levels, turns, k)
        return type(self)(tuple(levels), tuple(turns), k)

    @classmethod
    def of_counts(cls, values: Floats, counts: Counts) -> Self:
        """Of different values, rising, with the number of times each occurs.

        A value that occurs c times goes to the levels of the bits that are set in c.

        Example:
            >>> Kll.of_counts(np.array([1.0, 2.0]), np.array([5, 2])).size
            7
        """
        height = int(counts.max(initial=1)).bit_length()
        levels = [values[(counts >> level) & 1 == 1] for level in range(height)]
        turns = [0] * height
        _compress(levels, turns, K)
        return cls(tuple(levels), tuple(turns))

    def weighted(self) -> tuple[Floats, Counts]:
        """The different items, rising, and the number of values each stands for.

        Weights of repeated items are added up. (deequ kept only the last until 2026, awslabs/deequ#392,
        which made it blind to drift of whole numbers.)
        """
        items = np.concatenate(self.levels)
        weights = np.repeat(
            np.left_shift(np.int64(1), np.arange(len(self.levels))), [len(level) for level in self.levels]
        )
        return add_up(items, weights)

    def quantile(self, share: float) -> float:
        """The smallest item with at least ``share`` (0 to 1) of the values at or below it."""
        return quantile(*self.weighted(), share)


def add_up(values: Floats, weights: Counts) -> tuple[Floats, Counts]:
    """The different values, rising, with the weights of equal ones added up.

    Example:
        >>> [part.tolist() for part in add_up(np.array([2.0, 1.0, 2.0]), np.array([1, 1, 4]))]
        [[1.0, 2.0], [1, 5]]
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]])) if len(ordered) else order
    return ordered[starts], np.add.reduceat(weights[order], starts) if len(starts) else weights


def quantile(values: Floats, weights: Counts, share: float) -> float:
    """The smallest of some rising values with at least ``share`` (0 to 1) of the weight at or below it.

    NumPy's ``inverted_cdf``, definition 1 of Hyndman and Fan (1996).

    Example:
        >>> quantile(np.array([1.0, 2.0, 9.0]), np.array([2, 1, 1]), 0.5)
        1.0
    """
    return float(quantiles(values, weights, np.array([share]))[0])


def quantiles(values: Floats, weights: Counts, shares: Floats) -> Floats:
    """As ``quantile``, of several shares at once.

    Example:
        >>> quantiles(np.array([1.0, 2.0, 9.0]), np.array([2, 1, 1]), np.array([0.0, 0.75, 1.0])).tolist()
        [1.0, 2.0, 9.0]
    """
    total = np.cumsum(weights)
    places = np.searchsorted(total, shares * float(total[-1]), side="left")
    found: Floats = values[np.minimum(places, len(values) - 1)]
    return found


def _at(levels: tuple[Floats, ...], height: int) -> Floats:
    return levels[height] if height < len(levels) else np.empty(0)


def _grow(levels: list[Floats], turns: list[int], height: int) -> None:
    while len(levels) <= height:
        levels.append(np.empty(0))
        turns.append(0)


def _join(one: Floats, two: Floats) -> Floats:
    if len(one) == 0 or len(two) == 0:
        return one if len(two) == 0 else two
    # stable: it merges two sorted runs instead of sorting anew
    return np.sort(np.concatenate([one, two]), kind="stable")


def _compress(levels: list[Floats], turns: list[int], k: int) -> None:
    """Halve the lowest level that is too full until all fit together; an odd last item stays where it is."""
    while True:
        room = [capacity(len(levels) - 1 - height, k) for height in range(len(levels))]
        if sum(len(level) for level in levels) <= sum(room):
            return
        height = next(i for i, level in enumerate(levels) if len(level) > room[i])
        items = levels[height]
        paired = len(items) - len(items) % 2
        _grow(levels, turns, height + 1)
        levels[height + 1] = _join(levels[height + 1], items[turns[height] % 2 : paired : 2])
        levels[height] = items[paired:]
        turns[height] += 1
