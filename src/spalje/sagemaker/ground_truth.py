"""Model Monitor's ground truth: JSON Lines, one record for each prediction whose truth is known.

``{"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata": {"eventId": "…"}, "eventVersion": "0"}`` in
files under ``prefix/yyyy/mm/dd/hh``, the hour in which the truth was collected.
"""

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from spalje.errors import BadInput
from spalje.sagemaker.ground_truth_file import BLOCK, lines, read_file

#: How the files' names end.
ENDING = ".jsonl"

_HOUR = re.compile(r"(?:^|/)(\d{4})/(\d{2})/(\d{2})/(\d{2})/[^/]+$")
_QUOTED = r'(?s)^[ \t]*"(?P<value>(?:[^"]|"")*)"[ \t]*(?:,.*)?$'


@dataclass(frozen=True, slots=True, eq=False)
class Records:
    """Ground truth as it was written; a later record about an event takes the place of an earlier one.

    Attributes:
        ids: of the events, in the order of their hours.
        values: the first of the comma-separated values of each, as text; null where there is none.
        files: the files they are from, and how many each has.
    """

    ids: pa.ChunkedArray
    values: pa.ChunkedArray
    files: tuple[tuple[Path, int], ...]

    def where(self, row: int) -> str:
        """File and line of a record, for messages."""
        for file, count in self.files:
            if row < count:
                full = (number for number, line in lines(file) if line.strip())
                return f"{file}, line {next(number for place, number in enumerate(full) if place == row)}"
            row -= count
        raise IndexError(row)


def files(path: Path) -> list[Path]:
    """The files of a folder in the order of their hours, whatever their prefixes; or the one file.

    Files that are in no hour come first.
    """
    if path.is_file():
        return [path]
    found = [(each.relative_to(path).as_posix(), each) for each in path.rglob(f"*{ENDING}") if each.is_file()]
    # the folder may be an hour itself, or within one
    whole = {name: f"{path.absolute().as_posix()}/{name}" for name, _ in found}
    hours = {name: hour.groups() if (hour := _HOUR.search(whole[name])) else () for name, _ in found}
    return [each for name, each in sorted(found, key=lambda one: (hours[one[0]], one[0]))]


def read(path: Path) -> Records:
    """The records of a file, or of all files in a folder and below it.

    Raises:
        BadInput: a line is not a record of this form; says file and line.
    """
    tables = [(file, read_file(file)) for file in files(path)]
    ids = pa.chunked_array([chunk for _, table in tables for chunk in table["id"].chunks], pa.string())
    data = pa.chunked_array([chunk for _, table in tables for chunk in table["data"].chunks], pa.string())
    counts = tuple((file, table.num_rows) for file, table in tables)
    values = _first_values(data, Records(ids, data, counts).where)
    return Records(ids, values, counts)


def numbers(records: Records, name: str) -> pa.ChunkedArray:
    """The values as numbers.

    Raises:
        BadInput: one is none; says file and line.
    """
    return _cast(records.values, pa.float64(), name, records.where)


def keys(records: Records, types: pa.Schema) -> pa.Table:
    """The columns that the events' ids stand for: the id as it is, or the columns' values as one line of CSV.

    Args:
        records: the records.
        types: the columns in the order of the line, and their types.

    Raises:
        BadInput: an id is not of that form; says file and line.

    Example:
        >>> records = Records(pa.chunked_array([["367,APPLES"]]), pa.chunked_array([["4"]]), ())
        >>> keys(records, pa.schema([("store", pa.int64()), ("article", pa.string())])).to_pylist()
        [{'store': 367, 'article': 'APPLES'}]
    """
    names = types.names
    texts = [records.ids] if len(names) == 1 else _split(records, names)
    called = ["eventId"] if len(names) == 1 else names
    return pa.table(
        {
            field.name: _cast(column, field.type, name, records.where)
            for field, column, name in zip(types, texts, called, strict=True)
        }
    )


def write(rows: pa.Table, names: Sequence[str], target: str, folder: Path, at: datetime) -> Path:
    """Write truth as Model Monitor reads it.

    Args:
        rows: with the columns that name a row, and the target; rows that lack any of them are left out.
        names: the inference id, or the business keys: several are written as one line of CSV.
        target: the column with the truth.
        folder: the prefix, under which a folder is made for the hour.
        at: when the truth was collected, with a time zone.

    Returns:
        The file; earlier ones of the same hour stay.

    Example:
        >>> import tempfile
        >>> rows = pa.table({"store": [367], "article": ["APPLES"], "units": [4.0]})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = write(rows, ["store", "article"], "units", Path(folder), datetime(2017, 10, 30, 6, tzinfo=UTC))
        ...     print(file.relative_to(folder), file.read_text(), sep=chr(10), end="")
        2017/10/30/06/part-0.jsonl
        {"groundTruthData":{"data":"4","encoding":"CSV"},"eventMetadata":{"eventId":"367,APPLES"},"eventVersion":"0"}
    """
    for name in (*names, target):
        rows = rows.filter(pc.invert(pc.is_null(rows[name], nan_is_null=True)))
    several = len(names) > 1
    ids = [_csv(_text(rows[name])) if several else _text(rows[name]) for name in names]
    said = [
        '{"groundTruthData":{"data":',
        _json(_csv(_text(rows[target]))),
        ',"encoding":"CSV"},"eventMetadata":{"eventId":',
        _json(pc.binary_join_element_wise(*ids, ",")),
        '},"eventVersion":"0"}\n',
    ]
    records = pc.binary_join_element_wise(*said, "")
    hour = folder / at.astimezone(UTC).strftime("%Y/%m/%d/%H")
    hour.mkdir(parents=True, exist_ok=True)
    number = 0
    while (file := hour / f"part-{number}{ENDING}").exists():
        number += 1
    with file.open("xb") as out:
        for chunk in records.chunks:
            out.write(_bytes(chunk))
    return file


