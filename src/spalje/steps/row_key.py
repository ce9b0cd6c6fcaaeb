"""What names a row: key columns of several tables brought to the same types, numbered, and spelled for people."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spalje.errors import BadInput

#: A number for each row: rows with the same key have the same, in the order of the keys; -1 without a key.
Numbers: TypeAlias = NDArray[np.int64]

#: Numbers stay below this: the next column's may still be put beside them.
_ROOM = 2**62


def alike(tables: Sequence[pa.Table], keys: Sequence[str], noun: str = "business key") -> list[pa.Table]:
    """The key columns of tables with the same types, none of which has lost anything.

    Args:
        tables: the predictions, and tables with truth about them.
        keys: the columns.
        noun: what the keys are called in messages.

    Raises:
        BadInput: a key's types do not fit together; names the column and both types.
    """
    found: dict[str, list[pa.ChunkedArray]] = {}
    for key in keys:
        columns = [plain_column(table[key]) for table in tables]
        ours = columns[0].type
        wanted = ours
        if all(pa.types.is_integer(column.type) for column in columns) and any(
            column.type != ours for column in columns
        ):
            wanted = pa.int64()
        found[key] = [_converted(column, wanted, ours, f"{noun} '{key}'", key) for column in columns]
    return [pa.table({key: found[key][place] for key in keys}) for place in range(len(tables))]


def plain(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Those columns without dictionaries and metadata, and with strings of one kind."""
    return pa.table({name: plain_column(table[name]) for name in columns})


def numbered(tables: Sequence[pa.Table], keys: Sequence[str]) -> list[Numbers]:
    """A number for each row of each table; see ``Numbers``.

    Args:
        tables: with key columns of the same types, see ``alike``.
        keys: the columns, the most important first.

    Example:
        >>> one, two = pa.table({"a": [2, 1], "b": ["x", "y"]}), pa.table({"a": [1, 1], "b": ["y", None]})
        >>> [each.tolist() for each in numbered([one, two], ["a", "b"])]
        [[2, 1], [1, -1]]
    """
    rows = sum(table.num_rows for table in tables)
    if rows == 0:
        return [np.empty(0, np.int64) for _ in tables]
    numbers = np.zeros(rows, np.int64)
    lacking = np.zeros(rows, np.bool_)
    count = 1
    for key in keys:
        chunks = [chunk for table in tables for chunk in table[key].chunks]
        column = pa.chunked_array(chunks, tables[0][key].type)
        missing = pc.is_null(column, nan_is_null=True).to_numpy()
        encoded = column.dictionary_encode().combine_chunks()
        place = np.empty(len(encoded.dictionary), np.int64)
        place[pc.sort_indices(encoded.dictionary).to_numpy()] = np.arange(len(place))
        own = np.where(missing, 0, pc.fill_null(encoded.indices, 0).to_numpy())
        lacking |= missing
        width = max(1, len(place))
        if count * width >= _ROOM:
            different, numbers = np.unique(numbers, return_inverse=True)
            count = len(different)
        numbers = numbers * width + (place[own] if len(place) else 0)
        count *= width
    numbers[lacking] = -1
    ends = np.cumsum([table.num_rows for table in tables])
    return [np.asarray(part, np.int64) for part in np.split(numbers, ends[:-1])]


def places(own: Numbers, wanted: Numbers) -> NDArray[np.int64]:
    """Where each wanted number stands among a table's own; -1 for one that is not there, or is -1.

    Args:
        own: a number for each row, each at most once.
        wanted: the numbers looked for.

    Example:
        >>> places(np.array([5, 2, 9]), np.array([9, 4, -1, 5])).tolist()
        [2, -1, -1, 0]
    """
    found = np.full(len(wanted), -1, np.int64)
    if len(own) == 0:
        return found
    order, ask = np.argsort(own), np.argsort(wanted)  # sorted questions find their answers side by side
    ordered = own[order]
    at = np.minimum(np.searchsorted(ordered, wanted[ask]), len(own) - 1)
    there = (ordered[at] == wanted[ask]) & (wanted[ask] >= 0)
    found[ask[there]] = order[at[there]]
    return found


def spelled(table: pa.Table, keys: Sequence[str], row: int) -> str:
    """A row's key for people.

    Example:
        >>> spelled(pa.table({"store": [7, 8], "article": ["figs", None]}), ["store", "article"], 1)
        'store=8, article=nothing'
    """
    values = {key: table[key][row].as_py() for key in keys}
    return ", ".join(f"{key}={'nothing' if value is None else value}" for key, value in values.items())


def plain_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column without dictionaries, and with strings of one kind."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    return column


def _converted(
    column: pa.ChunkedArray, wanted: pa.DataType, said: pa.DataType, what: str, key: str
) -> pa.ChunkedArray:
    """The column in another type, and still the same values."""
    if column.type == wanted:
        return column
    if _family(column.type) is None or _family(column.type) != _family(wanted):
        raise _differ(column.type, what, key, said)
    try:
        converted = column.cast(wanted)
        back = converted.cast(column.type)
    except pa.ArrowException as error:
        raise _differ(column.type, what, key, said, str(error).splitlines()[0]) from error
    changed = pc.fill_null(pc.not_equal(column, back), False)
    if pc.any(changed).as_py():
        raise _differ(column.type, what, key, said, f"{column.filter(changed)[0]} would be changed")
    return converted


def _differ(found: pa.DataType, what: str, key: str, wanted: pa.DataType, why: str = "") -> BadInput:
    return BadInput(
        f"The {what} is {found} in the ground truth and {wanted} in the predictions"
        + (f", and cannot be converted: {why}." if why else "; the two cannot be compared."),
        do=f"Deliver '{key}' as {wanted}.",
    )


def _family(kind: pa.DataType) -> str | None:
    """What a type is about; values of the same family may be the same in another type."""
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return "number"
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return "time" if getattr(kind, "tz", None) is None else f"time in {kind.tz}"
    return None
