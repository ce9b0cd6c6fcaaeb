"""Some rows of a table that are explained: drawn, dated, and shown to the model's process."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from spalje.attribution.attributions import Floats, Model
from spalje.model.process import ModelProcess
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


def model_of(process: ModelProcess, name: str) -> Model:
    """A model's process as what attributions are computed from; reads ahead of its answers.

    Args:
        name: what the synthetic rows are called in messages.
    """

    def model(tables: Iterable[pa.Table]) -> Iterator[Floats]:
        sizes: deque[int] = deque()

        def counted() -> Iterator[pa.Table]:
            for each in tables:
                sizes.append(each.num_rows)
                yield each

        waiting: list[Floats] = []
        for _, predictions in process.predict_blocks(counted(), name):
            waiting.append(np.column_stack([column.to_numpy() for column in predictions.columns]))
            while sizes and sum(map(len, waiting)) >= sizes[0]:
                whole, size = np.concatenate(waiting), sizes.popleft()
                waiting = [whole[size:]]
                yield whole[:size]

    return model
