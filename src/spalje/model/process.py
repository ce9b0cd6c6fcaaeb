"""A model in its own process, seen from our side: fed blocks of rows and held to the contract."""

import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, repeat
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa

from spalje.errors import BadInput, StepFailed
from spalje.model.child import Child
from spalje.model.contract import Signature, check_predictions, feature_columns
from spalje.model.group import Group
from spalje.model.package import load
from spalje.model.program import Ended, Program, Starter

#: The program that runs in the user's environment.
WORKER = Path(__file__).with_name("worker.py")

#: A block of rows is at most this large, so that memory stays the same however many rows there are.
BLOCK_BYTES = 8 << 20
BLOCK_ROWS = 131_072

#: Blocks sent and not yet answered: one that the model works on, one that waits for it.
IN_FLIGHT = 2

#: Seconds that a process may take to end by itself once there is nothing more to do.
GRACE_S = 5.0


def open_model(
    package: Path,
    start: Starter,
    log: Path,
    *,
    timeout_s: float | None = None,
    lenient: bool = False,
    started: Callable[[Group], None] = lambda _group: None,
    ended: Callable[[Group, Ended], None] = lambda _group, _how: None,
) -> "ModelProcess":
    """Start a packaged model in the user's environment and wait until it is loaded.

    Args:
        package: the folder of a packaged model; nothing is written into it.
        start: starts programs in the environment that the model needs.
        log: the file that what the script prints is added to.
        timeout_s: seconds of wall time after which the process is killed; None: no limit.
        lenient: give NaN for rows on which the script fails, instead of failing.
        started: told the process group as soon as there is one.
        ended: told the process group, and how it ended.

    Raises:
        BadInput: the folder is no packaged model.
        StepFailed: the script or the model could not be loaded, or the process died.
    """
    content = load(package)
    return open_script(
        package / "code" / content.script,
        package / "model",
        content.signature,
        start,
        log,
        folder=package / "code",
        timeout_s=timeout_s,
        lenient=lenient,
        started=started,
        ended=ended,
    )


