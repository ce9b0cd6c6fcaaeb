"""Cells that a baseline freezes: counts of rows per cell, by which batches are compared exactly.

Once a column's cells are fixed, a batch needs nothing but whole numbers of rows per cell. These add up
exactly, whatever the order of the parts, and every distance can be had from them.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spalje.fingerprint import fingerprint
from spalje.profile.column import Column
from spalje.profile.kind import Kind
from spalje.profile.kll import Counts, Floats
from spalje.profile.number import Numbers
from spalje.profile.profile import Profile
from spalje.profile.text import Texts

#: Shape (n,), numbers less their grid's centre, in 32-bit floats.
Rounded: TypeAlias = NDArray[np.float32]
#: Cells of equal share that a column of numbers is cut into.
CELLS = 511
#: A value that this share of the rows has is a point mass and gets a cell of its own.
MASS = 1.0 / CELLS
#: Categories that get a cell of their own, the most frequent ones.
CATEGORIES = 512
#: Ranks nearer to 0 or 1 than this score as this: half the middle rank of an outermost cell, so that
#: the empty cells beyond the baseline's numbers have finite scores (-3.3 and 3.3).
OUTERMOST = MASS / 4
#: Differences of numbers that are not worth a cell, in standard deviations of the column.
DUST = 1e-4
#: Decimals of a score, fewer than mathematical libraries agree on: a grid is the same everywhere.
SCORE_DECIMALS = 6


@dataclass(frozen=True, slots=True, eq=False)
class NumberGrid:
    """Where the cells of a column of numbers end.

    Cell i holds the numbers x with ``edges[i - 1] < float32(x - centre) <= edges[i]``; the first and
    the last reach to infinity. Rounding to 32 bits is part of the definition: it keeps order, and more
    than halves the time of sorting. A point mass p is the cell between the 32-bit float below p and p.

    Attributes:
        edges: shape (cells - 1,), rising, in the column's own unit, from the centre.
        scores: shape (cells,): the normal score of each cell's middle rank in the baseline.
        centre: taken off before rounding; 0 unless the numbers are too close together for their size.
    """

    edges: Rounded
    scores: Floats
    centre: float = 0.0

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return len(self.edges) + 1

    @property
    def bounds(self) -> Floats:
        """The edges as numbers of the column, shape (cells - 1,)."""
        return self.edges.astype(np.float64) + self.centre

    def rounded(self, numbers: NDArray[np.number]) -> Rounded:
        """Numbers less the centre in 32 bits; those beyond the largest 32-bit float are infinite."""
        values = numbers.astype(np.float64, copy=False)
        with np.errstate(over="ignore"):
            return (values - self.centre if self.centre else values).astype(np.float32)

    def count(self, ordered: Rounded) -> Counts:
        """Rows in each cell.

        Args:
            ordered: shape (n,), ``rounded`` numbers, rising, without NaN.

        Returns:
            shape (cells,).

        Example:
            >>> grid = NumberGrid(np.array([1, 2], dtype=np.float32), np.zeros(3))
            >>> grid.count(np.array([0.5, 1, 1.5, 2, 9], dtype=np.float32)).tolist()
            [2, 2, 1]
        """
        up_to = np.searchsorted(ordered, self.edges, side="right")
        return np.diff(up_to, prepend=0, append=len(ordered)).astype(np.int64, copy=False)

    def weigh(self, values: Floats, counts: Counts) -> Counts:
        """Rows in each cell, shape (cells,), of different values and the rows that each stands for."""
        found = np.zeros(self.cells, dtype=np.int64)
        np.add.at(found, self.places(self.rounded(values)), counts)
        return found

    def places(self, rounded: Rounded) -> NDArray[np.intp]:
        """The cell of each ``rounded`` number, in any order."""
        return np.searchsorted(self.edges, rounded, side="left")


@dataclass(frozen=True, slots=True, eq=False)
class CategoryGrid:
    """The categories that are counted apart.

    Cell i holds ``values[i]``; the last but one holds OTHER values that the baseline knew, the last
    UNSEEN ones, which it did not know.

    Attributes:
        values: shape (cells - 2,), the most frequent first.
        known: all values the baseline knew, those of ``values`` among them.
        complete: False when the baseline had too many values to know all: then no value is unseen.
    """

    values: pa.StringArray
    known: pa.StringArray
    complete: bool = True

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return len(self.values) + 2

    def count(self, values: pa.StringArray, counts: Counts) -> Counts:
        """Rows in each cell.

        Args:
            values: shape (m,), without nulls.
            counts: shape (m,), rows with each.

        Returns:
            shape (cells,).

        Example:
            >>> grid = CategoryGrid(pa.array(["a"]), pa.array(["a", "b"]))
            >>> grid.count(pa.array(["b", "a", "z"]), np.array([1, 5, 2])).tolist()
            [5, 1, 2]
        """
        other, unseen = self.cells - 2, self.cells - 1
        places = pc.index_in(values, value_set=self.values).fill_null(other).to_numpy(zero_copy_only=False)
        if self.complete:
            known = pc.is_in(values, value_set=self.known).to_numpy(zero_copy_only=False)
            places = np.where(known, places, unseen)
        found = np.zeros(self.cells, dtype=np.int64)
        np.add.at(found, places, counts)
        return found


Grid: TypeAlias = NumberGrid | CategoryGrid


@dataclass(frozen=True, slots=True, eq=False)
class Grids:
    """The cells of each column of a baseline.

    Attributes:
        columns: name -> grid. Days, moments and spans, of which later ones are always new, have none;
            nor has a column that had no value.
        fingerprint: SHA-256 of the cells: only counts over the same cells add up.
    """

    columns: Mapping[str, Grid]
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        content = {name: _content(grid) for name, grid in self.columns.items()}
        object.__setattr__(self, "fingerprint", fingerprint(content))

    def fitting(self, name: str, kind: Kind) -> Grid | None:
        """The grid that a column of some kind can be counted into.

        Whole, fractional and decimal numbers are one thing here; so are strings, categories and
        flags; a column that is all null and has no type fits every grid.
        """
        grid = self.columns.get(name)
        wanted = NumberGrid if kind.numeric else CategoryGrid
        return grid if kind is Kind.UNKNOWN or (isinstance(grid, wanted) and not kind.temporal) else None


def freeze(profile: Profile) -> Grids:
    """The cells that a baseline's profile gives; the same profile always gives the same.

    Example:
        >>> from spalje.profile.scan import profile_batches
        >>> batch = pa.RecordBatch.from_pydict({"x": [1.5, 2.5], "word": ["a", "b"]})
        >>> {name: grid.cells for name, grid in freeze(profile_batches([batch])).columns.items()}
        {'x': 5, 'word': 4}
    """
    grids = {name: _grid(column) for name, column in profile.columns.items()}
    return Grids({name: grid for name, grid in grids.items() if grid is not None})


def number_grid(numbers: Numbers) -> NumberGrid | None:
    """The grid that a baseline's numbers give: cells of equal share, point masses apart.

    None when there is no number, or when all are beyond what 32-bit floats hold.

    Example:
        >>> number_grid(Numbers(whole=True).add(np.array([0, 0, 0, 1, 7]))).edges.tolist()[-2:]
        [6.999999523162842, 7.0]
    """
    if not numbers.moments.count:
        return None
    values, weights = numbers.weighted()
    bare = NumberGrid(np.empty(0, dtype=np.float32), np.zeros(1))
    if _blurred(values, bare.rounded(values), weights, numbers.moments.std):
        middle = float(values[len(values) // 2])
        bare = NumberGrid(bare.edges, bare.scores, middle)
    rounded = bare.rounded(values)
    if _blurred(values, rounded, weights, numbers.moments.std) or not np.isfinite(rounded).all():
        return None
    total = int(weights.sum())
    starts = np.flatnonzero(np.concatenate([[True], rounded[1:] != rounded[:-1]]))
    heavy = rounded[starts[np.add.reduceat(weights, starts) >= MASS * total]]
    with np.errstate(over="ignore"):
        below = np.nextafter(heavy, np.float32(-np.inf))
    below = below[np.isfinite(below)]
    places = np.searchsorted(np.cumsum(weights), np.arange(1, CELLS) / CELLS * total, side="left")
    edges = np.unique(np.concatenate([rounded[places], below, heavy]))
    grid = NumberGrid(edges, np.zeros(len(edges) + 1), bare.centre)
    return NumberGrid(edges, normal_scores(grid.weigh(values, weights)), bare.centre)


def category_grid(texts: Texts) -> CategoryGrid:
    """The grid that a baseline's categories give."""
    top = np.lexsort((np.arange(len(texts.counts)), -texts.counts))[:CATEGORIES]
    return CategoryGrid(texts.values.take(pa.array(top)), texts.values, texts.exact)


