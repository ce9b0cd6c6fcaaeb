"""Some rows of a table, drawn in one pass: as likely as each other, and in their order."""

import json
import re
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spalje.errors import BadInput
from spalje.storage.source import Table, read_batches, schema

#: What pandas calls an index that has no name.
INDEX = re.compile(r"__index_level_[0-9]+__")


def sample(
    table: Table,
    columns: Sequence[str],
    rows: int | None,
    rng: np.random.Generator,
    where: Mapping[str, str] | None = None,
) -> tuple[pa.Table, int]:
    """Draw rows of a table.

    Every row gets a random number as it comes by, and those with the lowest are kept: so memory does not
    grow with the table.

    Args:
        table: see ``spalje.storage.source``.
        columns: those to read.
        rows: how many at most; None: all.
        rng: draws.
        where: column -> the value, as text, that a row must have.

    Returns:
        The rows, and how many there were to draw from.

    Raises:
        BadInput: the table cannot be read, lacks a column, or a column cannot hold such a value.

    Example:
        >>> table = pa.table({"store": [1, 2, 2], "units": [5, 6, 7]})
        >>> drawn, total = sample(table, ["units"], 1, np.random.default_rng(0), {"store": "2"})
        >>> drawn.num_rows, total
        (1, 2)
    """
    wanted = list(dict.fromkeys([*columns, *(where or {})]))
    kept: list[pa.Table] = []
    numbers = np.empty(0)
    total = 0
    for batch in read_batches(table, wanted):
        part = pa.Table.from_batches([batch])
        for column, value in (where or {}).items():
            part = part.filter(pc.equal(part[column], _typed(value, column, part[column].type)))
        part = part.select(list(columns))
        total += part.num_rows
        kept.append(part)
        numbers = np.concatenate([numbers, rng.random(part.num_rows)])
        if rows is not None and len(numbers) > 2 * rows:
            kept, numbers = _lowest(kept, numbers, rows)
    if rows is not None and len(numbers) > rows:
        kept, numbers = _lowest(kept, numbers, rows)
    return _unindexed(pa.concat_tables(kept).unify_dictionaries().combine_chunks()), total


def columns_of(table: Table, besides: Sequence[str] = ()) -> tuple[str, ...]:
    """The columns of a table, but for some, and but for what pandas keeps the numbers of its rows in.

    Example:
        >>> columns_of(pa.table({"id": [1], "price": [2.0], "__index_level_0__": [7]}), ["id"])
        ('price',)
    """
    names = schema(table).names
    return tuple(name for name in names if name not in besides and not INDEX.fullmatch(name))


def _unindexed(table: pa.Table) -> pa.Table:
    """Without what pandas says of an index: rows have been drawn, and it may not be there any more."""
    metadata = dict(table.schema.metadata or {})
    if b"pandas" in metadata:
        said = json.loads(metadata[b"pandas"])
        metadata[b"pandas"] = json.dumps({**said, "index_columns": []}).encode()
    return table.replace_schema_metadata(metadata)


def _lowest(kept: list[pa.Table], numbers: np.ndarray, rows: int) -> tuple[list[pa.Table], np.ndarray]:
    places = np.sort(np.argpartition(numbers, rows)[:rows]) if rows else np.empty(0, dtype=np.intp)
    return [pa.concat_tables(kept).take(places)], numbers[places]


def _typed(value: str, column: str, kind: pa.DataType) -> pa.Scalar:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    try:
        return pa.array([value]).cast(kind)[0]
    except pa.ArrowException as error:
        raise BadInput(
            f"{column}={value}: column {column!r} holds {kind}, and {value!r} is none.",
            do="Give a value as the column has them.",
        ) from error
