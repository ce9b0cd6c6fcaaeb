"""A user's program in its own process: started, logged, measured, and stopped with all its children."""

import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from spalje.errors import StepFailed
from spalje.execution.environment import Environment
from spalje.model.group import Group
from spalje.model.program import Command, Ended, Program

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
    _groups: set[Group] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self) -> None:
        """Stop everything that runs and everything that is started from now on."""
        with self._lock:
            self.asked = True
            for group in self._groups:
                group.kill()

    def entered(self, group: Group) -> None:
        """A process group has started."""
        with self._lock:
            self._groups.add(group)
            if self.asked:
                group.kill()

    def left(self, group: Group) -> None:
        """A process group has ended."""
        with self._lock:
            self._groups.discard(group)


@dataclass(frozen=True, slots=True)
class ProjectScripts:
    """Runs the scripts of one step; see ``spalje.steps.context.Scripts``.

    Attributes:
        environment: where they run.
        log: what they print is added to it.
        scratch: the one folder that they may write into.
        meter: told what they take.
        cancellation: stops them.
        timeout_s: seconds of wall time that each may take; None: no limit.
        say: told what is done before a script can start.
        reads: what they may read: the source, and the step's inputs.
    """

    environment: Environment
    log: Path
    scratch: Path
    meter: Meter
    cancellation: Cancellation
    timeout_s: float | None = None
    say: Callable[[str], None] = lambda _: None
    reads: tuple[Path, ...] = ()

    @contextmanager
    def command(self, program: Program) -> Iterator[Command]:
        """How a program is started in the step's environment, between its folders."""
        here = replace(
            program,
            environ={"TMPDIR": str(self._temporary()), **program.environ},
            reads=(*program.reads, *self.reads),
            writes=(*program.writes, self.scratch),
        )
        self.environment.make(self.say)
        with self.environment.command(here) as command:
            yield command

    def entered(self, group: Group) -> None:
        """A process group that runs the user's code has started."""
        self.cancellation.entered(group)

    def left(self, group: Group, how: Ended) -> None:
        """That group has ended, having taken so much."""
        self.cancellation.left(group)
        self.meter.wall_s += how.wall_s
        self.meter.cpu_s += how.cpu_s
        self.meter.peak_mib = max(self.meter.peak_mib, how.peak_mib)

    def run(self, script: Path, arguments: Mapping[str, str], environ: Mapping[str, str]) -> None:
        """Run a script to its end; see ``spalje.steps.context.Scripts.run``."""
        words = tuple(word for name, value in arguments.items() for word in (f"--{name}", value))
        program = Program((str(script), *words), script.parent, environ, reads=(script.parent,))
        with self.command(program) as command:
            with self.log.open("ab") as log:
                log.write(f"$ {script.name} {' '.join(words)}\n".encode())
                log.flush()
                begin = log.tell()
                try:
                    group = Group(command, stdout=log, stderr=subprocess.STDOUT, timeout_s=self.timeout_s)
                except OSError as error:
                    raise StepFailed(f"{script.name} could not be started: {error}.") from error
            self.entered(group)
            how = group.wait()
            self.left(group, how)
        if how.code != 0:
            raise self._failure(script, how, begin)

    def _failure(self, script: Path, how: Ended, begin: int) -> StepFailed:
        code = how.code
        with self.log.open("rb") as log:
            log.seek(begin)
            lines = log.read().decode(errors="replace").splitlines()
        tail = "\n".join(lines[-LAST_LINES:])
        last = f" Its last line: {lines[-1].strip()}" if lines else " It printed nothing."
        if self.cancellation.asked:
            return StepFailed(f"{script.name} was stopped because the run was cancelled.", log=tail)
        if how.timed_out:
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
