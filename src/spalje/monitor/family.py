"""Everything that is measured of a batch, as one family of figures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import comb
from typing import Literal, Self, TypeAlias

from spalje.profile.sketch import Sketch

#: What is measured of a column. ``distance``: of numbers, the largest difference of cumulative shares
#: (Kolmogorov-Smirnov); of categories, Euclid's distance of their shares. ``shape``: of numbers, Euclid's
#: distance of the shares of coarse cells, which sees a spike or a scale that the cumulative shares hardly
#: show; of categories, the largest difference of cumulative shares in the order of their frequency, which
#: sees many small moves from common to rare. ``unseen``, ``nulls``, ``not_finite``: the change of a share.
#: Of two columns, ``pair``: the change of their correlation. Of the table, ``rows``: how many.
Kind: TypeAlias = Literal["distance", "shape", "unseen", "nulls", "not_finite", "rows", "pair"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that is measured.

    Attributes:
        kind: what.
        column: of which column; empty of the table.
        other: the second column of a pair, else empty.
    """

    kind: Kind
    column: str = ""
    other: str = ""

    @property
    def name(self) -> str:
        """As findings are remembered: a column, its nulls or the like, two columns, or ``rows``.

        Example:
            >>> Figure("pair", "price", "units").name, Figure("nulls", "price").name, Figure("rows").name
            ('price × units', 'price: nulls', 'rows')
        """
        if self.kind == "rows":
            return "rows"
        if self.kind in ("unseen", "nulls", "not_finite"):
            return f"{self.column}: {self.kind}"
        return f"{self.column} × {self.other}" if self.other else self.column


@dataclass(frozen=True, slots=True)
class Family:
    """The figures of a table, in the order in which arrays have them.

    Attributes:
        numbers: columns whose cells have an order.
        categories: columns whose cells have none.
        correlated: the columns of numbers whose correlations are looked at.
        figures: distances of all columns (numbers first), their shapes, unseen shares; shares of
            nulls, shares that are not finite; rows; pairs.
    """

    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    correlated: tuple[str, ...]
    figures: tuple[Figure, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self,
            "figures",
            (
                *(Figure("distance", name) for name in self.columns),
                *(Figure("shape", name) for name in self.columns),
                *(Figure("unseen", name) for name in self.categories),
                *(Figure("nulls", name) for name in self.columns),
                *(Figure("not_finite", name) for name in self.numbers),
                Figure("rows"),
                *(Figure("pair", one, two) for one, two in combinations(self.correlated, 2)),
            ),
        )

    @property
    def pairs(self) -> tuple[Figure, ...]:
        """The figures of two columns, which are the last."""
        return self.figures[len(self.figures) - comb(len(self.correlated), 2) :]

    @property
    def columns(self) -> tuple[str, ...]:
        """Numbers, then categories."""
        return self.numbers + self.categories

    @classmethod
    def of(cls, sketches: Sequence[Sketch]) -> Self:
        """Of the columns that all sketches have; those with a ``not_finite`` count are numbers.

        Example:
            >>> import numpy as np
            >>> cells = {"x": np.array([1]), "store": np.array([1])}
            >>> Family.of([Sketch("f", 1, {}, {"x": 0}, cells)])
            Family(numbers=('x',), categories=('store',), correlated=(), figures=...
        """
        first = sketches[0]
        shared = [name for name in first.cells if all(name in sketch.cells for sketch in sketches)]
        numbers = tuple(name for name in shared if any(name in sketch.not_finite for sketch in sketches))
        grams = [sketch.gram.columns if sketch.gram else () for sketch in sketches]
        return cls(
            numbers,
            tuple(name for name in shared if name not in numbers),
            tuple(name for name in grams[0] if all(name in columns for columns in grams)),
        )
