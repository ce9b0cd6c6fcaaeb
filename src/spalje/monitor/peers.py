"""Good batches of one season beside each other: how far each is from the others, figure by figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from spalje.drift.cells import Counts, Floats
from spalje.drift.fisher import transformed
from spalje.drift.leave_one_out import Cumulative, Plain, from_the_others
from spalje.drift.spread import Chance, Figures
from spalje.monitor.family import Family
from spalje.profile.sketch import Sketch

#: Coarse cells of numbers. Of 16, 32, 64, 128 and 511 this had the most power over shifts, scales and
#: spikes together, in batches with and without a wobble of their own.
COARSE = 128
#: Coarse cells of categories: the frequent ones apart, then ever more of them together.
GROWTH = 1.35

#: Shape (cells,) of groups: where each begins.
Starts = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Figures that have the size of their batches in common.

    Attributes:
        figures: shape (figures, batches), distances, each batch from the others.
        units: shape (figures or 1, batches), ``sqrt(1 / n + 1 / m)``, n rows and m of the others.
    """

    figures: Figures
    units: Figures

    def beside(self, other: Self) -> Self:
        """With further batches after its own."""
        rows = max(len(self.units), len(other.units))
        parts = [np.broadcast_to(part.units, (rows, part.units.shape[1])) for part in (other, self)]
        return type(self)(np.hstack([other.figures, self.figures]), np.hstack(parts))


@dataclass(frozen=True, slots=True, eq=False)
class Peers:
    """Good batches of one season.

    Attributes:
        family: what is measured.
        rows: shape (batches,).
        numbers: the cells of the columns of numbers, one after the other.
        spikes: their coarse cells.
        categories: the cells of the columns of categories.
        tails: their coarse cells.
        totals: of each column, rows per cell in all batches together.
        starts: of each column, where its coarse cells begin.
        unseen: shape (categories, batches), shares of the values.
        shares: shape (columns + numbers, batches), of nulls, then of not finite numbers.
        sampled: shape (batches,), rows that correlations are from; 1 where there are none.
        pairs: shape (pairs, batches), Fisher's transformation of the correlations.
    """

    family: Family
    rows: Floats
    numbers: Cumulative
    spikes: Plain
    categories: Plain
    tails: Cumulative
    totals: tuple[Counts, ...]
    starts: tuple[Starts, ...]
    unseen: Floats
    shares: Floats
    sampled: Floats
    pairs: Floats

    @classmethod
    def of(cls, family: Family, sketches: Sequence[Sketch]) -> Self:
        """Of sketches that have all columns of the family."""
        cells = [np.stack([sketch.cells[name] for sketch in sketches]) for name in family.columns]
        split = len(family.numbers)
        starts = [coarse(table.shape[1], ordered=number < split) for number, table in enumerate(cells)]
        groups = [np.add.reduceat(table, start, axis=1) for table, start in zip(cells, starts, strict=True)]
        single = [_single(family, sketch) for sketch in sketches]
        return cls(
            family,
            np.array([float(sketch.rows) for sketch in sketches]),
            Cumulative.of(cells[:split], len(sketches)),
            Plain.of(groups[:split], len(sketches)),
            Plain.of(cells[split:], len(sketches)),
            Cumulative.of(groups[split:], len(sketches)),
            tuple(table.sum(axis=0) for table in cells),
            tuple(starts),
            np.stack([each[0] for each in single], axis=1),
            np.stack([each[1] for each in single], axis=1),
            np.array([_sampled(sketch) for sketch in sketches]),
            np.stack([_pairs(family, sketch) for sketch in sketches], axis=1),
        )

    def blocks(self) -> tuple[Block, ...]:
        """Each batch from the others: of values, of shares of the rows, of rows, of pairs."""
        far = [part.distances() for part in (self.numbers, self.categories, self.spikes, self.tails)]
        sizes = [self.numbers.sizes, self.categories.sizes]
        return self._blocks(far, sizes, self.unseen, self.shares, self.rows, self.sampled, self.pairs)

    def blocks_with(self, sketch: Sketch) -> tuple[Block, ...]:
        """The same with one more batch among them, which is the last."""
        cells = [
            sketch.cells[name] if name in sketch.cells else np.zeros_like(total)
            for name, total in zip(self.family.columns, self.totals, strict=True)
        ]
        groups = [np.add.reduceat(part, start) for part, start in zip(cells, self.starts, strict=True)]
        split = len(self.family.numbers)
        far = [
            self.numbers.distances_with(cells[:split]),
            self.categories.distances_with(cells[split:]),
            self.spikes.distances_with(groups[:split]),
            self.tails.distances_with(groups[split:]),
        ]
        own = np.array([part.sum() for part in groups], dtype=np.float64)
        unseen, shares = _single(self.family, sketch)
        return self._blocks(
            far,
            [
                np.column_stack([self.numbers.sizes, own[:split]]),
                np.column_stack([self.categories.sizes, own[split:]]),
            ],
            np.column_stack([self.unseen, unseen]),
            np.column_stack([self.shares, shares]),
            np.append(self.rows, float(sketch.rows)),
            np.append(self.sampled, _sampled(sketch)),
            np.column_stack([self.pairs, _pairs(self.family, sketch)]),
        )

    def _blocks(
        self,
        far: list[Floats],
        sizes: list[Floats],
        unseen: Floats,
        shares: Floats,
        rows: Floats,
        sampled: Floats,
        pairs: Floats,
    ) -> tuple[Block, ...]:
        batches = len(rows)
        numbers, categories = (part.reshape(-1, batches) for part in sizes)
        parts = [part.reshape(-1, batches) for part in far]
        units = np.vstack([_units(numbers), _units(categories)])
        ones = np.ones((1, batches), dtype=np.float32)
        logs = np.log(np.maximum(rows, 1.0))[None]
        return (
            Block(
                np.vstack([*parts, from_the_others(unseen, categories)]).astype(np.float32),
                np.vstack([units, units, units[len(numbers) :]]),
            ),
            Block(from_the_others(shares, rows[None]).astype(np.float32), _units(rows[None])),
            Block(from_the_others(logs, ones).astype(np.float32), ones),
            Block(from_the_others(pairs, sampled[None]), _units(sampled[None])),
        )

    def by_chance(self) -> tuple[Chance, ...]:
        """What chance makes of the figures of each block."""
        columns = [
            *(Chance.of_largest(shares) for shares in self.numbers.shares),
            *(Chance.of_squares(shares) for shares in self.categories.shares),
            *(Chance.of_squares(shares) for shares in self.spikes.shares),
            *(Chance.of_largest(shares) for shares in self.tails.shares),
        ]
        unseen = Chance.of_proportions(_deviation(self.unseen, self.categories.sizes))
        return (
            Chance(
                np.concatenate([*(each.middle for each in columns), unseen.middle]),
                np.concatenate([*(each.spread for each in columns), unseen.spread]),
            ),
            Chance.of_proportions(_deviation(self.shares, self.rows[None])),
            Chance(np.zeros(1), np.zeros(1)),
            Chance.of_proportions(np.ones(len(self.pairs))),
        )


