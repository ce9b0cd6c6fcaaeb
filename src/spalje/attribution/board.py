"""Rows and background side by side, from which synthetic rows are put together cell by cell."""

from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spalje.errors import BadInput

#: Which features are in a coalition, shape (coalitions, features).
Masks: TypeAlias = npt.NDArray[np.bool_]

#: Up to so many features a coalition is one bit each of its key; beyond, a sum of random numbers,
#: and two different coalitions have the same key with a chance below 2**-60.
BITS = 64


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """The cells that synthetic rows are made of; every cell keeps the type it has in the rows.

    Attributes:
        rows: the rows to be explained.
        background: in the types of the rows.
        cells: for each feature, the rows' cells and then the background's.
        differ: where a row's cell differs from the background's, shape (rows, backgrounds, features).
    """

    rows: pa.Table
    background: pa.Table
    cells: tuple[pa.Array, ...]
    differ: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, rows: pa.Table, background: pa.Table) -> Self:
        """Lay rows and background side by side; nulls equal nulls.

        Raises:
            BadInput: a column's types in the two have nothing in common.
        """
        pairs = [_alike(name, rows[name], background[name]) for name in rows.column_names]
        rows = pa.table([row for row, _ in pairs], rows.column_names).replace_schema_metadata(
            rows.schema.metadata
        )
        background = pa.table([back for _, back in pairs], schema=rows.schema)
        cells = [_joined(row, back) for row, back in pairs]
        coded = [codes(column) for column in cells]
        count = rows.num_rows
        differ = np.stack([code[:count, None] != code[None, count:] for code in coded], axis=2)
        return cls(rows, background, tuple(cells), differ)

    @property
    def backgrounds(self) -> int:
        """Rows of the background."""
        return int(self.background.num_rows)

    def keys(self, masks: Masks, start: int, stop: int) -> npt.NDArray[np.uint64] | None:
        """A number for each coalition that is the same where the synthetic rows are, 0 for the background.

        Returns:
            Shape (rows, backgrounds, coalitions); None where every cell differs, so that every
            coalition is another synthetic row.
        """
        differ = self.differ[start:stop]
        if differ.all():
            return None
        features = masks.shape[1]
        words = (
            np.uint64(1) << np.arange(features, dtype=np.uint64)
            if features <= BITS
            else np.random.default_rng(features).integers(1, 1 << 64, features, dtype=np.uint64)
        )
        keys: npt.NDArray[np.uint64] = (differ * words) @ masks.T.astype(np.uint64)
        return keys

    def mixed(self, masks: Masks, start: int, places: npt.NDArray[np.intp]) -> pa.Table:
        """The synthetic rows at some places of the shape (rows from ``start``, coalitions, backgrounds)."""
        rest, back = np.divmod(places, self.backgrounds)
        row, coalition = np.divmod(rest, len(masks))
        row, back = row + start, back + self.rows.num_rows
        columns = [
            cells.take(pa.array(np.where(taken[coalition], row, back)))
            for cells, taken in zip(self.cells, masks.T, strict=True)
        ]
        return pa.table(columns, schema=self.rows.schema)


def _alike(name: str, row: pa.ChunkedArray, back: pa.ChunkedArray) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Both in one type: the rows', unless it cannot hold what the background has."""
    if row.type == back.type:
        return row, back
    wanted = row.type
    if pa.types.is_null(row.type):  # a column of nothing but nulls
        wanted = back.type
    elif pa.types.is_integer(row.type) and pa.types.is_floating(back.type):
        wanted = pa.float64()
    try:
        return _cast(row, wanted), _cast(back, wanted)
    except pa.ArrowException as error:
        raise BadInput(
            f"Column '{name}' is {row.type} in the rows to be explained and {back.type} in the background.",
            do="Give it the type that it had in training, or make the baseline again.",
        ) from error


def _cast(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    if column.type == wanted:
        return column
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_dictionary(wanted):
        return column.cast(wanted.value_type).dictionary_encode().cast(wanted)
    return column.cast(wanted)


def _joined(row: pa.ChunkedArray, back: pa.ChunkedArray) -> pa.Array:
    both = pa.chunked_array([*row.chunks, *back.chunks], row.type)
    both = both.unify_dictionaries() if pa.types.is_dictionary(row.type) else both
    whole = both.combine_chunks()
    return whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole


def codes(cells: pa.Array) -> npt.NDArray[np.int64]:
    """An integer for each cell that is the same where the values are."""
    encoded = cells.cast(cells.type.value_type) if pa.types.is_dictionary(cells.type) else cells
    codes = encoded.dictionary_encode(null_encoding="encode").indices.to_numpy().astype(np.int64)
    return np.asarray(codes)
