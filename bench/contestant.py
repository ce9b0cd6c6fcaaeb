"""What is measured: ourselves, the reference and the peers, each a program in an environment of its own.

A contestant's program knows one command, ``run FOLDER …``: the cold process that is timed. One that
needs to make something first knows ``prepare FOLDER`` too, done once and not timed.

Nothing heavy is imported here: Linux counts what the process that starts another holds at that moment
as the other's, so that no peak is seen below the harness's own.
"""

import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
#: The peers' environments; made once, on demand.
CACHE = Path.home() / ".cache" / "spalje-bench"
#: No process that is timed tells anybody about it.
SILENT = {
    "DO_NOT_TRACK": "1",
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "KEDRO_DISABLE_TELEMETRY": "1",
    "METAFLOW_DEFAULT_METADATA": "local",
    "METAFLOW_DEFAULT_DATASTORE": "local",
    "WHYLOGS_NO_ANALYTICS": "True",
    "YDATA_PROFILING_NO_ANALYTICS": "True",
    "ZENML_ANALYTICS_OPT_IN": "false",
    "ZENML_LOGGING_VERBOSITY": "ERROR",
}
#: A process that takes longer than this is given up.
PATIENCE_S = 300


class Unavailable(Exception):
    """A contestant cannot be measured here; says why."""


@dataclass(frozen=True, slots=True)
class Contestant:
    """A side of the benchmark.

    Attributes:
        name: what it is called in the figures.
        program: its file in ``bench/peer``.
        requirement: what to install for it, version pinned; None: it runs in our environment.
        beside: what else its environment needs, version pinned: what it reads with, and older libraries.
    """

    name: str
    program: str
    requirement: str | None = None
    beside: tuple[str, ...] = ()

    @property
    def versions(self) -> str:
        """What it was measured with."""
        return " ".join((str(self.requirement), *self.beside))


PEERS = (
    Contestant("kedro", "kedro_steps.py", "kedro==1.7.0"),
    Contestant("dagster", "dagster_steps.py", "dagster==1.13.29"),
    Contestant("metaflow", "metaflow_steps.py", "metaflow==2.19.39"),
    Contestant("zenml", "zenml_steps.py", "zenml[local]==0.98.0"),
)
PLAIN = Contestant("plain", "plain.py")
OURS = Contestant("spalje", "spalje_steps.py")


@dataclass(frozen=True, slots=True)
class Took:
    """What a process took, the processes that it started included.

    Attributes:
        wall_s: seconds from its start to its end.
        cpu_s: seconds of processor time.
        peak_mb: most memory that one process of it held, in 10⁶ bytes.
        said: the last line that it printed.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    said: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """A contestant that is ready to be timed.

    Attributes:
        contestant: which.
        python: the interpreter of its environment.
        folder: its own, with what ``prepare`` made.
        environ: the variables its processes see.
    """

    contestant: Contestant
    python: Path
    folder: Path
    environ: Mapping[str, str] = field(repr=False)

    def run(self, steps: int, kind: str = "inside") -> Took:
        """Run so many steps in a cold process.

        Raises:
            Unavailable: it ended badly.
        """
        return self.call("run", steps, kind)

    def call(self, word: str, *more: object) -> Took:
        """Start its program with a command, its folder and whatever else, in a cold process.

        Raises:
            Unavailable: it ended badly.
        """
        program = str(HERE / "peer" / self.contestant.program)
        words = [str(self.python), program, word, str(self.folder), *map(str, more)]
        return timed(words, self.environ, self.folder)


def enter(contestant: Contestant, folder: Path) -> Entry:
    """Make a contestant of the overhead benchmark ready: settled, prepared, and run once, not timed.

    Raises:
        Unavailable: it does not install, or does not run.
    """
    entry = settle(contestant, folder)
    entry.call("prepare")
    entry.run(8)
    return entry


def settle(contestant: Contestant, folder: Path) -> Entry:
    """Make a contestant's environment and its folder.

    Raises:
        Unavailable: it does not install.
    """
    if not (HERE / "peer" / contestant.program).is_file():
        raise Unavailable(f"there is no bench/peer/{contestant.program}")
    python = Path(sys.executable) if contestant.requirement is None else _environment(contestant)
    folder.mkdir(parents=True, exist_ok=True)
    return Entry(contestant, python, folder, environ(folder))


def environ(folder: Path) -> dict[str, str]:
    """The variables a timed process sees: nothing of this user's, and no telemetry."""
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "USER": "bench",
        "LANG": "C.UTF-8",
        "ZENML_CONFIG_PATH": str(folder / "zenml"),
        "ZENML_LOCAL_STORES_PATH": str(folder / "stores"),
        **SILENT,
    }


def timed(command: list[str], variables: Mapping[str, str], folder: Path) -> Took:
    """Run a command to its end, and say what it took.

    Raises:
        Unavailable: it ended badly, or took too long; with the last line it said.
    """
    log, words = folder / "last.log", " ".join(Path(word).name for word in command[:3])
    with log.open("wb") as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, env=dict(variables), cwd=folder, stdout=said, stderr=said, stdin=subprocess.DEVNULL
        )
        code, usage = _ended(process)
        wall = time.perf_counter() - began
    lines = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
    if wall >= PATIENCE_S:
        raise Unavailable(f"{words} took longer than {PATIENCE_S} s")
    if code != 0:
        raise Unavailable(f"{words} ended with {code}: {lines[-1][:200]}")
    # Linux gives kibibytes
    return Took(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6, lines[-1])


def _ended(process: subprocess.Popen[bytes]) -> tuple[int, resource.struct_rusage]:
    """How a process ended and what it used; one that takes too long is ended."""
    clock = threading.Timer(PATIENCE_S, process.kill)
    clock.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    finally:
        clock.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage


def _environment(contestant: Contestant) -> Path:
    """The interpreter of a peer's environment, which is made if need be."""
    folder = CACHE / contestant.name
    python, marker = folder / "bin" / "python", folder / ".installed"
    wanted = f"{contestant.versions} python{sys.version_info.major}.{sys.version_info.minor}"
    if marker.is_file() and marker.read_text() == wanted:
        return python
    uv = Path(sys.executable).parent / "uv"
    if not uv.is_file():
        raise Unavailable(f"there is no {uv} to install it with; `make` puts it there")
    shutil.rmtree(folder, ignore_errors=True)
    install = [
        "pip",
        "install",
        "-q",
        "--compile-bytecode",
        "--python",
        str(python),
        str(contestant.requirement),
        *contestant.beside,
    ]
    for words in (["venv", "-q", "--python", sys.executable, str(folder)], install):
        done = subprocess.run([str(uv), *words], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or ["it said nothing"]
            raise Unavailable(f"{contestant.versions} does not install: {lines[-1][:200]}")
    marker.write_text(wanted)
    return python
