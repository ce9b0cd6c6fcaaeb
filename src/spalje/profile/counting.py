"""How the counts of a table in a baseline's cells become a sketch."""

from collections.abc import Mapping

import numpy as np

from spalje.profile.gram import Gram
from spalje.profile.grid import CategoryGrid, Grids, NumberGrid
from spalje.profile.kll import Counts
from spalje.profile.profile import Profile
from spalje.profile.sketch import Sketch


def approximate(profile: Profile, grids: Grids) -> Sketch:
    """What a profile that was made without cells says of them: exact for categories and point masses.

    Of other columns the cells have the rank error of the profile's quantiles. There is no ``gram``.

    Example:
        >>> from spalje.profile.grid import freeze
        >>> from spalje.profile.number import Numbers
        >>> from spalje.profile.column import Column
        >>> from spalje.profile.kind import Kind
        >>> numbers = Numbers().add(np.array([1.0, 2.0]))
        >>> profile = Profile(2, {"x": Column("x", Kind.REAL, 2, numbers=numbers)})
        >>> approximate(profile, freeze(profile)).cells["x"].tolist()
        [0, 1, 0, 1, 0]
    """
    cells: dict[str, Counts] = {}
    for name, column in profile.columns.items():
        grid = grids.fitting(name, column.kind)
        if isinstance(grid, NumberGrid) and column.numbers is not None:
            cells[name] = grid.weigh(*column.numbers.weighted())
        elif isinstance(grid, CategoryGrid) and column.texts is not None:
            cells[name] = grid.count(column.texts.values, column.texts.counts)
            # rows of the many rare values whose counts were given up
            cells[name][-2] += column.texts.count - int(column.texts.counts.sum())
        elif grid is not None:
            cells[name] = np.zeros(grid.cells, dtype=np.int64)
    return describe(profile, grids, cells, None)


def describe(profile: Profile, grids: Grids, cells: Mapping[str, Counts], gram: Gram | None) -> Sketch:
    """The sketch of a table that has been profiled and whose cells have been counted."""
    columns = profile.columns
    return Sketch(
        grids.fingerprint,
        profile.rows,
        {name: column.nulls for name, column in columns.items()},
        {name: column.nan + column.infinite for name, column in columns.items() if column.kind.numeric},
        cells,
        gram,
        {
            name: float(column.numbers.moments.high)
            for name, column in columns.items()
            if column.kind.temporal and column.numbers is not None and column.numbers.moments.count
        },
    )
