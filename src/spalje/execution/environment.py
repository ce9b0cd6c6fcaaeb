"""The environment a user's scripts run in: which Python, and the digest of what is installed there."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from spalje.errors import BadInput, NotFound, StepFailed
from spalje.fingerprint import fingerprint

#: Variables of ours that a user's process may see. Everything else, secrets above all, stays here.
PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "USER",
    "LOGNAME",
    "LD_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "OMP_NUM_THREADS",
    "OMP_WAIT_POLICY",
    "VIRTUAL_ENV",
    "SYSTEMROOT",
)


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a user's scripts run.

    Attributes:
        name: ``current`` (the Python that runs Spaljé) or ``uv`` (made from the repository's ``uv.lock``).
        interpreter: the words that start its Python.
        lock: SHA-256 of what is installed: part of every script step's key.
    """

    name: str
    interpreter: tuple[str, ...]
    lock: str

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables a user's process starts with.

        Threads of OpenMP that wait do not spin, unless this process was told otherwise: on a machine that has other
        work as well, spinning makes a training take twenty times as long.
        """
        kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        kept = {"OMP_WAIT_POLICY": "PASSIVE", **kept}
        return {**kept, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}


def resolve(name: str, repository: Path, folder: Path) -> Environment:
    """The environment called ``name`` for a checked-out repository.

    Args:
        name: ``current`` or ``uv``.
        repository: the checked-out repository; ``uv`` reads its ``uv.lock``.
        folder: where environments that have to be made are kept.

    Raises:
        NotFound: no such kind of environment.
        BadInput: ``uv`` without a lock file.
        StepFailed: ``uv`` could not make the environment.

    Example:
        >>> resolve("current", Path(), Path()).interpreter == (sys.executable,)
        True
    """
    if name == "current":
        return Environment("current", (sys.executable,), installed_digest(tuple(sys.path)))
    if name == "uv":
        return _uv(repository, folder)
    raise NotFound(
        "environment", name, ("current", "uv"), do="Set environment under [project] in spalje.toml."
    )


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


def _uv(repository: Path, folder: Path) -> Environment:
    lock_file = repository / "uv.lock"
    if not lock_file.is_file():
        raise BadInput(
            "spalje.toml asks for environment 'uv', but the repository has no uv.lock.",
            do='Run `uv lock`, commit uv.lock and push; or set environment = "current".',
        )
    program = shutil.which("uv")
    if program is None:
        raise BadInput(
            "spalje.toml asks for environment 'uv', but there is no program 'uv' on the PATH.",
            do='Install uv, or set environment = "current".',
        )
    project = (repository / "pyproject.toml").read_text(encoding="utf-8")
    lock = fingerprint(
        {"lock": lock_file.read_text(encoding="utf-8"), "project": project, "python": sys.version}
    )
    home = folder / lock[:16]
    python = home / "bin" / "python"
    if not (home / ".complete").exists():
        made = subprocess.run(
            [
                program,
                "sync",
                "--frozen",
                "--no-dev",
                "--no-install-project",
                "--project",
                str(repository),
                "--python",
                sys.executable,
            ],
            env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            raise StepFailed("uv could not make the project's environment.", log=made.stderr[-4000:])
        (home / ".complete").touch()
    return Environment("uv", (str(python),), lock)
