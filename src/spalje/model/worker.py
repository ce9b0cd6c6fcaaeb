"""A model in a process of its own: tables in, predictions out, until there are no more tables.

This file is a program. It is started by path with the Python of the user's environment, where
Spaljé need not be installed, so it imports only the standard library, pyarrow and, unless the
script says ``accepts = "arrow"``, pandas. Requests and replies are Arrow IPC streams, one after
the other, on standard input and output, which the user's code does not see: what it prints goes to standard
error, which is the step's log.

A reply's schema says what it is under the key ``reply``: ``ready`` (the model is loaded),
``predictions`` (float64 columns) or ``error`` (with a short ``message``; the traceback is in the log).
A request may ask for something else under the key ``ask``: ``trees``, the decision trees in the model, or
``shown``, the matrix that these are shown for a table; the reply ``none`` says in ``message`` why there is
none. With ``--lenient``, rows on which the script fails get NaN, and ``failed`` says how many, with the message.
"""

import argparse
import atexit
import contextlib
import functools
import importlib.util
import io
import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

CONTENT_TYPE = "application/x-parquet"
ACCEPT = "text/csv"

Predict = Callable[[pa.Table], pa.Table]


class ContractError(Exception):
    """The script does not do what an inference script must; the text is meant for its author."""


class EveryRowFails(ContractError):
    """There is no row that the script can predict for."""


def main(words: Sequence[str]) -> int:
    """Serve until the requests end; after an error, which is replied, the process ends at once."""
    parser = argparse.ArgumentParser()
    for option, kind in (
        ("script", Path),
        ("model", Path),
        ("prediction", str),
    ):
        parser.add_argument(f"--{option}", type=kind, required=True)
    parser.add_argument("--lenient", action="store_true")
    given = parser.parse_args(words)
    with pipes() as (requests, replies):
        reply = Replies(replies)
        try:
            predict, model = prepare(given.script, given.model, given.prediction)
            answer = Careful(predict, given.script) if given.lenient else predict
            reply.send("ready")
            for table in tables(requests):
                ask = (table.schema.metadata or {}).get(b"ask")
                if ask:
                    reply.send(*asked(ask.decode(), table.replace_schema_metadata(None), predict, model))
                    continue
                began = time.perf_counter()
                predictions = answer(table)
                reply.send(
                    "predictions",
                    predictions,
                    busy_s=repr(time.perf_counter() - began),
                    **(answer.told() if isinstance(answer, Careful) else {}),
                )
        except BaseException as error:  # noqa: BLE001  sys.exit() in a script is an error too
            if not isinstance(error, EveryRowFails):  # the script's own is there already
                traceback.print_exc()
            reply.send("error", message=said(error, given.script))
            sys.stdout.flush()
            os._exit(1)  # the thread that waits for requests would keep the pipe from being closed
    return 0


@contextlib.contextmanager
def pipes() -> Iterator[tuple[io.BufferedReader, io.BufferedWriter]]:
    """Standard input and output, for requests and replies alone.

    Their numbers are given to nothing to read and to the log; programs that the script starts do not inherit
    ours, so they cannot hold them open.
    """
    requests, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    with open(requests, "rb") as ours, open(replies, "wb") as theirs:  # noqa: PTH123
        yield ours, theirs