def normal_scores(counts: Counts) -> Floats:
    """The standard normal number at the middle rank of each cell (van der Waerden 1952).

    Args:
        counts: shape (cells,), rows in each cell, at least one in all.

    Returns:
        shape (cells,), never falling.

    Example:
        >>> normal_scores(np.array([1, 2, 1])).tolist()
        [-1.150349, 0.0, 1.150349]
    """
    ranks = (np.cumsum(counts) - counts / 2) / counts.sum()
    inverse = NormalDist().inv_cdf
    clipped = np.clip(ranks, OUTERMOST, 1 - OUTERMOST).tolist()
    return np.array([round(inverse(rank), SCORE_DECIMALS) for rank in clipped])


def _grid(column: Column) -> Grid | None:
    if column.numbers is not None and not column.kind.temporal:
        return number_grid(column.numbers)
    if column.texts is not None and column.texts.count:
        return category_grid(column.texts)
    return None


def _content(grid: Grid) -> dict[str, object]:
    if isinstance(grid, NumberGrid):
        return {"edges": grid.edges.tolist(), "scores": grid.scores.tolist(), "centre": grid.centre}
    return {
        "values": _hash(grid.values),
        "known": _hash(grid.known),
        "complete": grid.complete,
    }


def _hash(values: pa.StringArray) -> str:
    # with their lengths, so that ("ab", "c") is not ("a", "bc")
    words = [value.encode() for value in values.to_pylist()]
    return hashlib.sha256(b"".join(b"%d:%s" % (len(word), word) for word in words)).hexdigest()


def _blurred(values: Floats, rounded: Rounded, weights: Counts, std: float) -> bool:
    """Whether numbers that together make up a point mass have become one by rounding, and it matters.

    What lies within ``DUST`` standard deviations is one number: sums of fractions differ by so much.
    """
    starts = np.flatnonzero(np.concatenate([[True], rounded[1:] != rounded[:-1]]))
    ends = np.append(starts[1:], len(rounded)) - 1
    with np.errstate(over="ignore"):
        apart = values[ends] - values[starts] > DUST * std
    heavy = np.add.reduceat(weights, starts) >= MASS * weights.sum()
    return bool(np.any(apart & heavy))
