"""What is measured: ourselves, the reference and the peers, each a program in an environment of its own.

A contestant's program knows two commands: ``prepare FOLDER``, done once and not timed, and
``run FOLDER STEPS KIND``, the cold process that is timed.
"""

import os
import shutil
import subprocess
import sys
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
    """

    name: str
    program: str
    requirement: str | None = None


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
    """What a process took: seconds of wall time and of processor time, children included."""

    wall_s: float
    cpu_s: float


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
        program = HERE / "peer" / self.contestant.program
        return timed(
            [str(self.python), str(program), "run", str(self.folder), str(steps), kind],
            self.environ,
            self.folder,
        )


def enter(contestant: Contestant, folder: Path) -> Entry:
    """Make a contestant ready: its environment, its folder, and one run that is not timed.

    Raises:
        Unavailable: it does not install, or does not run.
    """
    program = HERE / "peer" / contestant.program
    if not program.is_file():
        raise Unavailable(f"there is no bench/peer/{contestant.program}")
    python = Path(sys.executable) if contestant.requirement is None else _environment(contestant)
    folder.mkdir(parents=True)
    entry = Entry(contestant, python, folder, environ(folder))
    timed([str(python), str(program), "prepare", str(folder)], entry.environ, folder)
    entry.run(8)
    return entry


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
        before, began = os.times(), time.perf_counter()
        process = subprocess.Popen(
            command, env=dict(variables), cwd=folder, stdout=said, stderr=said, stdin=subprocess.DEVNULL
        )
        try:
            code = process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Unavailable(f"{words} took longer than {PATIENCE_S} s") from None
        wall, after = time.perf_counter() - began, os.times()
    if code != 0:
        lines = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        raise Unavailable(f"{words} ended with {code}: {lines[-1][:200]}")
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return Took(wall, cpu)


def _environment(contestant: Contestant) -> Path:
    """The interpreter of a peer's environment, which is made if need be."""
    folder = CACHE / contestant.name
    python, marker = folder / "bin" / "python", folder / ".installed"
    wanted = f"{contestant.requirement} python{sys.version_info.major}.{sys.version_info.minor}"
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
    ]
    for words in (["venv", "-q", "--python", sys.executable, str(folder)], install):
        done = subprocess.run([str(uv), *words], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines() or ["it said nothing"]
            raise Unavailable(f"{contestant.requirement} does not install: {lines[-1][:200]}")
    marker.write_text(wanted)
    return python
