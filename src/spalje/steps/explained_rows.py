"""Some rows of a table that are explained: drawn, and dated."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spalje.storage import table


def draw(data: Path, columns: Sequence[str], rows: int, rng: np.random.Generator) -> pa.Table:
    """So many rows of a table, each as likely as any other, in their order; all if it has no more.

    Raises:
        BadInput: the table cannot be read, or lacks a column.
    """
    total = table.row_count(data)
    if total <= rows:
        return table.read(data, columns).unify_dictionaries()
    wanted = np.sort(rng.choice(total, rows, replace=False))
    first, taken = 0, []
    for batch in table.read_batches(data, columns):
        here = wanted[np.searchsorted(wanted, first) : np.searchsorted(wanted, first + batch.num_rows)]
        taken.append(pa.Table.from_batches([batch]).take(here - first))
        first += batch.num_rows
    return pa.concat_tables(taken).unify_dictionaries()


def periods(rows: pa.Table, time: str | None) -> npt.NDArray[np.intp]:
    """Which day (or other value of the time column) each row is about, from 0, in order of time.

    Without a time column all rows are of one period.

    Example:
        >>> periods(pa.table({"day": ["2017-09-02", "2017-09-01", "2017-09-02"]}), "day")
        array([1, 0, 1])
    """
    if time not in rows.column_names or rows.num_rows == 0:
        return np.zeros(rows.num_rows, dtype=np.intp)
    column = rows[time]
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.date32(), safe=False)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return np.asarray(pc.rank(column, tiebreaker="dense").to_numpy().astype(np.intp) - 1)
