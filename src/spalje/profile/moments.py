"""Count, mean, standard deviation, smallest and largest: they add up without loss of precision."""

import sys
from dataclasses import dataclass
from math import hypot, sqrt
from typing import Self

from spalje.profile.kll import Floats

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
    def of(cls, values: Floats, low: float, high: float) -> Self:
        """Of at least one finite number, rising; ``low`` and ``high`` are the first and last, exact.

        Example:
            >>> import numpy as np
            >>> Moments.of(np.array([1.0, 2.0, 3.0]), 1, 3).mean
            2.0
        """
        largest = max(abs(float(low)), abs(float(high)))
        scale = 1.0 if largest == 0.0 or SAFE[0] < largest < SAFE[1] else largest
        scaled = values if scale == 1.0 else values / scale
        centre = float(scaled.mean())
        return cls(len(values), centre * scale, float(scaled.std(mean=centre)) * scale, low, high)

    def merge(self, other: Self) -> Self:
        """Of both parts together.

        The standard deviations are joined as sides of a right-angled triangle, which is the update of
        Chan, Golub and LeVeque (1979) without squares that could overflow.

        Example:
            >>> import numpy as np
            >>> both = Moments.of(np.array([1.0]), 1, 1).merge(Moments.of(np.array([3.0]), 3, 3))
            >>> both.mean, both.std, both.low, both.high
            (2.0, 1.0, 1, 3)
        """
        if self.count == 0 or other.count == 0:
            return other if self.count == 0 else self
        count = self.count + other.count
        mine, theirs = self.count / count, other.count / count
        apart = (other.mean / 2 - self.mean / 2) * (2 * sqrt(mine * theirs))
        return type(self)(
            count,
            max(-LARGEST, min(LARGEST, self.mean * mine + other.mean * theirs)),
            min(LARGEST, hypot(self.std * sqrt(mine), other.std * sqrt(theirs), apart)),
            min(self.low, other.low),
            max(self.high, other.high),
        )

    @property
    def total(self) -> float:
        """The sum; infinite when it is beyond the largest float."""
        return self.mean * self.count
