"""How far each of several batches is from all the others taken together.

With S rows in all, the shares of a batch of n rows differ from those of all batches together by
``(S - n) / S`` of what they differ from those of the others. So the pool is added up once, and no
batch is ever taken out of it. A batch that is put to the others moves the pool, and with it every
distance, by what it differs from the pool: adding it costs a pass over the others' cells.

Batches count in the pool by their rows. Whole numbers of rows add up exactly, and of independent rows
that is the pool with the least noise; that the pool treats all batches alike is what matters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spalje.drift.cells import Counts, Floats
from spalje.drift.spread import Figures

#: Shape (batches, cells), rows.
Table: TypeAlias = NDArray[np.int64]
#: Differences of cumulative shares are kept as whole numbers up to this: sixteen bits instead of 64 are
#: a quarter of the memory to pass through. Half of what fits, since two are subtracted.
LARGEST = 16_000
#: Numbers that are worked on at a time: they stay in the processor's cache.
CACHED = 2**17


@dataclass(frozen=True, slots=True, eq=False)
class Cumulative:
    """The cumulative shares of some columns, of several batches and of all of them together.

    Columns with fewer cells than others are filled up with zeros.

    Attributes:
        sizes: shape (columns, batches), rows that have a value.
        shares: shape (columns, cells), of all batches together.
        apart: shape (columns, batches, cells), of each batch less those of all together, in ``grain``.
        grain: shape (columns,), so that the largest of ``apart`` is ``LARGEST``.
    """

    sizes: Floats
    shares: Floats
    apart: NDArray[np.int16]
    grain: Floats

    @classmethod
    def of(cls, tables: Sequence[Table], batches: int | None = None) -> Self:
        """Of rows per cell, a table per column, of which there may be none when ``batches`` are given.

        A batch without a value is like all together.
        """
        sizes = _sizes(tables, batches)
        parts = [_apart(np.cumsum(table, axis=1), size) for table, size in zip(tables, sizes, strict=True)]
        grain = np.array([np.abs(apart).max(initial=0.0) / LARGEST for _, apart in parts])
        grain = np.maximum(grain, np.finfo(np.float32).tiny)
        rounded = [np.rint(apart / unit) for (_, apart), unit in zip(parts, grain, strict=True)]
        return cls(sizes, _filled([shares for shares, _ in parts]), _filled(rounded).astype(np.int16), grain)

    def distances(self) -> Floats:
        """Kolmogorov-Smirnov's distance of each batch from the others, shape (columns, batches).

        Example:
            >>> Cumulative.of([np.array([[3, 1], [1, 3], [2, 2]])]).distances().round(3).tolist()
            [[0.375, 0.375, 0.0]]
        """
        furthest = np.abs(self.apart).max(axis=2, initial=0) * self.grain[:, None]
        found: Floats = furthest * _factors(self.sizes, self.sizes.sum(axis=1))
        return found

    def distances_with(self, cells: Sequence[Counts]) -> Floats:
        """Of each batch from all others, with one more among them, which is the last.

        Args:
            cells: of that one, rows per cell of each column.

        Returns:
            shape (columns, batches + 1).

        Example:
            >>> parts = np.array([[3, 1], [1, 3], [2, 2], [4, 0]])
            >>> far = Cumulative.of([parts[:3]]).distances_with([parts[3]])
            >>> bool(np.allclose(far, Cumulative.of([parts]).distances(), atol=1e-4))
            True
        """
        sizes, new, weights = _new(cells, self.sizes, self.shares, cumulative=True)
        steps = new * (weights / self.grain)[:, None]
        small = np.abs(steps).max(axis=1, initial=0.0) <= LARGEST
        whole = np.rint(np.where(small[:, None], steps, 0.0)).astype(np.int16)[:, None]
        furthest = np.empty(self.sizes.shape)
        # as many columns at a time as stay in the cache
        some = max(1, CACHED // max(1, self.apart[:1].size))
        for first in range(0, len(self.apart), some):
            part = self.apart[first : first + some] - whole[first : first + some]
            furthest[first : first + some] = np.abs(part, out=part).max(axis=2, initial=0)
        for column in np.flatnonzero(~small):
            furthest[column] = np.abs(self.apart[column] - steps[column]).max(axis=1, initial=0.0)
        far = furthest * self.grain[:, None] * _factors(self.sizes, self.sizes.sum(axis=1) + sizes)
        # the new one's distance from the others is what it differs from their pool
        return np.column_stack([far, np.abs(new).max(axis=1, initial=0.0)])


@dataclass(frozen=True, slots=True, eq=False)
class Plain:
    """The shares of some columns' cells, of several batches and of all of them together.

    Attributes:
        sizes: shape (columns, batches), rows that have a value.
        shares: shape (columns, cells), of all batches together.
        apart: shape (columns, batches, cells), of each batch less those of all together.
        squares: shape (columns, batches), the sums of the squares of ``apart``.
    """

    sizes: Floats
    shares: Floats
    apart: NDArray[np.float32]
    squares: Floats

    @classmethod
    def of(cls, tables: Sequence[Table], batches: int | None = None) -> Self:
        """Of rows per cell, a table per column, of which there may be none when ``batches`` are given.

        A batch without a value is like all together.
        """
        sizes = _sizes(tables, batches)
        parts = [_apart(table, size) for table, size in zip(tables, sizes, strict=True)]
        if not parts:
            return cls(sizes, np.zeros((0, 0)), np.zeros((0, sizes.shape[1], 0), dtype=np.float32), sizes)
        apart = _filled([part for _, part in parts]).astype(np.float32)
        squares = np.vecdot(apart, apart).astype(np.float64)
        return cls(sizes, _filled([shares for shares, _ in parts]), apart, squares)

    def distances(self) -> Floats:
        """Euclid's distance of each batch from the others, shape (columns, batches)."""
        found: Floats = np.sqrt(self.squares) * _factors(self.sizes, self.sizes.sum(axis=1))
        return found

    def distances_with(self, cells: Sequence[Counts]) -> Floats:
        """Of each batch from all others, with one more among them, which is the last.

        Args:
            cells: of that one, rows per cell of each column.

        Returns:
            shape (columns, batches + 1).

        Example:
            >>> parts = np.array([[3, 1], [1, 3], [2, 2], [4, 0]])
            >>> far = Plain.of([parts[:3]]).distances_with([parts[3]])
            >>> bool(np.allclose(far, Plain.of([parts]).distances(), atol=1e-6))
            True
        """
        sizes, new, weights = _new(cells, self.sizes, self.shares, cumulative=False)
        square = np.vecdot(new, new)
        along = np.vecdot(self.apart, new[:, None].astype(np.float32))
        steps = weights[:, None]
        squares = self.squares - 2.0 * steps * along + steps**2 * square[:, None]
        far = np.sqrt(np.maximum(0.0, squares)) * _factors(self.sizes, self.sizes.sum(axis=1) + sizes)
        return np.column_stack([far, np.sqrt(square)])


