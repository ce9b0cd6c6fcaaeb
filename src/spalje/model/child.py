"""A program in a process group of its own that is sent tables on one pipe and answers on another."""

import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from spalje.errors import StepFailed

#: How many of a log's last lines an error carries.
LAST_LINES = 20


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended.

    Attributes:
        code: its exit code; negative: the signal that killed it.
        timed_out: whether it was killed because it took too long.
        wall_s: seconds from start to end.
        cpu_s: seconds of its processor time, user and system.
        peak_mib: its largest resident memory, MiB.
    """

    code: int
    timed_out: bool
    wall_s: float
    cpu_s: float
    peak_mib: float


class Child:
    """A running program; whoever makes one closes it.

    Args:
        command: the program and its words; ``--requests N --replies N`` is added, the descriptors
            on which it reads and writes Arrow IPC streams, one after the other.
        environ: all of its environment variables.
        folder: the folder it starts in.
        log: the file that what it prints is added to.
        timeout_s: seconds of wall time after which it is killed; None: no limit.
        started: told the process group as soon as there is one.
        ended: told the process group, and how it ended.

    Raises:
        StepFailed: the program could not be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        environ: Mapping[str, str],
        folder: Path,
        log: Path,
        timeout_s: float | None,
        started: Callable[[int], None],
        ended: Callable[[int, Ended], None],
    ) -> None:
        self._log = log
        self._tell = ended
        self._timed_out = False
        self._how: Ended | None = None
        self._requests: queue.SimpleQueue[pa.Table | None] = queue.SimpleQueue()
        requests, to_child = os.pipe()
        from_child, replies = os.pipe()
        self._pipe = os.fdopen(from_child, "rb")
        self._source = pa.PythonFile(self._pipe, mode="r")
        log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with log.open("ab") as printed:
                self._begin = printed.tell()
                self._process = subprocess.Popen(
                    [*command, "--requests", str(requests), "--replies", str(replies)],
                    cwd=folder,
                    env=dict(environ),
                    stdin=subprocess.DEVNULL,
                    stdout=printed,
                    stderr=subprocess.STDOUT,
                    pass_fds=(requests, replies),
                    start_new_session=True,
                )
        except OSError as error:
            os.close(to_child)
            self._pipe.close()
            raise StepFailed(
                f"The model's process could not be started: {error}.",
                do="Look at environment in spalje.toml.",
            ) from error
        finally:
            os.close(requests)
            os.close(replies)
        self._began = time.monotonic()
        started(self._process.pid)
        self._timer = threading.Timer(timeout_s or 0.0, self._time_out)
        self._timer.daemon = True
        if timeout_s is not None:
            self._timer.start()
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
            _kill(self._process.pid)
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
        """Wait for the process to end, then end what it started, so that its pipes are closed."""
        _, status, usage = os.wait4(self._process.pid, 0)
        self._timer.cancel()
        _kill(self._process.pid)  # the group outlives its leader if the program left children
        self._process.returncode = os.waitstatus_to_exitcode(status)  # reaped here, not by Popen
        self._how = Ended(
            code=self._process.returncode,
            timed_out=self._timed_out,
            wall_s=time.monotonic() - self._began,
            cpu_s=usage.ru_utime + usage.ru_stime,
            peak_mib=usage.ru_maxrss / 1024,
        )
        self._tell(self._process.pid, self._how)

    def _time_out(self) -> None:
        self._timed_out = True
        _kill(self._process.pid)


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
