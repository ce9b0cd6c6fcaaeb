"""A Python program that runs the user's code, and the command by which an environment starts it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended.

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


@dataclass(frozen=True, slots=True)
class Program:
    """What is to be run, wherever that may be.

    Attributes:
        words: what stands after ``python``: its options, the script and the script's words.
        folder: the folder that it starts in.
        environ: variables beside those that the environment itself gives.
        reads: files and folders that it reads; it finds them at these very paths.
        writes: folders that it writes into; likewise.
    """

    words: tuple[str, ...]
    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()


def _itself(ended: Ended) -> Ended:
    return ended


@dataclass(frozen=True, slots=True)
class Command:
    """A program as this machine starts it.

    Attributes:
        words: the executable and its words.
        folder: the folder it starts in.
        environ: all of its variables.
        stop: the words of a command that ends what does not end with its process group; none: everything does.
        ended: told how the started process ended, says how the program did.
    """

    words: tuple[str, ...]
    folder: Path
    environ: Mapping[str, str] = field(repr=False)
    stop: tuple[str, ...] = ()
    ended: Callable[[Ended], Ended] = _itself


#: Makes a command of a program; what the command needs is there as long as the context is.
Starter: TypeAlias = Callable[[Program], AbstractContextManager[Command]]


@dataclass(frozen=True, slots=True)
class Python:
    """A Python of this machine: the plainest way to start a program.

    Attributes:
        interpreter: its executable.
        environ: the variables that its programs get.

    Example:
        >>> with Python("python3", {"TZ": "UTC"}).command(Program(("-V",), Path("/"))) as command:
        ...     command.words
        ('python3', '-V')
    """

    interpreter: str
    environ: Mapping[str, str] = field(repr=False)

    @contextmanager
    def command(self, program: Program) -> Iterator[Command]:
        """See ``Starter``."""
        yield Command((self.interpreter, *program.words), program.folder, {**self.environ, **program.environ})
