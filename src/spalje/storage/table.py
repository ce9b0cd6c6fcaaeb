"""Tables: a folder of Parquet files with one schema, read in the order of their names."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from spalje.errors import BadInput

#: Bytes of a column that are read from a file at a time: a row group of any size takes no more.
BUFFER = 2**20
#: The first and last four bytes of every Parquet file.
MAGIC = b"PAR1"


def read_batches(
    table: Path, columns: Sequence[str] | None = None, batch_rows: int = 65_536, *, dictionary: bool = False
) -> Iterator[pa.RecordBatch]:
    """The rows of a table, a batch at a time; at least one batch, of no rows if the table has none.

    Args:
        table: a folder of ``*.parquet`` files, or one file.
        columns: those to read, in this order; None: all.
        batch_rows: rows in a batch, at most.
        dictionary: give strings as dictionaries (places and different values), which is faster to
            read and to count.

    Raises:
        BadInput: there is no file, a file is not whole, the files differ in schema, or a column is missing.
    """
    yield from read_files(_files(table), columns, batch_rows, dictionary=dictionary, what=str(table))


def read_files(
    found: Sequence[Path],
    columns: Sequence[str] | None = None,
    batch_rows: int = 65_536,
    *,
    dictionary: bool = False,
    what: str | None = None,
) -> Iterator[pa.RecordBatch]:
    """The rows of one or more files, see ``read_batches``; ``what``: how errors call the table."""
    wanted = selected(what or str(found[0]), _schema_of(found[0]), columns)
    for file in found:
        reader, here = open_file(file, wanted if dictionary else ())
        _same_schema(found[0], file, here)
        empty = True
        batches = reader.iter_batches(batch_size=batch_rows, columns=wanted)
        while True:
            with readable(file):
                batch = next(batches, None)
                if batch is None:
                    break
                # a selection of 'a' also brings 'a.b'
                batch = batch.select(wanted)
            empty = False
            yield batch
        if empty and file == found[-1]:
            yield pa.RecordBatch.from_pylist([], schema=pa.schema([here.field(name) for name in wanted]))


def read(table: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """A whole table in memory; see ``read_batches``."""
    return pa.Table.from_batches(read_batches(table, columns, 1 << 20))


def schema(table: Path) -> pa.Schema:
    """Names and types of a table's columns.

    Raises:
        BadInput: as ``read_batches``; all files are looked at.
    """
    return schema_of(_files(table))


def schema_of(found: Sequence[Path]) -> pa.Schema:
    """Names and types of the columns of one or more files, which all have the same."""
    first = _schema_of(found[0])
    for file in found[1:]:
        _same_schema(found[0], file, _schema_of(file))
    return first


def row_count(table: Path) -> int:
    """The number of rows, as the files' footers have it.

    Raises:
        BadInput: there is no file, or a file is not whole.
    """
    return sum(open_file(file)[0].metadata.num_rows for file in _files(table))


def write(table: pa.Table, folder: Path) -> None:
    """Write a table as one file, ``part-0.parquet``, into a folder, which is made if need be.

    Every page carries a checksum, so that a damaged file is noticed when it is read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        table,
        folder / "part-0.parquet",
        compression="zstd",
        write_page_checksum=True,
        row_group_size=ROW_GROUP,
    )


#: Rows in a row group: what a reader holds of a column at once.
ROW_GROUP = 262_144


def _files(table: Path) -> list[Path]:
    if table.is_file():
        return [table]
    if not table.is_dir():
        raise BadInput(
            f"There is no table at {table}.", do="Give a folder of *.parquet files, or one such file."
        )
    found = sorted(path for path in table.glob("*.parquet") if path.is_file())
    if not found:
        others = sorted(path.name for path in table.iterdir())[:5]
        raise BadInput(
            f"{table} is not a table: it has no *.parquet file; "
            + (f"it has: {', '.join(others)}." if others else "it is empty."),
            do="Write the table as Parquet into this folder (for example with DataFrame.to_parquet).",
        )
    return found


