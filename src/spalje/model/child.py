"""A program that is sent tables on its standard input and answers on its standard output."""

import os
import queue
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pyarrow as pa

from spalje.errors import StepFailed
from spalje.model.group import Group
from spalje.model.program import Ended, Program, Starter

#: How many of a log's last lines an error carries.
LAST_LINES = 20


class Child:
    """A running program; whoever makes one closes it.

    Args:
        program: reads and writes Arrow IPC streams, one after the other; what it says to its standard error is
            its log.
        start: how it is started.
        log: the file that its log is added to.
        timeout_s: seconds of wall time after which it is killed; None: no limit.
        started: told the process group as soon as there is one.
        ended: told the process group, and how it ended.

    Raises:
        StepFailed: the program could not be started.
    """

    def __init__(
        self,
        program: Program,
        start: Starter,
        log: Path,
        timeout_s: float | None,
        started: Callable[[Group], None],
        ended: Callable[[Group, Ended], None],
    ) -> None:
        self._log = log
        self._tell = ended
        self._how: Ended | None = None
        self._requests: queue.SimpleQueue[pa.Table | None] = queue.SimpleQueue()
        self._needed = ExitStack()
        command = self._needed.enter_context(start(program))
        requests, to_child = os.pipe()
        from_child, replies = os.pipe()
        self._pipe = os.fdopen(from_child, "rb")
        self._source = pa.PythonFile(self._pipe, mode="r")
        log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with log.open("ab") as printed:
                self._begin = printed.tell()
                self._group = Group(
                    command, stdin=requests, stdout=replies, stderr=printed, timeout_s=timeout_s
                )
        except OSError as error:
            os.close(to_child)
            self._pipe.close()
            self._needed.close()
            raise StepFailed(
                f"The model's process could not be started: {error}.",
                do="Look at environment in spalje.toml.",
            ) from error
        finally:
            os.close(requests)
            os.close(replies)
        started(self._group)
        self._reaper = threading.Thread(target=self._reap, daemon=True)
        self._reaper.start()
        self._sender = threading.Thread(target=self._send_all, args=(to_child,), daemon=True)
        self._sender.start()

    def send(self, table: pa.Table) -> None:
        """Send a table; returns at once, whether or not the process has read what came before."""
        self._requests.put(table)

    def receive(self) -> pa.Table | None:
        """Wait for the next answer; None when there is none because the process has ended."""
        if self._pipe.closed:
            return None
        try:
            with pa.ipc.open_stream(self._source) as stream:
                return stream.read_all()
        except (pa.ArrowException, OSError):
            return None

    def close(self, grace_s: float) -> Ended:
        """End the process and everything that it started, by force after ``grace_s`` seconds."""
        self._requests.put(None)
        self._reaper.join(grace_s)
        if self._reaper.is_alive():
            self._group.kill()
        self._reaper.join()
        self._sender.join()
        self._pipe.close()
        assert self._how is not None  # noqa: S101  the reaper has ended
        return self._how

    def printed(self) -> str:
        """The last lines of what it has printed so far."""
        with self._log.open("rb") as log:
            log.seek(self._begin)
            return "\n".join(log.read().decode(errors="replace").splitlines()[-LAST_LINES:])

    def _send_all(self, pipe: int) -> None:
        """Write the tables as they come; in a thread of its own, since a pipe holds little."""
        # a broken pipe means that the process has ended, which whoever waits for its answer finds out
        with suppress(pa.ArrowException, OSError), os.fdopen(pipe, "wb") as raw:
            sink = pa.PythonFile(raw, mode="w")
            while (table := self._requests.get()) is not None:
                with pa.ipc.new_stream(sink, table.schema) as stream:
                    stream.write_table(table)
                raw.flush()

    def _reap(self) -> None:
        """Wait for the process to end, with what it started, so that its pipes are closed."""
        self._how = self._group.wait()
        self._needed.close()
        self._tell(self._group, self._how)
