"""Damaged tables, made by code: Parquet files taken apart, changed in one place and put together again.

The kinds are those of ``bad_data`` in apache/parquet-testing, which keeps files that made readers crash:
each is described where it is made. Only what is said to be wrong is wrong; offsets and sizes around it are
made to fit, so that the reader gets as far as the damage. There are no page checksums, which would notice.
"""

import io
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

#: Kinds of values in Thrift's compact protocol.
TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)

#: A Thrift struct: number of a field -> (kind, value).
Fields = dict[int, tuple[int, Any]]


class Reader:
    """Thrift's compact protocol, read as it comes, without a schema."""

    def __init__(self, data: bytes, place: int = 0) -> None:
        self.data, self.place = data, place

    def byte(self) -> int:
        self.place += 1
        return self.data[self.place - 1]

    def varint(self) -> int:
        found = shift = 0
        while True:
            byte = self.byte()
            found |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return found

    def number(self) -> int:
        found = self.varint()
        return (found >> 1) ^ -(found & 1)

    def take(self, size: int) -> bytes:
        self.place += size
        return self.data[self.place - size : self.place]

    def value(self, kind: int) -> Any:
        if kind in (TRUE, FALSE):
            return kind == TRUE
        if kind == BYTE:
            return self.byte()
        if kind in (I16, I32, I64):
            return self.number()
        if kind == DOUBLE:
            return self.take(8)
        if kind == BINARY:
            return self.take(self.varint())
        if kind in (LIST, SET):
            head = self.byte()
            size = self.varint() if head >> 4 == 15 else head >> 4
            item = head & 15
            return item, [self.byte() if item in (TRUE, FALSE) else self.value(item) for _ in range(size)]
        assert kind == STRUCT, kind
        return self.fields()

    def fields(self) -> Fields:
        found: Fields = {}
        number = 0
        while head := self.byte():
            number = number + (head >> 4) if head >> 4 else self.number()
            found[number] = head & 15, self.value(head & 15)
        return found


def thrift(fields: Fields) -> bytes:
    """A struct's bytes."""
    out, before = bytearray(), 0
    for number, (kind, value) in sorted(fields.items()):
        head = (TRUE if value else FALSE) if kind in (TRUE, FALSE) else kind
        if 0 < number - before < 16:
            out.append((number - before) << 4 | head)
        else:
            out += bytes([head]) + _number(number)
        before = number
        if kind not in (TRUE, FALSE):
            out += _value(kind, value)
    return bytes(out) + b"\0"


def _value(kind: int, value: Any) -> bytes:
    if kind == BYTE:
        return bytes([value])
    if kind in (I16, I32, I64):
        return _number(value)
    if kind == DOUBLE:
        return value
    if kind == BINARY:
        return _varint(len(value)) + value
    if kind in (LIST, SET):
        item, items = value
        head = (
            bytes([len(items) << 4 | item]) if len(items) < 15 else bytes([0xF0 | item]) + _varint(len(items))
        )
        return head + b"".join(bytes([one]) if item in (TRUE, FALSE) else _value(item, one) for one in items)
    return thrift(value)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _number(number: int) -> bytes:
    return _varint((number << 1) ^ (number >> 63))


@dataclass
class Page:
    """A page: its header, and the bytes behind it."""

    header: Fields
    data: bytes

    @property
    def about(self) -> Fields:
        """The part of the header that is about its kind of page (data, dictionary or data of version 2)."""
        return next(self.header[number][1] for number in (5, 7, 8) if number in self.header)


@dataclass
class File:
    """A Parquet file taken apart: one row group."""

    footer: Fields
    chunks: list[list[Page]]

    @classmethod
    def of(cls, data: bytes) -> "File":
        length = struct.unpack("<I", data[-8:-4])[0]
        footer = Reader(data[-8 - length : -8]).fields()
        found = cls(footer, [])
        for column in range(len(found.group[1][1][1])):
            about, pages = found.column(column), []
            place = min(about[number][1] for number in (9, 11) if number in about)
            end = place + about[7][1]
            while place < end:
                reader = Reader(data, place)
                header = reader.fields()
                place = reader.place + header[3][1]
                pages.append(Page(header, data[reader.place : place]))
            found.chunks.append(pages)
        return found

    @property
    def group(self) -> Fields:
        """What the footer says of the row group."""
        return self.footer[4][1][1][0]

    def column(self, place: int) -> Fields:
        """What the footer says of a column of the row group."""
        return self.group[1][1][1][place][3][1]

    def schema(self, place: int) -> Fields:
        """What the footer says of a column's type."""
        return self.footer[2][1][1][place + 1]

    def bytes(self) -> bytes:
        """The file put together again, its offsets and sizes made to fit."""
        out = io.BytesIO()
        out.write(b"PAR1")
        for place, pages in enumerate(self.chunks):
            about, start = self.column(place), out.tell()
            for page in pages:
                if page.header[1][1] != 2 and about[9][1] >= 0:
                    about[9] = I64, out.tell()
                out.write(thrift(page.header) + page.data)
            if 11 in about:
                about[11] = I64, start
            about[7] = I64, out.tell() - start
        footer = thrift(self.footer)
        return out.getvalue() + footer + struct.pack("<I", len(footer)) + b"PAR1"


def table(rows: int = 300, seed: int = 0) -> pa.Table:
    """Numbers, whole numbers and words, each with a few nulls."""
    rng = np.random.default_rng(seed)
    gaps = rng.random((3, rows)) < 0.05
    return pa.table(
        {
            "price": pa.array(rng.normal(size=rows), mask=gaps[0]),
            "units": pa.array(rng.poisson(3, rows), mask=gaps[1]),
            "store": pa.array([f"store {n}" for n in rng.integers(0, 7, rows)], mask=gaps[2]),
        }
    )


def parquet(made: pa.Table, **how: Any) -> bytes:
    """A table as a Parquet file; one row group, not compressed, without checksums unless said otherwise."""
    out = io.BytesIO()
    pq.write_table(made, out, **{"compression": "none", **how})
    return out.getvalue()