def from_the_others(values: Figures, weights: Figures) -> Figures:
    """How far each batch's own value of some figures is from the mean of the others'.

    Args:
        values: shape (figures, batches).
        weights: shape (figures or 1, batches), what each counts for; where no other batch counts,
            one is at no distance.

    Returns:
        shape (figures, batches), 0 upwards.

    Example:
        >>> from_the_others(np.array([[1.0, 2.0, 6.0]]), np.ones((1, 3))).tolist()
        [[3.0, 1.5, 4.5]]
    """
    total = weights.sum(axis=1, keepdims=True)
    mean = np.vecdot(values, weights)[:, None] / np.where(total > 0, total, 1.0)
    others = total - weights
    factors = np.where(others > 0, total / np.where(others > 0, others, 1.0), 0.0)
    apart: Figures = values - mean.astype(values.dtype)
    np.abs(apart, out=apart)
    apart *= factors.astype(values.dtype)
    return apart


def _sizes(tables: Sequence[Table], batches: int | None = None) -> Floats:
    if not tables:
        return np.zeros((0, batches or 0))
    return np.array([table.sum(axis=1) for table in tables], dtype=np.float64)


def _apart(summed: Table, sizes: Floats) -> tuple[Floats, Floats]:
    """Shares of all batches together, and those of each less these."""
    pooled = summed.sum(axis=0) / max(1.0, float(sizes.sum()))
    own = np.where(sizes[:, None] > 0, summed / np.maximum(sizes, 1.0)[:, None], pooled)
    return pooled, own - pooled


def _filled(parts: Sequence[Floats]) -> Floats:
    """Arrays of one shape but for the number of cells, filled up with zeros to one array."""
    if not parts:
        return np.zeros((0, 0))
    width = max(part.shape[-1] for part in parts)
    found = np.zeros((len(parts), *parts[0].shape[:-1], width))
    for place, part in zip(found, parts, strict=True):
        place[..., : part.shape[-1]] = part
    return found


def _new(
    cells: Sequence[Counts], sizes: Floats, shares: Floats, *, cumulative: bool
) -> tuple[Floats, Floats, Floats]:
    """Of a new batch: its rows, what its shares are more than the others', and its weight among them."""
    counts = np.zeros(shares.shape)
    for place, part in zip(counts, cells, strict=True):
        place[: len(part)] = part
    own = counts.sum(axis=1)
    divisors = np.maximum(own, 1.0)[:, None]
    if cumulative:
        found = np.cumsum(counts, axis=1) / divisors - shares
        for place, part in zip(found, cells, strict=True):
            place[len(part) :] = 0.0
    else:
        found = counts / divisors - shares
    found[own == 0] = 0.0
    return own, found, own / np.maximum(1.0, own + sizes.sum(axis=1))


def _factors(sizes: Floats, total: Floats) -> Floats:
    """By how much the others are further off than all together; 1 where there are no others."""
    others = total[:, None] - sizes
    factors: Floats = np.where(others > 0, total[:, None] / np.where(others > 0, others, 1.0), 1.0)
    return factors
