"""One file of Model Monitor's ground truth: every line a record, and what is wrong with one that is none."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pajson

from spalje.errors import BadInput

#: Bytes of text that Arrow's readers look at at once; no line may be longer.
BLOCK = 2**24

_RECORD = pa.schema(
    [
        ("groundTruthData", pa.struct([("data", pa.string()), ("encoding", pa.string())])),
        ("eventMetadata", pa.struct([("eventId", pa.string())])),
        ("eventVersion", pa.string()),
    ]
)
_TABLE = pa.schema([("id", pa.string()), ("data", pa.string())])
_FORM = (
    'Each line is a record: {"groundTruthData": {"data": "1", "encoding": "CSV"}, '
    '"eventMetadata": {"eventId": "…"}, "eventVersion": "0"}'
)


def read_file(file: Path) -> pa.Table:
    """The records of a file: ``id`` of the event and ``data``, both text.

    Raises:
        BadInput: a line is not a record; says which.
    """
    data = file.read_bytes()
    found = _quickly(data) if data.strip() else _TABLE.empty_table()
    if found is None:
        checked = list(_slowly(file))
        ids, values = [one for one, _ in checked], [value for _, value in checked]
        found = pa.table({"id": ids, "data": values}, _TABLE)
    return found


def _quickly(data: bytes) -> pa.Table | None:
    """The records; None if there is anything that should be looked at line by line."""
    try:
        rows = pajson.read_json(
            pa.BufferReader(data),
            pajson.ReadOptions(block_size=BLOCK),
            pajson.ParseOptions(explicit_schema=_RECORD, unexpected_field_behavior="ignore"),
        )
        rows.validate(full=True)
    except pa.ArrowException:
        return None
    ids = pc.struct_field(rows["eventMetadata"], "eventId")
    values = pc.struct_field(rows["groundTruthData"], "data")
    encoding = pc.struct_field(rows["groundTruthData"], "encoding")
    sound = pc.and_(pc.equal(encoding, "CSV"), pc.equal(rows["eventVersion"], "0"))
    sound = pc.and_(sound, pc.and_(pc.not_equal(ids, ""), pc.is_valid(values)))
    ends = data.count(b"\n") + (not data.endswith(b"\n"))
    if ends != rows.num_rows or not pc.all(pc.fill_null(sound, False)).as_py():
        return None
    return pa.table({"id": ids, "data": values}, _TABLE)


def _slowly(file: Path) -> Iterator[tuple[str, str]]:
    """Id and data of every record; says which line is none."""
    for number, line in lines(file):
        if not line.strip():
            continue
        where = f"{file}, line {number}"
        try:
            record = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        except (ValueError, RecursionError) as error:
            raise BadInput(
                f"{where}: it is not JSON: {str(error) or type(error).__name__}.",
                do="Each line is one record; write the file again if it was cut off.",
            ) from error
        _is("0", record, where, "eventVersion")
        _is("CSV", record, where, "groundTruthData", "encoding")
        event = _texts(record, where, "eventMetadata", "eventId")
        if not event:
            raise BadInput(f"{where}: eventId is empty.", do="Write the id of the prediction.")
        yield event, _texts(record, where, "groundTruthData", "data")


def _is(wanted: str, record: Any, where: str, *path: str) -> None:
    found = _texts(record, where, *path)
    if found != wanted:
        raise BadInput(
            f"{where}: {'.'.join(path)} is {found!r}; only {wanted!r} is understood.",
            do="Write the truth as comma-separated values, encoding CSV, eventVersion 0.",
        )


def _texts(record: Any, where: str, *path: str) -> str:
    """The text at a place in a record."""
    value = record
    for depth, key in enumerate(path):
        if not isinstance(value, dict):
            what = ".".join(path[:depth]) or "the line"
            raise BadInput(f"{where}: {what} should be an object and is {value!r:.40}.", do=_FORM)
        if key not in value:
            raise BadInput(f"{where}: there is no {'.'.join(path[: depth + 1])}.", do=_FORM)
        value = value[key]
    if not isinstance(value, str):
        raise BadInput(f"{where}: {'.'.join(path)} should be text and is {json.dumps(value):.40}.", do=_FORM)
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise BadInput(f"{where}: {'.'.join(path)} has half a character in it.", do="Write it in UTF-8.")
    return value


def lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers, from 1."""
    with file.open("rb") as raw:
        yield from enumerate(raw, start=1)
