"""Reading a column of strings, categories or flags."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spalje.profile.arrow_values import numbers, present
from spalje.profile.block import Scratch, blocks
from spalje.profile.column import Column
from spalje.profile.column_part import ColumnPart
from spalje.profile.grid import CategoryGrid
from spalje.profile.kll import Counts
from spalje.profile.tally import Tally
from spalje.profile.text import LIMIT, Texts

#: Entries of dictionaries that wait to be added up: sorting them together is cheaper than one by one.
WAITING = 4 * LIMIT


class TextReader:
    """Adds up a column of strings, categories or flags, or of nothing but nulls.

    The batches of a file's row group carry equal dictionaries, so their entries are counted by place
    and only looked at when another dictionary comes.

    Args:
        column: name and kind, of no rows.
        grid: the baseline's cells, or None.
        scratch: shared by the readers of one thread.
    """

    def __init__(self, column: Column, grid: CategoryGrid | None, scratch: Scratch) -> None:
        self._column, self._grid, self._scratch = column, grid, scratch
        self._dictionary: pa.Array | None = None
        self._counts: Counts = np.empty(0, dtype=np.int64)
        self._tally = Tally(whole=True)
        self._texts = Texts()
        self._waiting: list[tuple[pa.StringArray, Counts]] = []
        self._rows = 0
        self.cells: Counts | None = None if grid is None else np.zeros(grid.cells, dtype=np.int64)

    def read(self, array: pa.Array) -> None:
        """The next rows."""
        self._rows += len(array)
        kind = array.type
        if pa.types.is_boolean(kind):
            true = array.true_count
            counts = np.array([len(array) - array.null_count - true, true])
            self._wait(pa.array(["false", "true"]).filter(pa.array(counts > 0)), counts[counts > 0])
        elif pa.types.is_integer(kind):
            for block in blocks(numbers(array)):
                self._read_integers(block)
        elif not pa.types.is_null(kind):
            self._read_dictionary(array if pa.types.is_dictionary(kind) else array.dictionary_encode())

    def part(self) -> ColumnPart:
        """What was found so far."""
        self._leave_tally()
        self._leave_dictionary()
        self._settle()
        found = None if self._column.texts is None else self._texts
        column = replace(self._column, rows=self._rows, nulls=self._rows - self._texts.count, texts=found)
        return ColumnPart(column, self.cells)

    def _read_integers(self, block: NDArray[Any]) -> None:
        if not self._tally.add(block, int(block.min()), int(block.max()), self._scratch):
            self._leave_tally()
            different, counts = np.unique(block, return_counts=True)
            self._wait(texts(pa.array(different)), counts)

    def _read_dictionary(self, array: pa.DictionaryArray) -> None:
        dictionary = array.dictionary
        if self._dictionary is None or not self._dictionary.equals(dictionary):
            self._leave_dictionary()
            self._dictionary = dictionary
            self._counts = np.zeros(len(dictionary), dtype=np.int64)
        places = present(array.indices, array.indices.type.to_pandas_dtype())
        if len(places):
            if places.min() < 0 or places.max() >= len(self._counts):
                raise pa.ArrowIndexError(
                    f"a value is the {places.max()}th of a dictionary of {len(dictionary)}"
                )
            self._counts += np.bincount(places, minlength=len(self._counts))

    def _leave_tally(self) -> None:
        different, counts = self._tally.drain()
        self._wait(texts(pa.array(different)), counts)

    def _leave_dictionary(self) -> None:
        if self._dictionary is not None:
            values = texts(self._dictionary)
            # an entry that no row has, or that is null itself
            seen = (self._counts > 0) & values.is_valid().to_numpy(zero_copy_only=False)
            self._wait(values.filter(pa.array(seen)), self._counts[seen])
            self._dictionary = None

    def _wait(self, values: pa.StringArray, counts: Counts) -> None:
        if len(values):
            self._waiting.append((values, counts))
            if sum(len(waiting) for waiting, _ in self._waiting) > WAITING:
                self._settle()

    def _settle(self) -> None:
        if self._waiting:
            values = pa.concat_arrays([values for values, _ in self._waiting])
            counts = np.concatenate([counts for _, counts in self._waiting])
            self._waiting = []
            self._texts = self._texts.merge(Texts(int(counts.sum()), values, counts))
            if self._grid is not None and self.cells is not None:
                self.cells += self._grid.count(values, counts)


def texts(values: pa.Array) -> pa.StringArray:
    """Values as strings that are valid Unicode; whole numbers without decimals.

    Example:
        >>> texts(pa.array([1.0, 0.5])).to_pylist()
        ['1', '0.5']
    """
    kind = values.type
    if pa.types.is_floating(kind):
        floats = values.cast(pa.float64()).to_pylist()
        return pa.array(
            [None if x is None else str(int(x)) if x == x // 1 else str(x) for x in floats], pa.string()
        )
    if not pa.types.is_string(kind):
        values = values.cast(pa.string())
    try:
        values.validate(full=True)
    except pa.ArrowInvalid:
        raw = values.cast(pa.binary()).to_pylist()
        return pa.array([x if x is None else x.decode("utf-8", "replace") for x in raw], pa.string())
    return values