class Replies:
    """The way back."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe
        self._sink = pa.PythonFile(pipe, mode="w")

    def send(self, kind: str, table: pa.Table | None = None, message: str = "", **said: str) -> None:
        """Send one reply, whole."""
        table = pa.table({}) if table is None else table
        metadata = {**(table.schema.metadata or {}), "reply": kind, "message": message, **said}
        table = table.replace_schema_metadata(metadata)
        with pa.ipc.new_stream(self._sink, table.schema) as stream:
            stream.write_table(table)
        self._pipe.flush()


def tables(pipe: io.BufferedReader) -> Iterator[pa.Table]:
    """The requests, until the pipe is closed; the next is read while the model works on one."""
    read: queue.Queue[pa.Table | BaseException | None] = queue.Queue(maxsize=1)

    def ahead() -> None:
        source = pa.PythonFile(pipe, mode="r")
        try:
            while pipe.peek(1):
                with pa.ipc.open_stream(source) as stream:
                    read.put(stream.read_all())
            read.put(None)
        except BaseException as error:  # noqa: BLE001  raised again in the thread that waits for it
            read.put(error)

    threading.Thread(target=ahead, daemon=True).start()
    while (table := read.get()) is not None:
        if isinstance(table, BaseException):
            raise table
        yield table


class Careful:
    """Predicts for the rows that a script can predict for, and gives NaN for those on which it fails.

    A block on which it fails is cut in halves, and these again, down to single rows.
    """

    #: Rows of a block that may fail before the block itself is taken to.
    MOST = 1000

    def __init__(self, predict: Predict, script: Path) -> None:
        self._predict = predict
        self._script = script
        self._failed = 0
        self._message = ""
        self._names: list[str] = []

    def __call__(self, table: pa.Table) -> pa.Table:
        """Predictions for a block."""
        self._failed = 0
        parts = self._parts(table)
        if not self._names:
            raise EveryRowFails(f"predict_fn fails on every row: {self._message}")
        empty = {name: pa.nulls(1, pa.float64()).fill_null(float("nan")) for name in self._names}
        return pa.concat_tables([pa.table(empty) if part is None else part for part in parts])

    def told(self) -> dict[str, str]:
        """How many rows of the last block failed, and what the first said."""
        return {"failed": str(self._failed), "message": self._message} if self._failed else {}

    def _parts(self, table: pa.Table) -> list[pa.Table | None]:
        try:
            part = self._predict(table)
        except Exception as error:  # whatever a script raises is about these rows
            if not self._message:
                self._message = said(error, self._script)
                print_own(error)
            if table.num_rows == 1:
                self._failed += 1
                return [None]
            if self._failed > self.MOST:
                raise
            half = table.num_rows // 2
            return self._parts(table.slice(0, half)) + self._parts(table.slice(half))
        if part.num_rows != table.num_rows:
            raise ContractError(f"predict_fn gave {part.num_rows} predictions for {table.num_rows} rows")
        self._names = self._names or part.column_names
        return [part]


def asked(ask: str, table: pa.Table, predict: Predict, model: Any) -> tuple[str, pa.Table | None, str]:
    """The reply to a question about the model's trees."""
    ensemble = beside("ensemble")
    trees = ensemble.find(model)
    if trees is None:
        return "none", None, "the model has no decision trees that are known here"
    try:
        if ask == "trees":
            return ask, ensemble.document(trees), ""
        matrix = ensemble.shown(trees, lambda: predict(table))
        return ask, pa.table({str(place): column for place, column in enumerate(matrix.T)}), ""
    except Exception as error:  # noqa: BLE001  a library of another version, or a script that fails
        return "none", None, f"{type(error).__name__}: {error}"


