"""``uv``: users' scripts run in an environment made from the repository's ``uv.lock``."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from spalje.errors import BadInput, StepFailed
from spalje.execution.environment.passed_on import TO_TOOLS, for_scripts, passed_on, proxies
from spalje.execution.environment.store import EnvironmentStore, size_of
from spalje.fingerprint import fingerprint
from spalje.model.program import Command, Program, Python
from spalje.pipeline.project_file import project_name

LOCK = "uv.lock"
PROJECT = "pyproject.toml"
PYTHON_VERSION = ".python-version"

#: So many of uv's last lines an error carries.
LAST_LINES = 30

#: Variables for those who build packages from source.
_COMPILERS = ("AR", "CC", "CFLAGS", "CXX", "CXXFLAGS", "LDFLAGS", "PKG_CONFIG_PATH")


@dataclass(frozen=True, slots=True)
class UvEnvironment:
    """What a ``uv.lock`` says, installed.

    Attributes:
        lock: see ``Environment``.
        repository: the checked-out repository.
        store: where it is kept.
        project: whose repository it is, if that is known.
        dev: whether the group ``dev`` is installed as well.
    """

    lock: str
    repository: Path
    store: EnvironmentStore
    project: str
    dev: bool
    name: str = "uv"
    here: bool = True

    @classmethod
    def open(cls, repository: Path, folder: Path, *, dev: bool) -> "UvEnvironment":
        """The environment of a checked-out repository; see ``resolve``.

        Raises:
            BadInput: it has no ``uv.lock`` or no ``pyproject.toml``.
        """
        said = {
            name: _read(repository / name, name) for name in (LOCK, PROJECT)
        }  # all that uv sync --frozen reads
        wanted = repository / PYTHON_VERSION
        python = wanted.read_text(encoding="utf-8").strip() if wanted.is_file() else sys.version
        lock = fingerprint({**said, "python": python, "platform": sys.platform, "dev": dev})
        return cls(lock, repository, EnvironmentStore(folder), project_name(repository), dev)

    @property
    def key(self) -> str:
        """What it is called in the store."""
        return self.lock[:16]

    @property
    def python(self) -> Path:
        """Its Python."""
        return self._folder / "bin" / "python"

    @property
    def _folder(self) -> Path:
        return self.store.home(self.key) / "venv"

    def make(self, say: Callable[[str], None]) -> None:
        """See ``Environment``."""
        if self.store.made(self.key) is None:
            say(f"uv makes the environment {self.key} from {LOCK}")
            self.store.make(self.key, "uv", self._build)

    @contextmanager
    def command(self, program: Program) -> Iterator[Command]:
        """See ``Environment``."""
        with self.store.used(self.key, self.project, partial(self.make, lambda _: None)):
            variables = for_scripts()
            search = os.pathsep.join(filter(None, (str(self.python.parent), variables.get("PATH"))))
            own = {**variables, "PATH": search, "VIRTUAL_ENV": str(self._folder)}
            with Python(str(self.python), own).command(program) as command:
                yield command

    def by_hand(self, program: Program) -> tuple[str, ...]:
        """See ``Environment``."""
        return (str(self.python), *program.words)

    def _build(self, home: Path, lock: int) -> dict[str, Any]:
        wanted = self.repository / PYTHON_VERSION
        python = wanted.read_text(encoding="utf-8").strip() if wanted.is_file() else sys.executable
        words = [
            _program(),
            "sync",
            "--frozen",
            *([] if self.dev else ["--no-dev"]),
            "--no-install-project",
            "--compile-bytecode",
            "--project",
            str(self.repository),
            "--python",
            python,
        ]
        log = self.store.log(self.key)
        with log.open("wb") as printed:
            ended = subprocess.run(
                words,
                cwd=self.repository,
                env={**_variables(), "UV_PROJECT_ENVIRONMENT": str(self._folder), "NO_COLOR": "1"},
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                pass_fds=(lock,),  # if we are killed, nobody else begins before uv has ended
                check=False,
            )
        if ended.returncode != 0:
            raise _failure(log, ended.returncode)
        return {"size": size_of(home)}


def _read(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise BadInput(
            f"The environment 'uv' is made from {LOCK}, but the repository has no {name}.",
            do='Run `uv lock`, commit uv.lock and push; or set environment = "current" in spalje.toml.',
        ) from error


def _program() -> str:
    """The program ``uv``: on the PATH, or beside the Python that runs Spaljé."""
    beside = Path(sys.executable).with_name("uv")
    found = shutil.which("uv") or (str(beside) if beside.is_file() else None)
    if found is None:
        raise BadInput(
            "The environment 'uv' is made by the program uv, which is neither on the PATH nor beside "
            f"{sys.executable}.",
            do='Install it (pip install uv), or set environment = "current" in spalje.toml.',
        )
    return found


def _variables() -> dict[str, str]:
    """What uv may see of our variables: its own, and what it needs to reach an index; no secrets of ours."""
    kept = passed_on((*TO_TOOLS, *_COMPILERS), ("UV_",)) | proxies()
    ours = {"UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "UV_FROZEN", "UV_LOCKED", "UV_NO_DEV", "UV_DEV"}
    return {
        name: value for name, value in kept.items() if name not in ours and not name.startswith("UV_PUBLISH_")
    }


def _failure(log: Path, code: int) -> StepFailed:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    said = next((line.strip() for line in lines if line.strip().startswith("error")), "")
    said = said or next((line.strip() for line in reversed(lines) if line.strip()), "It said nothing.")
    return StepFailed(
        f"uv could not make the project's environment (exit code {code}): {said}",
        log="\n".join(lines[-LAST_LINES:]),
        do=f"Everything that uv said is in {log}; mend pyproject.toml, run `uv lock`, commit and push.",
    )
