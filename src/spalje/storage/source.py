"""Tables wherever they are: files of Parquet, CSV or Arrow, or another library's table in memory."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from glob import glob as matching
from glob import has_magic
from pathlib import Path
from typing import Any, Literal, TypeAlias

import pyarrow as pa
import pyarrow.csv as pacsv

from spalje.errors import BadInput, NotFound
from spalje.storage import table

#: A path (file, folder or pattern), or any object with ``__arrow_c_stream__``.
Table: TypeAlias = Any
Format: TypeAlias = Literal["parquet", "arrow file", "arrow stream", "csv"]

#: How files of each format begin; what begins otherwise is text.
BEGINNINGS: tuple[tuple[bytes, Format], ...] = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow file"),
    (b"\xff\xff\xff\xff", "arrow stream"),
)
#: What a folder's tables may end in; the first of these that it has is taken.
ENDINGS = (".parquet", ".csv", ".arrow", ".feather")
#: Rows of a batch, at most.
ROWS = 2**17
#: Bytes of text that are read at a time.
BLOCK = 4 * 2**20


def files(path: Path | str) -> list[Path]:
    """The files of a table, in the order of their names.

    Raises:
        BadInput: there is none.
    """
    path = Path(path).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        for ending in ENDINGS:
            found = sorted(each for each in path.glob(f"*{ending}") if each.is_file())
            if found:
                return found
        others = sorted(each.name for each in path.iterdir())[:5]
        raise BadInput(
            f"{path} is not a table: it has no file that ends in {', '.join(ENDINGS)}; "
            + (f"it has: {', '.join(others)}." if others else "it is empty."),
            do="Write the table into this folder, or name a file.",
        )
    if has_magic(str(path)):
        places = matching(str(path), recursive=True)  # noqa: PTH207  a pattern may begin at the root
        found = sorted(Path(each) for each in places if Path(each).is_file())
        if found:
            return found
        raise BadInput(f"No file is called {path}.", do="Check the pattern; put it in quotes.")
    raise BadInput(f"There is no file or folder {path}.", do="Check the path.")


def format_of(file: Path) -> Format:
    """What a file holds, by its first bytes and not by its name.

    Raises:
        BadInput: it is empty, cannot be read, or is neither a table nor text.
    """
    with _readable(file), file.open("rb") as raw:
        first = raw.read(4096)
    if not first:
        raise BadInput(f"{file} is empty (0 bytes).", do="Write it again, and to its end.")
    for beginning, found in BEGINNINGS:
        if first.startswith(beginning):
            return found
    if b"\x00" in first:
        raise BadInput(
            f"{file} is not a table: it begins with {first[:8]!r}, as neither Parquet, Arrow nor CSV does.",
            do="Write it as Parquet, CSV or Arrow.",
        )
    return "csv"


def schema(source: Table) -> pa.Schema:
    """Names and types of a table's columns.

    Raises:
        BadInput: it cannot be read.
    """
    if not isinstance(source, str | Path):
        return _stream(source).schema
    found = files(source)
    if format_of(found[0]) == "parquet":
        return table.schema_of(found)
    return next(_batches(found[0])).schema


def read_batches(source: Table, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of a table, a batch at a time; at least one batch, of no rows if the table has none.

    Args:
        source: the table.
        columns: those to read, in this order; None: all.

    Raises:
        BadInput: it cannot be read, or a column is missing.
    """
    if not isinstance(source, str | Path):
        yield from _selected(_in_memory(source), columns, f"The {type(source).__name__}")
        return
    found = files(source)
    if format_of(found[0]) == "parquet":
        yield from table.read_files(found, columns)
        return
    first: pa.Schema | None = None
    for file in found:
        for batch in _selected(_batches(file), columns, str(file)):
            if first is not None and batch.schema != first:
                raise BadInput(
                    f"{file} has other columns or types than {found[0].name}, the first file of the table.",
                    do="Write all files of a table with the same columns and types.",
                )
            first = batch.schema
            yield batch


def _selected(
    batches: Iterator[pa.RecordBatch], columns: Sequence[str] | None, what: str
) -> Iterator[pa.RecordBatch]:
    for whole in batches:
        # a table in memory may come as one batch
        for start in range(0, max(1, whole.num_rows), ROWS):
            yield from _checked(whole.slice(start, ROWS), columns, what)


def _checked(batch: pa.RecordBatch, columns: Sequence[str] | None, what: str) -> Iterator[pa.RecordBatch]:
    names = batch.schema.names
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise BadInput(f"{what} has more than one column named {twice[0]!r}.", do="Rename one of them.")
    for name in columns or ():
        if name not in names:
            raise table.no_column(what, name, names)
    yield batch if columns is None else batch.select(list(columns))


def _batches(file: Path) -> Iterator[pa.RecordBatch]:
    """The rows of a file of CSV or Arrow."""
    form = format_of(file)
    with _readable(file):
        if form == "csv":
            how = pacsv.ReadOptions(block_size=BLOCK)
            nulls = pacsv.ConvertOptions(strings_can_be_null=True)
            reader: Any = pacsv.open_csv(file, read_options=how, convert_options=nulls)
            schema_ = reader.schema
            rest = iter(reader)
        elif form == "arrow stream":
            reader = pa.ipc.open_stream(pa.OSFile(str(file)))
            schema_, rest = reader.schema, iter(reader)
        else:
            reader = pa.ipc.open_file(pa.OSFile(str(file)))
            schema_ = reader.schema
            rest = (reader.get_batch(number) for number in range(reader.num_record_batches))
        empty = pa.RecordBatch.from_pylist([], schema=schema_)
    yield empty
    while True:
        try:
            with _readable(file):
                batch = next(rest, None)
                if batch is not None and form != "csv":
                    # Arrow takes the places of texts and dictionaries in its own files as they come: damaged
                    # ones would be looked up far outside the file, which ends the process
                    batch.validate(full=True)
        except BadInput as error:
            if form != "csv":
                raise
            raise BadInput(
                str(error),
                do="A column's type is taken from the first rows of a CSV file: write such values alike "
                "everywhere, or write the table as Parquet, which says its types.",
            ) from error
        if batch is None:
            return
        yield batch


def _in_memory(source: Any) -> Iterator[pa.RecordBatch]:
    reader = _stream(source)
    yield pa.RecordBatch.from_pylist([], schema=reader.schema)
    rest = iter(reader)
    while True:
        with _contained(source):
            batch = next(rest, None)
        if batch is None:
            return
        yield batch


def _stream(source: Any) -> pa.RecordBatchReader:
    if not hasattr(source, "__arrow_c_stream__"):
        raise BadInput(
            f"A {type(source).__name__} is not a table.",
            do="Give a path, or a table with the Arrow C stream interface: pandas, Polars, PyArrow, DuckDB.",
        )
    with _contained(source):
        return pa.RecordBatchReader.from_stream(source)


@contextmanager
def _contained(source: Any) -> Iterator[None]:
    """Whatever another library raises of its own table; some raise panics that are no ``Exception``."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, GeneratorExit, BadInput, NotFound):
        raise
    except BaseException as error:
        lines = str(error).strip().splitlines() or [""]
        raise BadInput(
            f"The {type(source).__name__} cannot be read: {type(error).__name__}: {lines[0][:300]}",
            do="Try to read it with its own library.",
        ) from error


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    with table.readable(file):
        yield
