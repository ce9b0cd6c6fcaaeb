"""A table counted into a baseline's cells: small, exact, and the sum of its parts."""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spalje.errors import BadInput
from spalje.profile.gram import COLUMNS, Gram
from spalje.profile.kll import Counts

#: Version of the document below; a reader refuses any other.
FORMAT = 1
#: Bytes an unpacked array of a document may have, that of the products being the largest.
LARGEST = 8 * COLUMNS * COLUMNS

#: Rows of a table.
Rows: TypeAlias = Annotated[int, Field(ge=0, le=2**62)]


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """Rows per cell of each column: all that a batch is remembered by.

    Attributes:
        grid: fingerprint of the ``Grids``; only counts over the same cells add up.
        rows: of the table.
        nulls: column -> rows without a value, of every column that can be profiled.
        not_finite: column -> rows with NaN or infinity, of the columns of numbers.
        cells: column -> shape (cells,), rows in each; of the columns that have a grid which fits them.
            With ``nulls`` and ``not_finite`` they add up to ``rows``.
        gram: how the numeric columns go together; None when there is none.
        newest: column -> largest value, of the temporal columns that have one: days since 1970 of
            dates, seconds of moments and spans.
    """

    grid: str
    rows: int = 0
    nulls: Mapping[str, int] = field(default_factory=dict)
    not_finite: Mapping[str, int] = field(default_factory=dict)
    cells: Mapping[str, Counts] = field(default_factory=dict)
    gram: Gram | None = None
    newest: Mapping[str, float] = field(default_factory=dict)

    def merge(self, other: Self) -> Self:
        """Of both tables, one under the other; a column that only one of them has is left out.

        A table of no rows changes nothing.

        Raises:
            BadInput: they are counted into different cells.

        Example:
            >>> part = Sketch("f", 2, {"x": 1}, {"x": 0}, {"x": np.array([1, 0])})
            >>> part.merge(part).cells["x"].tolist()
            [2, 0]
        """
        if self.grid != other.grid:
            raise BadInput(
                f"One table is counted into the cells {self.grid[:12]}, the other into {other.grid[:12]}.",
                do="Count both into the cells of the same baseline.",
            )
        if not self.rows or not other.rows:
            return other if other.rows else self
        return type(self)(
            self.grid,
            self.rows + other.rows,
            _added(self.nulls, other.nulls),
            _added(self.not_finite, other.not_finite),
            {name: self.cells[name] + other.cells[name] for name in self.cells if name in other.cells},
            self.gram.merge(other.gram) if self.gram and other.gram else None,
            {
                name: max(part[name] for part in (self.newest, other.newest) if name in part)
                for name in dict.fromkeys([*self.newest, *other.newest])
            },
        )


def _added(one: Mapping[str, int], two: Mapping[str, int]) -> dict[str, int]:
    return {name: one[name] + two[name] for name in one if name in two}


def to_dict(sketch: Sketch) -> dict[str, Any]:
    """A sketch as plain values; ``from_dict`` is its inverse.

    Arrays are Base64 of zlib of little-endian 64-bit words, so that no digit is lost.

    Example:
        >>> to_dict(Sketch("f", 1, {"x": 1}))["nulls"]
        {'x': 1}
    """
    gram = sketch.gram
    return {
        "format": FORMAT,
        "grid": sketch.grid,
        "rows": sketch.rows,
        "nulls": dict(sketch.nulls),
        "not_finite": dict(sketch.not_finite),
        "cells": {name: _packed(counts, "<i8") for name, counts in sketch.cells.items()},
        "gram": None
        if gram is None
        else {
            "columns": list(gram.columns),
            "rows": gram.rows,
            "sums": _packed(gram.sums, "<f8"),
            "products": _packed(gram.products, "<f8"),
        },
        "newest": dict(sketch.newest),
    }


def from_dict(document: Mapping[str, Any]) -> Sketch:
    """The sketch that a document describes.

    Raises:
        BadInput: it is not a sketch, not of this format, or does not add up.
    """
    try:
        return Form.model_validate(document).value()
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInput(
            f"This is not a sketch of format {FORMAT}: at {place or 'the top'}: {first['msg']}.",
            do="Make it again from the batch's data.",
        ) from error


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class _Gram(_Form):
    columns: tuple[str, ...] = Field(min_length=1, max_length=COLUMNS)
    rows: Rows
    sums: str
    products: str

    @model_validator(mode="after")
    def _fits(self) -> Self:
        self.value()
        return self

    def value(self) -> Gram:
        d = len(self.columns)
        sums, products = _unpacked(self.sums, "<f8"), _unpacked(self.products, "<f8")
        if len(set(self.columns)) != d or len(sums) != d or len(products) != d * d:
            raise ValueError("every two columns need one product, and every column one sum")
        square = products.reshape(d, d)
        if not (np.isfinite(sums).all() and np.isfinite(square).all() and np.array_equal(square, square.T)):
            raise ValueError("the products must be finite and symmetric")
        return Gram(self.columns, self.rows, sums, square)


class Form(_Form):
    """The form of the document."""

    format: Literal[1]
    grid: str
    rows: Rows
    nulls: dict[str, Rows]
    not_finite: dict[str, Rows]
    cells: dict[str, str]
    gram: _Gram | None
    newest: dict[str, float]

    @model_validator(mode="after")
    def _adds_up(self) -> Self:
        for name, packed in self.cells.items():
            name.encode()
            counts = _unpacked(packed, "<i8")
            if min(counts, default=0) < 0:
                raise ValueError(f"column {name!r} has a cell of less than no rows")
            total = int(counts.sum()) + self.nulls.get(name, 0) + self.not_finite.get(name, 0)
            if total != self.rows:
                raise ValueError(f"column {name!r} counts {total} rows of {self.rows}")
        return self

    def value(self) -> Sketch:
        """The sketch it describes."""
        return Sketch(
            self.grid,
            self.rows,
            self.nulls,
            self.not_finite,
            {name: _unpacked(packed, "<i8") for name, packed in self.cells.items()},
            None if self.gram is None else self.gram.value(),
            self.newest,
        )


def _packed(array: NDArray[Any], kind: str) -> str:
    return b64encode(zlib.compress(array.astype(kind).tobytes(), 6)).decode()


def _unpacked(packed: str, kind: Literal["<i8", "<f8"]) -> NDArray[Any]:
    reader = zlib.decompressobj()
    try:
        words = reader.decompress(b64decode(packed, validate=True), LARGEST)
    except zlib.error as error:
        raise ValueError("it is not compressed as it should be") from error
    if not reader.eof:
        raise ValueError(f"it is cut off, or longer than {LARGEST} bytes")
    return np.frombuffer(words, dtype=kind).astype(kind[1:])
