"""Profiles of tables wherever they are, on all cores and in memory that does not grow with rows."""

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import reduce
from itertools import repeat
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from spalje.errors import BadInput
from spalje.profile.column_part import ColumnPart
from spalje.profile.grid import Grids
from spalje.profile.profile import Profile
from spalje.profile.scan import Reader, ScanPlan
from spalje.profile.score_sample import stride
from spalje.storage import table
from spalje.storage.source import Table, files, format_of, read_batches

#: Told how many parts are done, and how many there are.
Told: TypeAlias = Callable[[int, int], None]
Parts: TypeAlias = dict[str, ColumnPart]

#: Values that a piece of work has at the least: opening a file and starting a reader take as long as a few
#: thousand.
PIECE = 2**18
#: Pieces of work for each thread at the least, so that all end at about the same time.
EACH = 6
#: Rows that are read at a time: a column of them fits a core's cache.
ROWS = 2**16


def profile_table(
    source: Table,
    columns: Sequence[str] | None = None,
    categorical: Collection[str] = (),
    grids: Grids | None = None,
    threads: int | None = None,
    progress: Told | None = None,
) -> Profile:
    """The profile of a table, in one pass and in memory that does not grow with its rows.

    Args:
        source: a file, a folder of files or a pattern (Parquet, CSV or Arrow), or any object with
            ``__arrow_c_stream__``: a table of pandas, Polars, PyArrow or DuckDB.
        columns: those to profile, in this order; None: all.
        categorical: columns to be taken as categories even if they hold numbers (store numbers).
        grids: count the rows into these cells too: the profile then has a ``sketch``.
        threads: that work side by side, 1 or more; None: one a core.
        progress: told now and then how many parts are done, and how many there are.

    Raises:
        BadInput: it cannot be read, or a column is missing.

    Example:
        >>> profile = profile_table(pa.table({"price": [1.5, 2.5, None]}))
        >>> profile.rows, profile.columns["price"].nulls
        (3, 1)
    """
    workers = threads or os.cpu_count() or 1
    if isinstance(source, str | Path):
        found = files(source)
        if format_of(found[0]) == "parquet":
            return _profile_parquet(found, str(source), columns, categorical, grids, workers, progress)
    return _profile_stream(read_batches(source, columns), categorical, grids, workers)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some columns of some row groups of a file; ``first`` is the place of its first row in the table."""

    file: Path
    metadata: pq.FileMetaData
    groups: tuple[int, ...]
    columns: tuple[str, ...]
    first: int
    rows: int


def _profile_parquet(
    found: Sequence[Path],
    what: str,
    columns: Sequence[str] | None,
    categorical: Collection[str],
    grids: Grids | None,
    workers: int,
    progress: Told | None,
) -> Profile:
    for file in found[1:]:
        if format_of(file) != "parquet":
            raise BadInput(
                f"{file} is {format_of(file)}, and {found[0].name}, the first file of the table, is Parquet.",
                do="Give files of one kind.",
            )
    known = table.schema_of(found)
    wanted = table.selected(what, known, columns)
    plan = ScanPlan.of(pa.schema([known.field(name) for name in wanted]), categorical, grids)
    opened = [(file, table.open_file(file)[0].metadata) for file in found]
    rows = sum(metadata.num_rows for _, metadata in opened)
    every = stride(rows, plan.sampled)
    pieces = _pieces(opened, list(plan.columns), rows, workers)
    done: dict[int, Parts] = {}

    def work(number: int) -> tuple[int, Parts]:
        return number, _read(pieces[number], plan, every)

    # the longest first, so that no thread is left with a long one at the end
    order = sorted(range(len(pieces)), key=lambda number: -pieces[number].rows * len(pieces[number].columns))
    if workers == 1 or len(pieces) == 1:
        done.update(work(number) for number in order)
    else:
        with ThreadPoolExecutor(workers, thread_name_prefix="scan") as pool:
            futures = [pool.submit(work, number) for number in order]
            try:
                for future in as_completed(futures):
                    number, parts = future.result()
                    done[number] = parts
                    if progress is not None:
                        progress(len(done), len(pieces))
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
    joined: Parts = {}
    for number in range(len(pieces)):
        for name, part in done[number].items():
            joined[name] = joined[name].merge(part) if name in joined else part
    return plan.profile(rows, joined)


def _pieces(
    opened: Iterable[tuple[Path, pq.FileMetaData]], columns: list[str], rows: int, workers: int
) -> list[_Piece]:
    """The whole table in pieces, in the order of its rows; every column is in at least one."""
    wanted = EACH * workers
    # spans of rows: whole row groups, no more of them than give each thread enough to do
    spans = max(1, min(wanted, -(-wanted // max(1, len(columns)))))
    least = max(1, rows // spans)
    pieces: list[_Piece] = []
    first = 0
    for file, metadata in opened:
        group, span_rows = [], 0
        for number in range(metadata.num_row_groups):
            group.append(number)
            span_rows += metadata.row_group(number).num_rows
            if span_rows >= least or number == metadata.num_row_groups - 1:
                width = max(1, min(len(columns), PIECE // max(1, span_rows)))
                for start in range(0, len(columns), width):
                    some = tuple(columns[start : start + width])
                    pieces.append(_Piece(file, metadata, tuple(group), some, first, span_rows))
                first += span_rows
                group, span_rows = [], 0
    if not pieces:
        file, metadata = next(iter(opened))
        pieces.append(_Piece(file, metadata, (), tuple(columns), 0, 0))
    return pieces


def _read(piece: _Piece, plan: ScanPlan, every: int) -> Parts:
    readers = plan.readers(piece.columns, piece.first, every)
    rows = 0
    if piece.groups:
        parquet, known = table.open_file(piece.file, piece.columns, piece.metadata)
        batches = parquet.iter_batches(
            batch_size=ROWS, row_groups=piece.groups, columns=list(piece.columns), use_threads=False
        )
        while True:
            with table.readable(piece.file):
                batch = next(batches, None)
                if batch is None:
                    break
            rows += batch.num_rows
            with table.intact(piece.file):
                for name, reader in readers.items():
                    reader.read(batch.column(name))
        _complete(piece, rows, known)
    return {name: reader.part() for name, reader in readers.items()}


def _complete(piece: _Piece, rows: int, known: pa.Schema) -> None:
    """As many rows were read as the footer says that there are of each column, nested ones apart.

    To be asked only after all were read without an error: of some damaged columns pyarrow's question
    how many values there are ends the process.
    """
    found = dict.fromkeys(piece.columns[:1], rows)
    if rows == piece.rows and piece.metadata.num_columns == len(known):
        places = {name: number for number, name in enumerate(known.names)}
        groups = [piece.metadata.row_group(number) for number in piece.groups]
        found = {
            name: sum(group.column(places[name]).num_values for group in groups) for name in piece.columns
        }
    for name, there in found.items():
        if there != piece.rows:
            raise BadInput(
                f"{piece.file} has {there:,} rows of column {name!r} where its footer says {piece.rows:,}.",
                do="It is damaged or was not written to its end: write it again.",
            )


def _profile_stream(
    batches: Iterable[pa.RecordBatch], categorical: Collection[str], grids: Grids | None, workers: int
) -> Profile:
    """A table that comes as batches of all its columns: the columns of a batch are shared out."""
    plan: ScanPlan | None = None
    shares: list[dict[str, Reader]] = []
    rows = 0

    def read(share: dict[str, Reader], batch: pa.RecordBatch) -> None:
        for name, reader in share.items():
            reader.read(batch.column(name))

    with ThreadPoolExecutor(workers, thread_name_prefix="scan") as pool:
        for batch in batches:
            if plan is None:
                plan = ScanPlan.of(batch.schema, categorical, grids)
                names = list(plan.columns)
                shares = [plan.readers(names[start::workers]) for start in range(min(workers, len(names)))]
            rows += batch.num_rows
            if batch.num_rows:
                list(pool.map(read, shares, repeat(batch)))
    if plan is None:
        return Profile()
    together: Parts = reduce(
        lambda one, two: one | two,
        ({name: reader.part() for name, reader in share.items()} for share in shares),
        {},
    )
    return plan.profile(rows, together)