def open_script(
    script: Path,
    model: Path,
    signature: Signature,
    start: Starter,
    log: Path,
    *,
    folder: Path | None = None,
    timeout_s: float | None = None,
    lenient: bool = False,
    started: Callable[[Group], None] = lambda _group: None,
    ended: Callable[[Group, Ended], None] = lambda _group, _how: None,
) -> "ModelProcess":
    """Start an inference script by itself; see ``open_model``.

    Args:
        script: defines ``model_fn`` and ``predict_fn``.
        model: the folder that ``model_fn`` is given.
        signature: what the model is fed and gives.
        start: as ``open_model``.
        log: as ``open_model``.
        folder: that the process starts in; None: the script's.
        timeout_s: as ``open_model``.
        lenient: as ``open_model``.
        started: as ``open_model``.
        ended: as ``open_model``.

    Raises:
        StepFailed: as ``open_model``.
    """
    folder = (folder or script.parent).resolve()
    words = [
        "-P", str(WORKER),
        "--script", str(script.resolve()),
        "--model", str(model.resolve()),
        "--prediction", signature.prediction,
        *(["--lenient"] if lenient else []),
    ]  # fmt: skip
    program = Program(
        tuple(words),
        folder,
        {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        reads=(WORKER.parent, script.resolve().parent, model.resolve(), folder),
    )
    child = Child(program, start, log, timeout_s, started, ended)
    return ModelProcess(child, signature, script.name, timeout_s, lenient=lenient)


class ModelProcess:
    """A loaded model that predicts for tables; a context manager that leaves no process behind.

    Made by ``open_model``. One thread at a time may use it.
    """

    def __init__(
        self,
        child: Child,
        signature: Signature,
        script: str,
        timeout_s: float | None,
        *,
        lenient: bool = False,
    ) -> None:
        self.signature = signature
        #: Seconds that it took to start, and that the model has been busy predicting.
        self.started_s, self.busy_s = 0.0, 0.0
        #: Rows on which its script failed, and what it said of the first.
        self.failed, self.first_failure = 0, ""
        self._lenient = lenient
        self._child = child
        self._script = script
        self._timeout_s = timeout_s
        self._closed = False
        began = time.monotonic()
        try:
            self._reply("while it was loaded")
            self.started_s = time.monotonic() - began
        except BaseException:
            self.close(grace_s=0.0)
            raise

    def predict(self, table: pa.Table, name: str = "batch") -> pa.Table:
        """The predictions for a table: one row of float64 numbers for each of its rows.

        A table without rows is not shown to the model.

        Args:
            table: has the features, in any order, and may have other columns.
            name: what the table is called in messages.

        Raises:
            BadInput: a feature is missing, or the predictions break the contract.
            StepFailed: the script raised, or its process died or took longer than its limit.
        """
        given = [predictions for _, predictions in self.predict_blocks([table], name)]
        if given:
            return pa.concat_tables(given)
        return pa.table({self.signature.prediction: pa.array([], pa.float64())})

    def predict_blocks(
        self, tables: Iterable[pa.Table], name: str = "batch"
    ) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Blocks of rows with their predictions, in the order of the tables; memory stays bounded.

        The next block is read, converted and sent while the model works on one. A loop over it that
        is left before its end ends the process.

        Args:
            tables: pieces of one table, in order; large ones are cut into blocks.
            name: what the whole is called in messages.

        Raises:
            BadInput: as ``predict``; also when blocks get different columns of predictions.
            StepFailed: as ``predict``.
        """
        waiting: deque[pa.Table] = deque()
        first, names = 0, None
        blocks = (block for table in tables for block in _blocks(table))
        try:
            for block in chain(blocks, repeat(None, IN_FLIGHT)):
                if block is not None:
                    self._child.send(feature_columns(block, self.signature, name))
                    waiting.append(block)
                if waiting and (block is None or len(waiting) == IN_FLIGHT):
                    answered = waiting.popleft()
                    predictions = self._checked(answered.num_rows, first, name)
                    names = names or predictions.column_names
                    if predictions.column_names != names:
                        raise BadInput(
                            f"predict_fn gave the columns {predictions.column_names} for row {first:,} "
                            f"of {name} and on, and {names} for the rows before.",
                            do="Give the same columns for every block of rows.",
                        )
                    yield answered, predictions
                    first += answered.num_rows
        finally:
            if waiting:  # replies that nobody will ask for
                self.close(grace_s=0.0)

    def trees(self) -> tuple[pa.Table | None, str]:
        """The decision trees in the model, see ``spalje.model.ensemble.document``; or None, and why not."""
        return self._asked("trees", pa.table({}))

    def shown(self, table: pa.Table) -> tuple[pa.Table | None, str]:
        """The matrix that the model's trees are shown for a table, a column each; or None, and why not.

        Args:
            table: has the features, in any order, and may have other columns.
        """
        return self._asked("shown", feature_columns(table, self.signature, "the rows to be explained"))

    def _asked(self, what: str, table: pa.Table) -> tuple[pa.Table | None, str]:
        metadata = {**(table.schema.metadata or {}), "ask": what}
        self._child.send(table.replace_schema_metadata(metadata))
        reply = self._reply(f"when it was asked for its {what}", raw=True)
        said = reply.schema.metadata
        return (None, said[b"message"].decode()) if said[b"reply"] == b"none" else (reply, "")

    def close(self, *, grace_s: float = GRACE_S) -> None:
        """End the process and everything that it started, by force after ``grace_s`` seconds."""
        self._closed = True
        self._child.close(grace_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(grace_s=GRACE_S if error is None else 0.0)

    def _checked(self, rows: int, first: int, name: str) -> pa.Table:
        reply = self._reply(f"on rows {first:,} to {first + rows - 1:,} of {name}", raw=True)
        said = reply.schema.metadata
        self.busy_s += float(said[b"busy_s"])
        if b"failed" in said:
            self.failed += int(said[b"failed"])
            self.first_failure = self.first_failure or said[b"message"].decode()
        predictions = reply.replace_schema_metadata(None)
        check_predictions(predictions, rows, first, name, finite=not self._lenient)
        return predictions

    def _reply(self, when: str, *, raw: bool = False) -> pa.Table:
        """The worker's next reply.

        Args:
            when: what it was asked for, in words.
            raw: with what its schema says.

        Raises:
            StepFailed: the reply was an error, or the process died.
        """
        if self._closed:
            raise StepFailed(f"The process of {self._script} has been closed.", do="Open the model again.")
        table = self._child.receive()
        if table is None:
            raise self._death(when)
        said = table.schema.metadata
        if said[b"reply"] == b"error":
            raise StepFailed(
                f"{self._script} failed {when}: {said[b'message'].decode()}.",
                do="The traceback is in the step's log.",
                log=self._child.printed(),
            )
        return table if raw else table.replace_schema_metadata(None)

    def _death(self, when: str) -> StepFailed:
        """What to say of a process that no longer replies."""
        how = self._child.close(GRACE_S)
        tail = self._child.printed()
        lines = tail.splitlines()
        last = f" The last line it printed: {lines[-1].strip()}" if lines else " It printed nothing."
        if how.timed_out:
            return StepFailed(
                f"{self._script} was stopped {when}, after its time limit of {self._timeout_s:g} s.{last}",
                do="Raise timeout_s of the step in pipeline.py, or make the model faster.",
                log=tail,
            )
        if how.code < 0:
            memory = (
                f" It had used up to {how.peak_mib:,.0f} MiB; when nobody killed it, the system did, for memory."
                if how.code == -signal.SIGKILL
                else ""
            )
            name = signal.Signals(-how.code).name
            return StepFailed(
                f"The process of {self._script} was killed by {name} {when}.{memory}{last}", log=tail
            )
        return StepFailed(
            f"The process of {self._script} ended with exit code {how.code} {when}.{last}", log=tail
        )


def _blocks(table: pa.Table) -> Iterator[pa.Table]:
    """A table in pieces of bounded size; none if it has no rows."""
    rows = table.num_rows
    if rows:
        size = max(1, min(BLOCK_ROWS, BLOCK_BYTES * rows // max(1, table.nbytes)))
        for start in range(0, rows, size):
            yield table.slice(start, size)
