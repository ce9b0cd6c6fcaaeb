"""A user's program in its own process: started, logged, measured, and stopped with all its children."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from spalje.errors import StepFailed
from spalje.execution.environment import Environment

#: How many of a log's last lines an error carries.
LAST_LINES = 20


@dataclass(slots=True)
class Meter:
    """What the processes of one step took so far; filled while the step runs.

    Attributes:
        wall_s: seconds of wall time in users' processes.
        cpu_s: seconds of their processor time, children included.
        peak_mib: the largest resident memory among them, MiB.
    """

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mib: float = 0.0


@dataclass(slots=True)
class Cancellation:
    """Stops the running processes of a step, once, from any thread."""

    asked: bool = False
    _groups: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self) -> None:
        """Stop everything that runs and everything that is started from now on."""
        with self._lock:
            self.asked = True
            for group in self._groups:
                _kill(group)

    def entered(self, group: int) -> None:
        """A process group has started."""
        with self._lock:
            self._groups.add(group)
            if self.asked:
                _kill(group)

    def left(self, group: int) -> None:
        """A process group has ended."""
        with self._lock:
            self._groups.discard(group)


@dataclass(frozen=True, slots=True)
class ProjectScripts:
    """Runs the scripts of one step; see ``spalje.steps.context.Scripts``."""

    environment: Environment
    log: Path
    scratch: Path
    meter: Meter
    cancellation: Cancellation
    timeout_s: float | None = None
    say: Callable[[str], None] = lambda _: None

    @property
    def interpreter(self) -> tuple[str, ...]:
        """The words that start Python in the project's environment."""
        return self.environment.interpreter

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables a user's process starts with."""
        return {**self.environment.environ, "TMPDIR": str(self._temporary())}

    def entered(self, group: int) -> None:
        """A process group that runs the user's code has started."""
        self.cancellation.entered(group)

    def left(self, group: int, wall_s: float, cpu_s: float, peak_mib: float) -> None:
        """That group has ended, having taken so much."""
        self.cancellation.left(group)
        self.meter.wall_s += wall_s
        self.meter.cpu_s += cpu_s
        self.meter.peak_mib = max(self.meter.peak_mib, peak_mib)

    def run(self, script: Path, arguments: Mapping[str, str], environ: Mapping[str, str]) -> None:
        """Run a script to its end; see ``spalje.steps.context.Scripts.run``."""
        words = [word for name, value in arguments.items() for word in (f"--{name}", value)]
        command = [*self.interpreter, str(script), *words]
        started = time.monotonic()
        with self.log.open("ab") as log:
            log.write(f"$ {script.name} {' '.join(words)}\n".encode())
            log.flush()
            begin = log.tell()
            try:
                process = subprocess.Popen(
                    command,
                    cwd=script.parent,
                    env={**self.environ, **environ},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            except OSError as error:
                raise StepFailed(f"{script.name} could not be started: {error}.") from error
        code = self._wait(process, started)
        if code != 0:
            raise self._failure(script, code, begin, time.monotonic() - started)

    def _wait(self, process: subprocess.Popen[bytes], started: float) -> int:
        """Wait for the end, account for it, and leave no child behind."""
        self.entered(process.pid)
        timer = None
        if self.timeout_s is not None:
            timer = threading.Timer(self.timeout_s, _kill, (process.pid,))
            timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            if timer is not None:
                timer.cancel()
            _kill(process.pid)  # the group outlives its leader if the script left children
            self.cancellation.left(process.pid)
        process.returncode = os.waitstatus_to_exitcode(status)  # reaped here, not by Popen
        wall_s = time.monotonic() - started
        self.left(process.pid, wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
        return process.returncode

    def _failure(self, script: Path, code: int, begin: int, took_s: float) -> StepFailed:
        with self.log.open("rb") as log:
            log.seek(begin)
            lines = log.read().decode(errors="replace").splitlines()
        tail = "\n".join(lines[-LAST_LINES:])
        last = f" Its last line: {lines[-1].strip()}" if lines else " It printed nothing."
        if self.cancellation.asked:
            return StepFailed(f"{script.name} was stopped because the run was cancelled.", log=tail)
        if self.timeout_s is not None and took_s >= self.timeout_s:
            return StepFailed(
                f"{script.name} was stopped after its time limit of {self.timeout_s:g} s.{last}",
                do="Raise timeout_s of the step in pipeline.py, or make the script faster.",
                log=tail,
            )
        if code < 0:
            name = signal.Signals(-code).name
            memory = (
                f" It had used up to {self.meter.peak_mib:,.0f} MiB; " if code == -signal.SIGKILL else " "
            )
            hint = "when nobody killed it, the system did, for memory." if code == -signal.SIGKILL else ""
            return StepFailed(f"{script.name} was killed by {name}.{memory}{hint}".rstrip(), log=tail)
        return StepFailed(f"{script.name} ended with exit code {code}.{last}", log=tail)

    def _temporary(self) -> Path:
        folder = self.scratch / ".tmp"
        folder.mkdir(exist_ok=True)
        return folder


def _kill(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
