"""Summarising a table, a record batch at a time."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from spalje.errors import BadInput
from spalje.profile.block import Scratch
from spalje.profile.column import Column
from spalje.profile.column_part import ColumnPart
from spalje.profile.counting import describe
from spalje.profile.gram import COLUMNS, Gram, sample_rows
from spalje.profile.grid import CategoryGrid, Grids, NumberGrid
from spalje.profile.kind import Kind, kind_of
from spalje.profile.number_reader import NumberReader
from spalje.profile.profile import Profile
from spalje.profile.score_sample import ScoreSample
from spalje.profile.text_reader import TextReader

#: What adds up a column.
Reader: TypeAlias = NumberReader | TextReader


def profile_batches(
    batches: Iterable[pa.RecordBatch], categorical: Collection[str] = (), grids: Grids | None = None
) -> Profile:
    """The profile of a table.

    Memory does not grow with rows: each batch is summarised and let go.

    Args:
        batches: the table's rows, all batches with the same schema.
        categorical: columns to be taken as categories even if they hold numbers (store numbers).
        grids: count the rows into these cells too: the profile then has a ``sketch``.

    Raises:
        BadInput: two columns have the same name.

    Example:
        >>> batch = pa.RecordBatch.from_pydict({"x": [1.5, None, float("nan")], "tags": [["a"], [], []]})
        >>> profile = profile_batches([batch])
        >>> column = profile.columns["x"]
        >>> column.nulls, column.nan, column.numbers.moments.mean, dict(profile.refused)
        (1, 1, 1.5, {'tags': 'list<item: string>'})
    """
    plan, rows = ScanPlan.of(pa.schema([]), (), grids), 0
    readers: dict[str, Reader] = {}
    for batch in batches:
        if not rows and not readers:
            plan = ScanPlan.of(batch.schema, categorical, grids)
            readers = plan.readers(plan.columns)
        rows += batch.num_rows
        for name, reader in readers.items():
            reader.read(batch.column(name))
    return plan.profile(rows, {name: reader.part() for name, reader in readers.items()})


@dataclass(frozen=True, slots=True)
class ScanPlan:
    """How each column of a table is read.

    Attributes:
        columns: name -> the kind of each column that can be profiled, in the order of the table.
        refused: name -> type, of the others.
        grids: the baseline's cells, or None.
        scored: columns whose normal scores are taken.
    """

    columns: Mapping[str, Kind]
    refused: Mapping[str, str]
    grids: Grids | None
    scored: tuple[str, ...]

    @classmethod
    def of(cls, schema: pa.Schema, categorical: Collection[str], grids: Grids | None) -> "ScanPlan":
        """For tables with these columns.

        Raises:
            BadInput: two columns have the same name.
        """
        twice = [name for name, times in Counter(schema.names).items() if times > 1]
        if twice:
            raise BadInput(
                f"The table has more than one column named {twice[0]!r}.", do="Rename one of them."
            )
        kinds = {field.name: kind_of(field.type) for field in schema}
        for name in categorical:
            if name in kinds and kinds[name] in (Kind.INTEGER, Kind.REAL):
                kinds[name] = Kind.CATEGORY
        columns = {name: kind for name, kind in kinds.items() if kind is not None}
        refused = {field.name: str(field.type) for field in schema if kinds[field.name] is None}
        fitting = {name: grids.fitting(name, kind) for name, kind in columns.items()} if grids else {}
        scored = [
            name for name, grid in fitting.items() if isinstance(grid, NumberGrid) and columns[name].numeric
        ]
        return cls(columns, refused, grids, tuple(scored[:COLUMNS]))

    @property
    def sampled(self) -> int:
        """The most rows whose scores are taken."""
        return sample_rows(len(self.scored))

    def readers(self, names: Iterable[str], first: int = 0, every: int = 1) -> dict[str, Reader]:
        """New readers of some columns; readers of one thread share their working memory.

        Args:
            names: the columns.
            first: the place in the table of the first row that they will read.
            every: distance between the rows whose scores are taken; 1: it is found out.
        """
        scratch = Scratch()
        return {name: self._reader(name, scratch, first, every) for name in names}

    def profile(self, rows: int, parts: Mapping[str, ColumnPart]) -> Profile:
        """The profile of a table of which every column has been read."""
        profile = Profile(rows, {name: parts[name].column for name in self.columns}, self.refused)
        if self.grids is None:
            return profile
        cells = {name: part.cells for name, part in parts.items() if part.cells is not None}
        return replace(
            profile,
            sketch=describe(
                profile,
                self.grids,
                {name: cells[name] for name in self.columns if name in cells},
                self._gram(parts),
            ),
        )

    def _reader(self, name: str, scratch: Scratch, first: int, every: int) -> Reader:
        kind = self.columns[name]
        column = Column.empty(name, kind)
        grid = self.grids.fitting(name, kind) if self.grids is not None else None
        if not kind.numeric:
            reader = TextReader(column, grid if isinstance(grid, CategoryGrid) else None, scratch)
            if isinstance(grid, NumberGrid):  # a column of nothing but nulls fits any grid
                reader.cells = np.zeros(grid.cells, dtype=np.int64)
            return reader
        if not isinstance(grid, NumberGrid):
            return NumberReader(column, None, None, scratch)
        sample = ScoreSample(grid, self.sampled, first, every) if name in self.scored else None
        return NumberReader(column, grid, sample, scratch)

    def _gram(self, parts: Mapping[str, ColumnPart]) -> Gram | None:
        scores = [parts[name].scores for name in self.scored]
        known = [each for each in scores if each is not None]
        if not known or len(known) != len(scores):
            return None
        return Gram.of(self.scored, np.stack(known))