def coarse(cells: int, *, ordered: bool) -> Starts:
    """Where coarse cells begin, among some number of cells.

    Of numbers about ``COARSE`` of equal width; of categories, which are in the order of their frequency,
    ever wider ones. Nothing but the number of cells counts, so that no batch has a say in it.

    Example:
        >>> coarse(511, ordered=True)[:3].tolist(), coarse(30, ordered=False).tolist()
        ([0, 4, 8], [0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 22, 28, 29])
    """
    if ordered:
        return np.arange(0, cells, -(-cells // COARSE))
    places, place = [0], 1
    while place < cells - 2:
        places.append(place)
        place = max(place + 1, int(place * GROWTH))
    # rarer and unseen ones apart
    return np.array([*places, *(each for each in (cells - 2, cells - 1) if each > places[-1])])


def _single(family: Family, sketch: Sketch) -> tuple[Floats, Floats]:
    """Shares of values that are unseen, by category; shares of rows that are null, then not finite."""
    unseen = []
    for name in family.categories:
        cells = sketch.cells.get(name)
        total = 0 if cells is None else int(cells.sum())
        unseen.append(0.0 if cells is None or not total else float(cells[-1]) / total)
    rows = max(1, sketch.rows)
    nulls = [sketch.nulls.get(name, 0) / rows for name in family.columns]
    strange = [sketch.not_finite.get(name, 0) / rows for name in family.numbers]
    return np.array(unseen, dtype=np.float64), np.array(nulls + strange, dtype=np.float64)


def _sampled(sketch: Sketch) -> float:
    """Rows less the three that Fisher's transformation takes off."""
    return max(1.0, sketch.gram.rows - 3.0) if sketch.gram else 1.0


def _pairs(family: Family, sketch: Sketch) -> NDArray[np.float32]:
    names = family.correlated
    one, two = np.triu_indices(len(names), 1)
    if sketch.gram is None:
        return np.zeros(len(one), dtype=np.float32)
    if sketch.gram.columns != names:
        place = {name: number for number, name in enumerate(sketch.gram.columns)}
        missing = [name for name in names if name not in place]
        if missing:
            return np.zeros(len(one), dtype=np.float32)
        order = np.array([place[name] for name in names], dtype=np.intp)
        one, two = order[one], order[two]
    return transformed(sketch.gram.correlations[one, two]).astype(np.float32)


def _units(sizes: Floats) -> NDArray[np.float32]:
    """``sqrt(1 / n + 1 / m)`` of each batch, m rows of the others; an empty one counts as of one row."""
    own = np.maximum(sizes, 1.0)
    others = np.maximum(sizes.sum(axis=1, keepdims=True) - sizes, 1.0)
    units: NDArray[np.float32] = np.sqrt(1.0 / own + 1.0 / others).astype(np.float32)
    return units


def _deviation(shares: Floats, weights: Floats) -> Floats:
    """The standard deviation of one row, going by all batches together."""
    total = np.maximum(weights.sum(axis=1), 1.0)
    pooled = (shares * weights).sum(axis=1) / total
    found: Floats = np.sqrt(pooled * (1.0 - pooled))
    return found