def _first_values(data: pa.ChunkedArray, where: Callable[[int], str]) -> pa.ChunkedArray:
    """The first of the comma-separated values of each row; null where it is empty."""
    if len(data) == 0:
        return data
    first = pc.utf8_trim(pc.list_element(pc.split_pattern(data, ",", max_splits=1), 0), " \t")
    quoted = pc.starts_with(pc.utf8_ltrim(data, " \t"), '"')
    if pc.any(quoted).as_py():
        inside = pc.struct_field(pc.extract_regex(data, _QUOTED), "value")
        broken = pc.index(pc.and_(quoted, pc.is_null(inside)), True).as_py()
        if broken >= 0:
            raise BadInput(
                f"{where(broken)}: data is {data[broken].as_py()!r:.60}, which is not comma-separated values.",
                do="Close its quotes; a quote inside them is written twice.",
            )
        first = pc.if_else(quoted, pc.replace_substring(inside, '""', '"'), first)
    return pc.if_else(pc.equal(first, ""), pa.scalar(None, pa.string()), first)


def _split(records: Records, names: Sequence[str]) -> list[pa.ChunkedArray]:
    """The ids' values, a column for each name."""
    how = {
        "read_options": pacsv.ReadOptions(column_names=list(names), block_size=BLOCK),
        "convert_options": pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    }
    tables = []
    for ids in records.ids.chunks:
        if len(ids) == 0:
            continue
        try:
            text = _bytes(pc.binary_join_element_wise(ids, "\n", ""))
            table = pacsv.read_csv(pa.BufferReader(text), **how)
        except pa.ArrowException:
            table = None
        if table is None or table.num_rows != len(ids) or pc.any(pc.match_substring(ids, "\n")).as_py():
            raise _misspelled(records, names)
        tables.append(table)
    return [
        pa.chunked_array([chunk for table in tables for chunk in table[name].chunks], pa.string())
        for name in names
    ]


def _misspelled(records: Records, names: Sequence[str]) -> BadInput:
    wrong = (
        row
        for row, event in enumerate(records.ids.to_pylist())
        if "\n" in event or event.count('"') % 2 or len(next(csv.reader([event]))) != len(names)
    )
    row = next(wrong, 0)
    return BadInput(
        f"{records.where(row)}: eventId is {records.ids[row].as_py()!r:.80}; it should be the values of "
        f"{', '.join(names)} as one line of CSV.",
        do="Write the business keys in that order, or name the column with the ids: inference_id under [problem].",
    )


def _cast(
    column: pa.ChunkedArray, kind: pa.DataType, name: str, where: Callable[[int], str]
) -> pa.ChunkedArray:
    try:
        return column.cast(kind)
    except pa.ArrowException:
        row = _first_unfit(column, kind)
        raise BadInput(
            f"{where(row)}: {name} is {column[row].as_py()!r:.60}; it should be {kind}.",
            do="Correct the record.",
        ) from None


def _first_unfit(column: pa.ChunkedArray, kind: pa.DataType) -> int:
    """The first row that cannot be cast; there is one."""
    low, high = 0, len(column)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            column.slice(low, middle - low).cast(kind)
            low = middle
        except pa.ArrowException:
            high = middle
    return low


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    return column.cast(pa.string())


def _csv(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts as values of a line of CSV."""
    plain = pc.match_substring_regex(texts, r'^[^\s",]([^\n\r",]*[^\s",])?$')
    if pc.all(plain).as_py() is not False:
        return texts
    return pc.if_else(
        plain, texts, pc.binary_join_element_wise('"', pc.replace_substring(texts, '"', '""'), '"', "")
    )


def _json(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts as JSON has them."""
    texts = pc.replace_substring(pc.replace_substring(texts, "\\", "\\\\"), '"', '\\"')
    if pc.any(pc.match_substring_regex(texts, r"[\x00-\x1f]")).as_py():
        for code in range(0x20):
            texts = pc.replace_substring(texts, chr(code), f"\\u{code:04x}")
    return pc.binary_join_element_wise('"', texts, '"', "")


def _bytes(texts: pa.Array) -> pa.Buffer:
    """All texts one after the other."""
    offsets, data = texts.buffers()[1:]
    ends = pa.Array.from_buffers(pa.int32(), len(texts) + 1 + texts.offset, [None, offsets])
    begin = ends[texts.offset].as_py()
    return data.slice(begin, ends[len(ends) - 1].as_py() - begin)
