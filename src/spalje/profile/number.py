"""What is known of the finite numbers of a column."""

from dataclasses import dataclass, field, replace
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from spalje.profile.distinct import Distinct
from spalje.profile.hashing import Hashes, hash_floats, hash_integers
from spalje.profile.kll import Counts, Floats, Kll, quantile
from spalje.profile.moments import Moments
from spalje.profile.points import LIMIT, Points

#: Whole numbers up to here are floats without loss; beyond, neighbours would be taken for one number.
EXACT = 2**53


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """A summary of finite numbers, in one of two forms.

    While there are few different numbers every one is counted (``points``) and all that follows is
    exact. When there are more than ``points.LIMIT``, or whole numbers beyond ``EXACT``, a quantile
    sketch and the smallest hashes take over. Which form a summary has depends on the set of numbers
    alone, never on the order of the parts.

    Attributes:
        whole: True for a column of whole numbers, whose lowest and highest are ints.
        moments: count, mean, standard deviation, lowest, highest.
        negative: how many are below 0.
        integral: how many have no decimals.
        points: exact counts, or None.
        sketch: quantiles, or None while ``points`` is there.
        distinct: hashes, or None while ``points`` is there or when it is unknown (an imported sketch).

    Example:
        >>> numbers = Numbers(whole=True).add(np.array([1, 1, 4]))
        >>> numbers.moments.mean, numbers.different, numbers.quantile(0.5)
        (2.0, 2, 1.0)
    """

    whole: bool = False
    moments: Moments = field(default_factory=Moments)
    negative: int = 0
    integral: int = 0
    points: Points | None = field(default_factory=Points)
    sketch: Kll | None = None
    distinct: Distinct | None = None

    @classmethod
    def of_counts(cls, numbers: NDArray[np.number], counts: Counts, whole: bool) -> Self:
        """Of different finite numbers, rising (whole ones as integers), and how often each occurs."""
        if len(numbers) == 0:
            return cls(whole=whole)
        # 0.0 and -0.0 are one number
        values = numbers.astype(np.float64) + 0.0
        exact = int if whole else float
        low, high = exact(numbers[0]), exact(numbers[-1])
        fits = len(values) <= LIMIT and (not whole or -EXACT <= low <= high <= EXACT)
        return cls(
            whole,
            Moments.weighted(values, counts, low, high),
            negative=int(counts[: np.searchsorted(values, 0.0)].sum()),
            integral=int(counts.sum() if whole else counts[values == np.floor(values)].sum()),
            points=Points(values, counts) if fits else None,
            sketch=None if fits else Kll.of_counts(values, counts),
            distinct=None
            if fits
            else Distinct().add(hash_integers(numbers) if whole else hash_floats(values)),
        )

    def add(self, numbers: NDArray[np.number]) -> Self:
        """With more numbers: finite, whole ones as integers."""
        different, counts = np.unique(numbers, return_counts=True)
        return self.merge(type(self).of_counts(different, counts, self.whole))

    def merge(self, other: Self) -> Self:
        """Of both parts together."""
        merged = replace(
            self,
            moments=self.moments.merge(other.moments),
            negative=self.negative + other.negative,
            integral=self.integral + other.integral,
        )
        points = None if self.points is None or other.points is None else self.points.merge(other.points)
        if points is not None:
            return replace(merged, points=points)
        (sketch, distinct), (their_sketch, their_distinct) = self._sketched(), other._sketched()
        return replace(
            merged,
            points=None,
            sketch=sketch.merge(their_sketch),
            distinct=distinct.merge(their_distinct) if distinct and their_distinct else None,
        )

    @property
    def different(self) -> int | None:
        """How many different numbers: exact with ``points``, else estimated; None when it is unknown."""
        if self.points is not None:
            return len(self.points.values)
        return None if self.distinct is None else self.distinct.estimate

    def weighted(self) -> tuple[Floats, Counts]:
        """Rising numbers and the rows that each stands for; they add up to ``moments.count``."""
        if self.points is not None:
            return self.points.values, self.points.counts
        return self._sketched()[0].weighted()

    def quantile(self, share: float) -> float:
        """The smallest number with at least ``share`` (0 to 1) of the rows at or below it.

        Exact with ``points``, else with a rank error of about 0.0005. There must be at least one number.
        """
        inside = quantile(*self.weighted(), share)
        ends = {0.0: float(self.moments.low), 1.0: float(self.moments.high)}
        return ends.get(share, inside)

    def below(self, bounds: Floats) -> Floats:
        """How many numbers are less than each of some bounds.

        Args:
            bounds: shape (n,), in the column's own unit.

        Returns:
            shape (n,), rows; exact with ``points``.
        """
        return self._counted(bounds, "left")

    def above(self, bounds: Floats) -> Floats:
        """How many numbers are greater than each of some bounds; see ``below``."""
        return self.moments.count - self._counted(bounds, "right")

    def _counted(self, bounds: Floats, side: Literal["left", "right"]) -> Floats:
        values, counts = self.weighted()
        running = np.concatenate([[0.0], np.cumsum(counts)])
        rows: Floats = running[np.searchsorted(values, bounds, side=side)]
        return rows

    def _sketched(self) -> tuple[Kll, Distinct | None]:
        if self.points is None:
            return self.sketch or Kll(), self.distinct
        hashes: Hashes = (
            hash_integers(self.points.values.astype(np.int64))
            if self.whole
            else hash_floats(self.points.values)
        )
        return Kll.of_counts(self.points.values, self.points.counts), Distinct().add(hashes)