def open_file(
    file: Path, dictionary: Sequence[str] = (), metadata: pq.FileMetaData | None = None
) -> tuple[pq.ParquetFile, pa.Schema]:
    """A Parquet file ready to be read, and its schema.

    Args:
        file: the file.
        dictionary: columns to be given as dictionaries where they hold strings.
        metadata: the file's own, where it is at hand: the footer is then not read again.

    Raises:
        BadInput: it is not a whole Parquet file, or two columns have the same name.
    """
    with readable(file):
        size = file.stat().st_size
        if size == 0:
            raise BadInput(f"{file} is empty (0 bytes).", do="Write it again, and to its end.")
        with file.open("rb") as raw:
            first = raw.read(4)
        if first != MAGIC:
            raise BadInput(
                f"{file} is not a Parquet file: it begins with {first!r}, not {MAGIC!r}.",
                do="Write it as Parquet, or give it a name that does not end in .parquet.",
            )
        # Arrow would fetch the whole file before the first batch
        how = {"page_checksum_verification": True, "pre_buffer": False, "buffer_size": BUFFER}
        reader = pq.ParquetFile(file, metadata=metadata, **how)
        plain = reader.schema_arrow
        twice = [name for name, times in Counter(plain.names).items() if times > 1]
        if twice:
            raise BadInput(f"{file} has more than one column named {twice[0]!r}.", do="Rename one of them.")
        if metadata is None:
            _agrees(file, reader.metadata)
        strings = [name for name in dictionary if pa.types.is_string(plain.field(name).type)]
        if strings:
            reader = pq.ParquetFile(file, metadata=reader.metadata, read_dictionary=strings, **how)
    return reader, plain


def _schema_of(file: Path) -> pa.Schema:
    return open_file(file)[1].remove_metadata()


def _agrees(file: Path, metadata: pq.FileMetaData) -> None:
    """A footer's rows must be those of its row groups: Arrow does not look."""
    rows = sum(metadata.row_group(number).num_rows for number in range(metadata.num_row_groups))
    if rows != metadata.num_rows:
        raise BadInput(
            f"{file} says that it has {metadata.num_rows:,} rows, and its row groups have {rows:,}.",
            do="It is damaged: write it again.",
        )


def _same_schema(first: Path, file: Path, here: pa.Schema) -> None:
    expected = {field.name: field.type for field in _schema_of(first)}
    found = {field.name: field.type for field in here}
    if expected == found:
        return
    missing, extra = expected.keys() - found.keys(), found.keys() - expected.keys()
    retyped = [name for name in expected if name in found and expected[name] != found[name]]
    if missing or extra:
        what = "; ".join(
            f"{word} {', '.join(repr(name) for name in sorted(names))}"
            for word, names in (("it lacks", missing), ("it adds", extra))
            if names
        )
    else:
        name = retyped[0]
        what = f"column {name!r} is {found[name]} here and {expected[name]} there"
    raise BadInput(
        f"{file} has other columns than {first.name}, the first file of the table: {what}.",
        do="Write all files of a table with the same columns and types.",
    )


def selected(what: str, known: pa.Schema, columns: Sequence[str] | None) -> list[str]:
    """The columns to read, which must be there."""
    if columns is None:
        return list(known.names)
    for name in columns:
        if name not in known.names:
            raise no_column(what, name, known.names)
    return list(columns)


def no_column(what: str, name: str, names: Sequence[str]) -> BadInput:
    """A column that a table does not have."""
    near = get_close_matches(name, names, n=1)
    return BadInput(
        f"{what} has no column {name!r}."
        + (f" Did you mean {near[0]!r}?" if near else "")
        + f" It has: {', '.join(names[:30])}{', …' if len(names) > 30 else ''}.",
        do="Add the column where the table is written, or correct its name.",
    )


@contextmanager
def intact(file: Path) -> Iterator[None]:
    """Turns what Arrow finds wrong in values that were read into a message that names the file."""
    try:
        yield
    except pa.ArrowException as error:
        raise _damaged(file, error) from error


@contextmanager
def readable(file: Path) -> Iterator[None]:
    """Turns whatever Arrow says of a damaged file into a message that names the file."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(file, error) from error


def _damaged(file: Path, error: Exception) -> BadInput:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return BadInput(
        f"{file} cannot be read: {lines[0][:300]}",
        do="It is damaged or was not written to its end: write it again.",
    )
