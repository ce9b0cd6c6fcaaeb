"""A CSV file whose columns' types are known beforehand, read whole; what cannot be read is named by line and column."""

import csv
import gzip
import io
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from spalje.errors import BadInput
from spalje.storage.table import no_column, readable

#: How a compressed file begins.
GZIP = b"\x1f\x8b"

_VALUE = re.compile(r"In CSV column #(\d+): Row #(\d+): CSV conversion error to ([^:]+): (.*)", re.DOTALL)
_ROW = re.compile(r"CSV parse error: Row #(\d+): Expected (\d+) columns, got (\d+)")


def names(file: Path) -> list[str]:
    """What the columns are called, as the first line has it.

    Raises:
        BadInput: the file has no line, or cannot be read.
    """
    try:
        with readable(file), _text(file) as text:
            header = next((row for row in csv.reader(text) if row), None)
    except csv.Error as error:
        raise BadInput(f"{file} is no CSV file: {error}.", do="Write its columns' names first.") from error
    if header is None:
        raise BadInput(f"{file} is empty: it has not even a line with names.", do="Write it again.")
    return header


def read(file: Path, types: Mapping[str, pa.DataType]) -> pa.Table:
    """The columns of those names, each in its type.

    Numbers are empty, or spelled as one of Arrow's null values (``NA``, ``NaN``, ...), where they are missing; text is
    taken as it stands.

    Args:
        file: comma-separated, in UTF-8, its first line with the names; may be compressed with gzip.
        types: column -> type.

    Raises:
        BadInput: a column is missing or there twice, or a value is not of its type.
    """
    header = names(file)
    for name in types:
        if name not in header:
            raise no_column(str(file), name, header)
    twice = [name for name, times in Counter(header).items() if times > 1 and name in types]
    if twice:
        raise BadInput(f"{file} has more than one column named {twice[0]!r}.", do="Rename one of them.")
    try:
        return _read(file, types, quickly=True)
    except pa.ArrowException:
        pass  # of several threads none knows the line
    try:
        return _read(file, types, quickly=False)
    except pa.ArrowException as error:
        raise _explained(file, header, str(error)) from error


def _read(file: Path, types: Mapping[str, pa.DataType], *, quickly: bool) -> pa.Table:
    try:
        with pa.OSFile(str(file)) as raw:
            packed = _packed(file)
            return pacsv.read_csv(
                pa.CompressedInputStream(raw, "gzip") if packed else raw,
                read_options=pacsv.ReadOptions(use_threads=quickly),
                parse_options=pacsv.ParseOptions(newlines_in_values=not quickly),
                convert_options=pacsv.ConvertOptions(column_types=dict(types), include_columns=list(types)),
            )
    except OSError as error:
        raise BadInput(
            f"{file} cannot be read: {str(error).splitlines()[0]}",
            do="It is damaged or was not written to its end: write it again.",
        ) from error


def _explained(file: Path, header: list[str], said: str) -> BadInput:
    if found := _VALUE.search(said):
        column, row, kind, why = int(found[1]), int(found[2]), found[3], found[4].strip()
        return BadInput(
            f"{file}, line {_line(file, row)}, column {header[column]!r}: {why}; it should be {kind}.",
            do=_remedy(kind),
        )
    if found := _ROW.search(said):
        line, there = _line(file, int(found[1])), int(found[3])
        return BadInput(
            f"{file}, line {line}: there {'is' if there == 1 else 'are'} {there} of the {found[2]} values that the "
            "first line names.",
            do="Correct the line; a value with a comma in it is written in quotes.",
        )
    return BadInput(f"{file} cannot be read: {said.splitlines()[0][:300]}", do="Write it again.")


def _remedy(kind: str) -> str:
    if kind.startswith(("date", "timestamp")):
        return "Write dates as year-month-day, as in 2017-10-30."
    if kind.startswith("string"):
        return "Write the file in UTF-8."
    return "Write numbers with a point and without spaces, as in 1234.5; leave out what is not known."


def _line(file: Path, row: int) -> int:
    """The line on which a row ends; rows are counted from 1, lines without anything in them are none."""
    with _text(file) as text:
        reader = csv.reader(text)
        for there in reader:
            row -= bool(there)
            if row == 0:
                break
        return reader.line_num


def _packed(file: Path) -> bool:
    with file.open("rb") as raw:
        return raw.read(2) == GZIP


def _text(file: Path) -> io.TextIOWrapper:
    raw = gzip.GzipFile(file) if _packed(file) else file.open("rb")
    return io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")
