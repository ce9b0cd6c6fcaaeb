"""The real command line, in a process of its own."""

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Programs of a Python that have loaded what every command loads, see ``loaded.py``, and are not busy.
_idle: dict[Path, list[subprocess.Popen]] = {}


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    error: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Command:
    """``spalje`` against one workspace.

    Attributes:
        anew: each command is a Python of its own, started as a person starts it; else one that has loaded what
            every command loads, which takes most of a short command's time.
        python: the Python that has Spaljé.
    """

    workspace: Path
    cwd: Path
    anew: bool = False
    python: Path = Path(sys.executable)

    def __call__(self, *words: str, timeout_s: float = 120, **environ: str) -> Said:
        environment = {**os.environ, "SPALJE_WORKSPACE": str(self.workspace), "COLUMNS": "200", **environ}
        run = _started if self.anew else _forked
        said = run(self.python, words, self.cwd, environment, timeout_s)
        assert "Traceback (most recent call last)" not in said.error or "spalje/" not in said.error, (
            said.error
        )
        return said


def _started(
    python: Path, words: tuple[str, ...], cwd: Path, environ: dict[str, str], timeout_s: float
) -> Said:
    ended = subprocess.run(
        [python, "-m", "spalje", *words],
        cwd=cwd, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s, check=False,
    )  # fmt: skip
    return Said(ended.returncode, ended.stdout, ended.stderr)


def _forked(
    python: Path, words: tuple[str, ...], cwd: Path, environ: dict[str, str], timeout_s: float
) -> Said:
    with tempfile.TemporaryDirectory() as folder, _loaded(python) as program:
        out, error = Path(folder) / "out", Path(folder) / "error"
        clock = threading.Timer(timeout_s, os.killpg, (program.pid, signal.SIGKILL))
        clock.start()
        try:
            print(
                json.dumps([words, str(cwd), environ, str(out), str(error)]), file=program.stdin, flush=True
            )
            code = program.stdout.readline()
        finally:
            clock.cancel()
        if not code:
            raise subprocess.TimeoutExpired(words, timeout_s)
        return Said(int(code), out.read_text(), error.read_text())


def _new(python: Path) -> subprocess.Popen:
    return subprocess.Popen(
        [python, "-P", str(Path(__file__).parent / "loaded.py")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


@contextmanager
def _loaded(python: Path) -> Iterator[subprocess.Popen]:
    """One of the programs that are not busy, or a new one; one that something happened to is not used again."""
    idle = _idle.setdefault(python, [])
    program = idle.pop() if idle else _new(python)
    try:
        yield program
    except BaseException:
        program.kill()
        program.communicate()
        raise
    idle.append(program)


@atexit.register
def _close() -> None:
    for idle in _idle.values():
        for program in idle:
            program.communicate()
