"""How many of its own spreads each distance is beyond what is usual, for batches that differ in size."""

from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spalje.drift.cells import Floats

#: What makes the median absolute deviation of normal numbers their standard deviation: 1 / 0.6745.
NORMAL = 1.4826
#: The least spread, in the unit of the distances (a thousandth of the rows): less is a trifle.
FLOOR = 0.001
#: Shape (figures, batches); 32 bits are enough, and half the memory to pass through.
Figures: TypeAlias = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Chance:
    """What chance alone makes of some figures, in units of ``sqrt(1 / n + 1 / m)``.

    Attributes:
        middle: shape (figures,), their median.
        spread: shape (figures,), their median absolute deviation, as a standard deviation.
    """

    middle: Floats
    spread: Floats

    @classmethod
    def of_proportions(cls, deviation: Floats) -> Self:
        """Of the absolute change of a share or another mean, given the standard deviation of one row.

        Half-normal: median 0.6745, spread 0.5917.
        """
        return cls(0.6745 * deviation, 0.5917 * deviation)

    @classmethod
    def of_largest(cls, cumulative: Floats) -> Self:
        """Of one Kolmogorov-Smirnov distance, given the pool's cumulative shares, shape (cells,).

        Of many cells Kolmogorov's distribution: median 0.8276, spread 0.2478, which are 1.655 and
        0.4956 times the largest standard deviation of a cumulative share, 0.5. Of fewer cells the
        median is lower: this is its upper bound.
        """
        deviation = np.sqrt(np.max(cumulative * (1.0 - cumulative), initial=0.0))
        return cls(np.array([1.6551 * deviation]), np.array([0.4956 * deviation]))

    @classmethod
    def of_squares(cls, shares: Floats) -> Self:
        """Of one Euclidean distance of shares, given the pool's, shape (cells,).

        The square is a weighted sum of chi-squares with mean t = 1 - sum p**2; it has about 1 / r
        degrees of freedom, r the sum of the squared weights over t**2 (Welch and Satterthwaite). Its
        root has the median t**0.5 * (1 - 2 r / 9)**1.5 (Wilson and Hilferty 1931).
        """
        two, three = float(np.sum(shares**2)), float(np.sum(shares**3))
        total = max(0.0, 1.0 - two)
        ratio = min(1.0, max(0.0, two - 2 * three + two**2) / total**2) if total else 1.0
        root = total**0.5
        return cls(
            np.array([root * (1 - 2 * ratio / 9) ** 1.5]),
            np.array([root * (ratio / 2) ** 0.5 * (1 - 0.16 * ratio)]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Figures of batches, standardised: how many spreads each is beyond the usual.

    Attributes:
        z: shape (figures, batches), ``(figure - usual) / spread``.
        usual: shape (figures,), the median, for a batch of the last one's size.
        chance: shape (figures,), the part of ``usual`` that is owed to the size.
        spread: shape (figures,), for a batch of the last one's size.
    """

    z: Figures
    usual: Floats
    chance: Floats
    spread: Floats


def standardise(figures: Figures, units: Figures, by_chance: Chance) -> Scores:
    """Put distances of batches from each other in units of their own spread.

    Of batches of one size it is the distance from the median in median absolute deviations
    (1.4826 of them are a standard deviation), at least ``FLOOR``. A smaller batch is further from
    the others by chance, and its distance varies more: what chance explains of the median and of the
    spread grows with the batch's unit, and the rest does not. How much chance explains the batches
    themselves say (complete panels vary less than independent rows); theory is the upper bound.
    Nothing is clipped, so that small and large batches stay equally likely to be the furthest.

    Args:
        figures: shape (figures, batches), distances, each batch from the others.
        units: shape (figures or 1, batches), ``sqrt(1 / n + 1 / m)`` of each, above 0.
        by_chance: what chance makes of each figure.

    Example:
        >>> far = np.array([[0.02, 0.03, 0.04, 0.03, 0.10]])
        >>> scores = standardise(far, np.full((1, 5), 0.01), Chance(np.ones(1), np.ones(1)))
        >>> scores.z.round(2).tolist()
        [[-0.67, 0.0, 0.67, 0.0, 4.72]]
    """
    share = np.minimum(_median(figures / units), by_chance.middle).astype(figures.dtype)
    rest = figures - share[:, None] * units
    middle = _median(rest)
    rest -= middle[:, None]
    own = NORMAL * _median(np.abs(rest))
    typical = _median(units)
    # the part of the variance that chance explains goes with the size
    explained = np.minimum(own, by_chance.spread.astype(figures.dtype) * typical) ** 2
    spread = (units / typical[:, None]) ** 2 - 1.0
    spread = explained[:, None] * spread
    spread += own[:, None] ** 2
    np.sqrt(np.maximum(spread, FLOOR**2, out=spread), out=spread)
    chance = share * units[:, -1]
    last = spread[:, -1].astype(np.float64)
    rest /= spread
    return Scores(rest, (middle + chance).astype(np.float64), chance.astype(np.float64), last)


def _median(figures: Figures) -> Floats:
    """Of each row; by sorting, which takes a sixth of the time of ``np.median``."""
    ordered = np.sort(figures, axis=1)
    last = figures.shape[1]
    found: Floats = (ordered[:, (last - 1) // 2] + ordered[:, last // 2]) / 2
    return found
