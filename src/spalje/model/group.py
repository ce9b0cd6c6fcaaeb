"""A started command: a process group, and whatever else belongs to it, that is ended as a whole, and with us."""

import os
import signal
import subprocess
import threading
import time
from typing import IO

from spalje.model.program import Command, Ended
from spalje.model.sentinel import Sentinel


class Group:
    """A running command, in a process group of its own; whoever makes one waits for it.

    It ends with this process, even with one that is killed by SIGKILL: see ``Sentinel``.

    Args:
        command: what is started.
        stdin: what it reads: a file, a descriptor or ``subprocess.DEVNULL``.
        stdout: what it prints to.
        stderr: what it complains to.
        timeout_s: seconds of wall time after which it is killed; None: no limit.

    Raises:
        OSError: it could not be started.
    """

    def __init__(
        self,
        command: Command,
        *,
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        stdout: int | IO[bytes],
        stderr: int | IO[bytes],
        timeout_s: float | None = None,
    ) -> None:
        self._command = command
        self._timed_out = False
        self._over = threading.Event()
        self._sentinel = Sentinel(command.stop, command.environ)
        try:
            self._process = subprocess.Popen(
                command.words,
                cwd=command.folder,
                env=dict(command.environ),
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        except BaseException:
            self._sentinel.act()  # it watches nothing as yet
            raise
        self._sentinel.watch(self._process.pid)
        self._began = time.monotonic()
        self._timer = threading.Timer(timeout_s or 0.0, self._time_out)
        self._timer.daemon = True
        if timeout_s is not None:
            self._timer.start()

    @property
    def number(self) -> int:
        """The number of the process group."""
        return self._process.pid

    def kill(self) -> None:
        """End it, and everything that it started, at once; nothing happens when it has ended."""
        if not self._over.is_set():
            self._kill()
            self._sentinel.act()

    def wait(self) -> Ended:
        """Wait for its end; what it left running is killed then."""
        try:
            _, status, usage = os.wait4(self._process.pid, 0)
        except BaseException:  # somebody stops us
            self.kill()
            raise
        self._timer.cancel()
        self._kill()  # the group outlives its leader if the program left children
        self._over.set()
        self._sentinel.dismiss()
        self._process.returncode = os.waitstatus_to_exitcode(status)  # reaped here, not by Popen
        return self._command.ended(
            Ended(
                code=self._process.returncode,
                timed_out=self._timed_out,
                wall_s=time.monotonic() - self._began,
                cpu_s=usage.ru_utime + usage.ru_stime,
                peak_mib=usage.ru_maxrss / 1024,
            )
        )

    def _time_out(self) -> None:
        self._timed_out = True
        self.kill()

    def _kill(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return
