"""``current``: users' scripts run in the Python that runs Spaljé."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from spalje.execution.environment.passed_on import for_scripts
from spalje.fingerprint import fingerprint
from spalje.model.program import Command, Program, Python


@dataclass(frozen=True, slots=True)
class CurrentEnvironment:
    """The Python that runs Spaljé.

    Attributes:
        lock: see ``Environment``.
    """

    lock: str
    name: str = "current"
    here: bool = True

    @classmethod
    def open(cls) -> "CurrentEnvironment":
        """That of this process."""
        return cls(installed_digest(tuple(sys.path)))

    def make(self, say: Callable[[str], None]) -> None:
        """See ``Environment``; it is there."""

    @contextmanager
    def command(self, program: Program) -> Iterator[Command]:
        """See ``Environment``."""
        with Python(sys.executable, for_scripts()).command(program) as command:
            yield command

    def by_hand(self, program: Program) -> tuple[str, ...]:
        """See ``Environment``."""
        return (sys.executable, *program.words)


@cache
def installed_digest(paths: tuple[str, ...]) -> str:
    """SHA-256 over the Python version and the names and versions of all installed distributions.

    Args:
        paths: the import path, as in ``sys.path``.
    """
    installed = sorted(
        entry.name
        for path in {path for path in paths if path and Path(path).is_dir()}
        for entry in os.scandir(path)
        if entry.name.endswith((".dist-info", ".egg-info"))
    )
    return fingerprint({"python": sys.version, "installed": installed})
