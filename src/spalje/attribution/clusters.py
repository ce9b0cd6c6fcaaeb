"""K-prototypes: clusters of rows that have numbers, categories or both (K-means when only numbers)."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from spalje.attribution.attributions import Floats

Labels: TypeAlias = npt.NDArray[np.intp]

#: What a differing category costs, in squared standard deviations of a number: half of the numbers'
#: own standard deviation, which is 1 (Huang 1998, "Extensions to the k-means algorithm", section 3.2).
CATEGORY_COST = 0.5

#: Another cluster is worth having if it lowers the cost by this share of what one cluster costs.
WORTHWHILE = 0.02

#: Starts from other seeds, of which the best is kept; rounds of a start at most; a start has settled
#: when fewer than this share of the rows change cluster.
STARTS = 2
ROUNDS = 50
SETTLED = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows to be clustered.

    Attributes:
        numbers: standardised, without NaN, shape (rows, numbers).
        codes: categories as integers from 0, shape (rows, categories).
    """

    numbers: Floats
    codes: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Which cluster each row is in, 0 to ``count - 1``, none of them empty, and what that costs."""

    labels: Labels
    count: int
    cost: float


def cluster(rows: Rows, count: int, rng: np.random.Generator) -> Clusters:
    """The best of a few starts with ``count`` clusters; fewer when there are not so many different rows.

    The cost is the sum over rows of the squared distance to the cluster's mean plus
    ``CATEGORY_COST`` for each category that is not the cluster's most frequent one.
    """
    return min(
        (_start(rows, count, rng) for _ in range(STARTS if count > 1 else 1)), key=lambda made: made.cost
    )


def choose(rows: Rows, most: int, rng: np.random.Generator) -> Clusters:
    """As few clusters as are worth having: up to ``most``, until one more gains under ``WORTHWHILE``.

    The gain is the fall in cost as a share of the cost of a single cluster, the criterion of the
    "elbow" made a number. Rows without structure get one cluster.
    """
    kept = first = cluster(rows, 1, rng)
    for count in range(2, most + 1):
        more = cluster(rows, count, rng)
        if kept.cost - more.cost < WORTHWHILE * first.cost or first.cost == 0:
            break
        kept = more
    return kept


def _start(rows: Rows, count: int, rng: np.random.Generator) -> Clusters:
    centres = rows_at(rows, _seeds(rows, count, rng))
    labels = np.full(len(rows), -1)
    for _ in range(ROUNDS):
        distance = _distance(rows, centres)
        nearest = distance.argmin(axis=1)
        if (nearest != labels).mean() < SETTLED:
            break
        labels = nearest
        centres = _centres(rows, labels, len(centres))
    distance = _distance(rows, centres)
    labels = distance.argmin(axis=1)
    used, labels = np.unique(labels, return_inverse=True)
    return Clusters(labels, len(used), float(distance.min(axis=1).sum()))


def rows_at(rows: Rows, places: Labels) -> Rows:
    """Some of the rows."""
    return Rows(rows.numbers[places], rows.codes[places])


def _seeds(rows: Rows, count: int, rng: np.random.Generator) -> Labels:
    """Rows far from each other: each drawn in proportion to its cost so far (k-means++, Arthur 2007)."""
    seeds = [int(rng.integers(len(rows)))]
    cost = _distance(rows, rows_at(rows, np.array(seeds)))[:, 0]
    while len(seeds) < count and (total := cost.sum()) > 0:
        seeds.append(int(rng.choice(len(rows), p=cost / total)))
        cost = np.minimum(cost, _distance(rows, rows_at(rows, np.array(seeds[-1:])))[:, 0])
    return np.array(seeds)


def _distance(rows: Rows, centres: Rows) -> Floats:
    """Cost of each row at each centre, shape (rows, centres)."""
    cost = np.empty((len(rows), len(centres)))
    for place, (numbers, codes) in enumerate(zip(centres.numbers, centres.codes, strict=True)):
        difference = rows.numbers - numbers
        cost[:, place] = np.einsum("rn,rn->r", difference, difference)
        cost[:, place] += CATEGORY_COST * np.count_nonzero(rows.codes != codes, axis=1)
    return cost


def _centres(rows: Rows, labels: Labels, count: int) -> Rows:
    """Means and modes of the clusters; an empty one stays nowhere, so that nobody joins it."""
    sizes = np.bincount(labels, minlength=count)
    numbers = np.full((count, rows.numbers.shape[1]), np.inf)
    codes = np.full((count, rows.codes.shape[1]), -1)
    for column in range(numbers.shape[1]):
        sums = np.bincount(labels, weights=rows.numbers[:, column], minlength=count)
        numbers[sizes > 0, column] = sums[sizes > 0] / sizes[sizes > 0]
    for column in range(codes.shape[1]):
        codes[:, column] = modes(labels, rows.codes[:, column], count)
    return Rows(numbers, codes)


def modes(labels: Labels, codes: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """The most frequent code in each cluster, the smallest one of equals, shape (count,)."""
    width = int(codes.max()) + 1
    table = np.bincount(labels * width + codes, minlength=count * width).reshape(count, width)
    return np.asarray(table.argmax(axis=1))
