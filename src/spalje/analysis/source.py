"""The rows of whatever a caller has: files, or another library's table in memory."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from spalje.storage import table

#: A path (file, folder or pattern), or any object with ``__arrow_c_stream__``.
Table: TypeAlias = Any


def schema(source: Table) -> pa.Schema:
    """Names and types of a table's columns.

    Raises:
        BadInput: it cannot be read.
    """
    if isinstance(source, str | Path):
        return table.schema(Path(source))
    return pa.RecordBatchReader.from_stream(source).schema


def read_batches(source: Table, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Some columns of a table, a batch of rows at a time.

    Raises:
        BadInput: it cannot be read, or a column is missing.
    """
    if isinstance(source, str | Path):
        yield from table.read_batches(Path(source), columns)
        return
    for batch in pa.RecordBatchReader.from_stream(source):
        yield batch.select(list(columns))
