"""Count, mean, standard deviation, smallest and largest: they add up without loss of precision."""

import sys
from dataclasses import dataclass
from math import hypot, sqrt
from typing import Self

import numpy as np

from spalje.profile.kll import Counts, Floats

#: Squares of numbers outside these overflow or vanish, so such numbers are scaled first.
SAFE = (1e-150, 1e150)
#: The largest float.
LARGEST = sys.float_info.max


@dataclass(frozen=True, slots=True)
class Moments:
    """Of the finite numbers of a column; everything but ``count`` is 0 when there are none.

    Attributes:
        count: how many.
        mean: in the column's own unit.
        std: population form (divided by count), in the column's own unit, as deequ has it.
        low: the smallest, exact (an int for a column of whole numbers).
        high: the largest, exact.
    """

    count: int = 0
    mean: float = 0.0
    std: float = 0.0
    low: int | float = 0
    high: int | float = 0

    @classmethod
    def of(cls, values: Floats, low: float, high: float, near: float, room: Floats) -> Self:
        """Of at least one finite number, in any order.

        Args:
            values: shape (n,).
            low, high: the smallest and the largest, exact.
            near: a guess of the mean; the nearer, the fewer steps.
            room: shape (n,), is written over; may be ``values`` themselves.

        Example:
            >>> import numpy as np
            >>> Moments.of(np.array([1.0, 2.0, 3.0]), 1, 3, 0.0, np.empty(3)).mean
            2.0
        """
        count = len(values)
        scale = _scale(low, high)
        if scale != 1.0:
            values = values / scale
        near = min(max(near, float(low)), float(high)) / scale
        # the differences from a number near the mean keep the digits that squares of the values lose
        apart = np.subtract(values, near, out=room)
        shift = float(apart.sum()) / count
        square = float(np.einsum("i,i->", apart, apart)) / count
        if shift * shift > square / 2:
            apart -= shift
            near, shift = near + shift, float(apart.sum()) / count
            square = float(np.einsum("i,i->", apart, apart)) / count
        std = sqrt(max(0.0, square - shift * shift))
        return cls(count, (near + shift) * scale, std * scale, low, high)

    @classmethod
    def weighted(cls, values: Floats, counts: Counts, low: float, high: float) -> Self:
        """Of different numbers, rising, and how often each occurs.

        Example:
            >>> Moments.weighted(np.array([0.0, 4.0]), np.array([3, 1]), 0.0, 4.0).mean
            1.0
        """
        count = int(counts.sum())
        scale = _scale(low, high)
        near = values[len(values) // 2] / scale
        apart = values / scale - near
        shift = float((apart * counts).sum()) / count
        apart -= shift
        std = sqrt(float((apart * apart * counts).sum()) / count)
        return cls(count, float(near + shift) * scale, std * scale, low, high)

    def merge(self, other: Self) -> Self:
        """Of both parts together.

        The standard deviations are joined as sides of a right-angled triangle, which is the update of
        Chan, Golub and LeVeque (1979) without squares that could overflow.

        Example:
            >>> both = Moments(1, 1.0, 0.0, 1, 1).merge(Moments(1, 3.0, 0.0, 3, 3))
            >>> both.mean, both.std, both.low, both.high
            (2.0, 1.0, 1, 3)
        """
        if self.count == 0 or other.count == 0:
            return other if self.count == 0 else self
        count = self.count + other.count
        mine, theirs = self.count / count, other.count / count
        low, high = min(self.low, other.low), max(self.high, other.high)
        # parts of the smallest floats would vanish by themselves
        scale = _scale(low, high)
        mean = (self.mean / scale * mine + other.mean / scale * theirs) * scale
        apart = (other.mean / 2 - self.mean / 2) * (2 * sqrt(mine * theirs))
        return type(self)(
            count,
            max(float(low), min(float(high), mean)),
            min(LARGEST, hypot(self.std * sqrt(mine), other.std * sqrt(theirs), apart)),
            low,
            high,
        )

    @property
    def total(self) -> float:
        """The sum; infinite when it is beyond the largest float."""
        return self.mean * self.count


def _scale(low: float, high: float) -> float:
    """What to divide by first, so that squares neither overflow nor vanish; mostly 1."""
    largest = max(abs(float(low)), abs(float(high)))
    return 1.0 if largest == 0.0 or SAFE[0] < largest < SAFE[1] else largest