@functools.cache
def beside(name: str) -> ModuleType:
    """A program that stands beside this one."""
    spec = importlib.util.spec_from_file_location(f"_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None  # noqa: S101  it is a Python file
    module = importlib.util.module_from_spec(spec)
    assert spec.loader is not None  # noqa: S101
    spec.loader.exec_module(module)
    return module


def prepare(script: Path, model_dir: Path, prediction: str) -> tuple[Predict, Any]:
    """Load the script and its model; what predicts for a table of features, and the model."""
    module = load(script)
    for name in ("model_fn", "predict_fn"):
        if not callable(getattr(module, name, None)):
            raise ContractError(f"{script.name} defines no function {name}")
    accepts = getattr(module, "accepts", "pandas")
    if accepts not in ("pandas", "arrow"):
        raise ContractError(f'{script.name} sets accepts = {accepts!r}; it can be "pandas" or "arrow"')
    input_fn, output_fn = getattr(module, "input_fn", None), getattr(module, "output_fn", None)
    convert = body_of if input_fn else frame_of if accepts == "pandas" else lambda table: table
    model = module.model_fn(str(model_dir))

    def predict(table: pa.Table) -> pa.Table:
        data = convert(table)
        if input_fn:
            data = input_fn(data, CONTENT_TYPE)
        given = module.predict_fn(data, model)
        if output_fn:
            given = parsed(output_fn(given, ACCEPT))
        return columns(given, prediction)

    return predict, model


def load(script: Path) -> ModuleType:
    """The script as a module; what stands beside it can be imported by it."""
    sys.path.insert(0, str(script.parent))
    spec = importlib.util.spec_from_file_location(script.stem, script)
    if spec is None or spec.loader is None:
        raise ContractError(f"{script.name} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[script.stem] = module  # pickled models name their classes by it
    spec.loader.exec_module(module)
    return module


def frame_of(table: pa.Table) -> Any:
    """The DataFrame that ``pandas.read_parquet`` would give, which the script may change."""
    frame = table.to_pandas()
    if list(frame.columns) != table.column_names:  # a feature was the index of the frame that was written
        frame = table.to_pandas(ignore_metadata=True)
    return (
        frame.copy() if table.num_columns == 1 else frame
    )  # a single column shares Arrow's memory, read-only


def body_of(table: pa.Table) -> bytes:
    """The table as the bytes of a Parquet file, what an ``input_fn`` is sent."""
    buffer = io.BytesIO()
    pa.parquet.write_table(table, buffer, compression="none")
    return buffer.getvalue()


def parsed(body: Any) -> Any:
    """What an ``output_fn`` wrote, read again: CSV, with or without a header, or JSON."""
    body = body[0] if isinstance(body, tuple) else body  # (body, content type)
    if not isinstance(body, str | bytes):
        return body
    text = body.decode() if isinstance(body, bytes) else body
    if text.lstrip()[:1] in ("[", "{"):
        content = json.loads(text)
        rows = content.get("predictions", content) if isinstance(content, dict) else content
        return pa.Table.from_pylist(rows) if rows and isinstance(rows[0], dict) else rows
    if not text.strip():
        return []
    first = text.lstrip().split("\n", 1)[0].split(",")
    options = pa.csv.ReadOptions(autogenerate_column_names=all(map(is_number, first)))
    table = pa.csv.read_csv(io.BytesIO(text.encode()), read_options=options)
    return list(table.columns) if options.autogenerate_column_names else table


def is_number(text: str) -> bool:
    """Whether a cell of CSV is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return True


def columns(given: Any, name: str) -> pa.Table:
    """Predictions of any shape as float64 columns: one called ``name``, or several."""
    if isinstance(given, pa.Table | pa.RecordBatch):
        names, values = given.schema.names, list(given.columns)
    elif hasattr(given, "iloc") and hasattr(given, "columns"):  # a DataFrame
        names, values = (
            [str(each) for each in given.columns],
            [given.iloc[:, i] for i in range(given.shape[1])],
        )
    else:
        names, values = [], unstacked(given)
    if not values:
        raise ContractError("predict_fn gave a table without columns")
    if len(values) == 1:
        names = [name]
    return pa.table([numbers(each) for each in values], names or [f"{name}_{i}" for i in range(len(values))])


def unstacked(given: Any) -> list[Any]:
    """The columns of something that has no names for them: one, or as many as a row has numbers."""
    if getattr(given, "ndim", 1) == 2:
        return [given[:, i] for i in range(given.shape[1])]
    if isinstance(given, list | tuple) and given and isinstance(given[0], pa.Array | pa.ChunkedArray):
        return list(given)
    if isinstance(given, list | tuple) and given and isinstance(given[0], list | tuple):
        widths = {len(row) for row in given}
        if len(widths) > 1:
            raise ContractError(f"predict_fn gave rows of different widths: {sorted(widths)}")
        return list(zip(*given, strict=True))
    return [given]


def numbers(values: Any) -> pa.Array:
    """One column of predictions as float64."""
    try:
        array = (
            values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, from_pandas=True)
        )
    except (pa.ArrowException, TypeError) as error:
        kind = type(values).__name__
        raise ContractError(f"predict_fn gave a {kind} that is not one number per row: {error}") from error
    kinds = (
        pa.types.is_floating,
        pa.types.is_integer,
        pa.types.is_boolean,
        pa.types.is_decimal,
        pa.types.is_null,
    )
    if not any(is_kind(array.type) for is_kind in kinds):
        example = f", for example {array[0].as_py()!r}" if len(array) else ""
        raise ContractError(f"predict_fn gave values of type {array.type}{example}; predictions are numbers")
    return array.cast(pa.float64(), safe=False)


def said(error: BaseException, script: Path) -> str:
    """An error in one line, with the last line of the user's own code that it passed."""
    if isinstance(error, ContractError):
        return str(error)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(script.parent)]
    place = f" ({Path(own[-1].filename).name}:{own[-1].lineno}, in {own[-1].name})" if own else ""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}{': ' + text[0] if text else ''}{place}"


def print_own(error: BaseException) -> None:
    """The traceback of what went wrong in the script, from where it begins."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__ and trace.tb_next is not None:
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace)


def leave(code: int) -> None:
    """End the process: what asked to be told is told, but modules are not taken apart, which takes long."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()  # the script's own threads, as the interpreter does
    atexit._run_exitfuncs()  # noqa: SLF001  there is no public way
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
