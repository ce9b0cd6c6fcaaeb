"""Profiles of tables wherever they are: files of any known kind, or another library's table in memory."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from spalje.errors import BadInput
from spalje.profile.grid import Grids
from spalje.profile.profile import Profile
from spalje.profile.scan import profile_batches
from spalje.storage import table

#: Told how many parts are done, and how many there are.
Told: TypeAlias = Callable[[int, int], None]


def profile_table(
    source: Any,
    columns: Sequence[str] | None = None,
    categorical: Collection[str] = (),
    grids: Grids | None = None,
    threads: int | None = None,
    progress: Told | None = None,
) -> Profile:
    """The profile of a table, in one pass and in memory that does not grow with its rows.

    Args:
        source: a file, a folder of files or a pattern, or any object with ``__arrow_c_stream__``: a
            table of pandas, Polars, PyArrow or DuckDB.
        columns: those to profile, in this order; None: all.
        categorical: columns to be taken as categories even if they hold numbers (store numbers).
        grids: count the rows into these cells too: the profile then has a ``sketch``.
        threads: that work side by side; None: one a core.
        progress: told now and then how many parts are done, and how many there are.

    Raises:
        BadInput: it cannot be read, or a column is missing.
    """
    batches: Iterable[pa.RecordBatch]
    if isinstance(source, str | Path):
        batches = table.read_batches(Path(source), columns, dictionary=True)
    elif hasattr(source, "__arrow_c_stream__"):
        batches = _stream(source, columns)
    else:
        raise BadInput(f"A {type(source).__name__} is not a table.", do="Give a path, or a table.")
    return profile_batches(batches, categorical, grids)


def _stream(source: Any, columns: Sequence[str] | None) -> Iterator[pa.RecordBatch]:
    reader = pa.RecordBatchReader.from_stream(source)
    yield pa.RecordBatch.from_pylist([], schema=reader.schema).select(columns or reader.schema.names)
    for batch in reader:
        yield batch.select(columns or reader.schema.names)
