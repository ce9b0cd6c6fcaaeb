"""A repository's own tests: which program they are, and running it beside a copy of the commit."""

import os
import shutil
import signal
import subprocess
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spalje.errors import BadInput, StepFailed
from spalje.execution.environment import Environment
from spalje.execution.owner import alive, process
from spalje.execution.script import LAST_LINES
from spalje.model.group import Group
from spalje.model.program import Ended, Program
from spalje.pipeline.finding import explain
from spalje.pipeline.project_file import PROJECT_FILE, line_of, read

#: Seconds of wall time after which tests are stopped.
TIME_LIMIT_S = 900.0
#: What is run where ``spalje.toml`` does not say.
PYTEST = ("python", "-m", "pytest", "-q")
#: Where the tests are that are run then.
TESTS = "tests"
#: How the folders are called that tests run in.
_COPY = ".tests-"
#: The file in them that names the process group: whoever finds it left behind ends it.
_GROUP = "group"


class CiTable(BaseModel):
    """The ``[ci]`` table of ``spalje.toml``.

    Attributes:
        test: the program that tests the repository, ``python`` first, which stands for the project's own; empty:
            there is none. None: pytest, where there is a folder ``tests``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    test: tuple[Annotated[str, Field(min_length=1)], ...] | None = None

    def command(self, repository: Path) -> tuple[str, ...]:
        """The program's words; none: there is nothing to test."""
        if self.test is not None:
            return self.test
        return PYTEST if (repository / TESTS).is_dir() else ()


@dataclass(frozen=True, slots=True)
class RepositoryTests:
    """Runs the tests of repositories as a user's program: its environment, its process group, its time.

    Attributes:
        environment: gives the environment, with what tests need: (name, checked-out repository) -> environment.
        time_limit_s: seconds of wall time that they may take.
    """

    environment: Callable[[str, Path], Environment]
    time_limit_s: float = TIME_LIMIT_S

    def run(self, source: Path, log: Path) -> str:
        """Test a checked-out commit. It is not written into: tests run in a copy beside the log.

        Args:
            source: the commit's files.
            log: what the tests print is added to this file. Nobody else tests beside it at the same time.

        Returns:
            How it went, for a person.

        Raises:
            BadInput: ``spalje.toml`` says something that is not allowed.
            StepFailed: a test failed, or they took too long; with the last lines that they printed.
        """
        table = read_table(source)
        words = table.command(source)
        if not words:
            return (
                f"There is nothing to test: {PROJECT_FILE} says so."
                if table.test is not None
                else f"There is nothing to test: no folder {TESTS}."
            )
        environment = self.environment(read(source / PROJECT_FILE).project.environment, source)
        with log.open("ab") as out:
            environment.make(lambda text: _say(out, text))
            _say(out, f"$ {' '.join(words)}")
            begin = out.tell()
            with _copied(source, log.parent) as (copy, scratch):
                program = Program(
                    words[1:], copy, {"TMPDIR": str(scratch)}, reads=(copy,), writes=(copy, scratch)
                )
                with environment.command(program) as command:
                    group = Group(command, stdout=out, stderr=subprocess.STDOUT, timeout_s=self.time_limit_s)
                    (scratch.parent / _GROUP).write_text(process(group.number), encoding="utf-8")
                    how = group.wait()
        if how.code != 0:
            raise _failure(how, log, begin, self.time_limit_s)
        return f"Its tests passed in {how.wall_s:.1f} s."


@contextmanager
def _copied(source: Path, beside: Path) -> Iterator[tuple[Path, Path]]:
    """A copy of a commit and a folder for temporary files, both gone afterwards, as is what was left by the killed."""
    for left in beside.glob(f"{_COPY}*"):
        _end(left / _GROUP)
        shutil.rmtree(left, ignore_errors=True)
    aside = Path(tempfile.mkdtemp(prefix=_COPY, dir=beside))
    try:
        copy, scratch = aside / "repository", aside / "tmp"
        shutil.copytree(source, copy, symlinks=True)
        scratch.mkdir()
        yield copy, scratch
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _end(group: Path) -> None:
    """End the tests that a killed worker has left running, with nobody to say when it is enough."""
    try:
        name = group.read_text(encoding="utf-8")
        if alive(name):
            os.killpg(int(name.split(":")[1]), signal.SIGKILL)
    except (OSError, ValueError, IndexError):
        return  # they had not begun, or have ended


def read_table(repository: Path) -> CiTable:
    """The ``[ci]`` table of a checked-out repository.

    Raises:
        BadInput: it says something that is not allowed, or the file is not TOML.
    """
    path = repository / PROJECT_FILE
    read(path)  # whether it can be read at all, with the line where it cannot
    text = path.read_text(encoding="utf-8")
    try:
        table = CiTable.model_validate(tomllib.loads(text).get("ci", {}))
    except ValidationError as error:
        field, said = next(iter(explain(error)))
        raise _not_allowed(text, f"{'.'.join(field)} {said}", field[0] if field else "") from error
    if table.test and table.test[0] != "python":
        raise _not_allowed(text, f"test begins with {table.test[0]!r}, and not with 'python'", "test")
    return table


def _not_allowed(text: str, said: str, key: str) -> BadInput:
    return BadInput(
        f"{PROJECT_FILE}:{line_of(text, 'ci', key)}: [ci] {said}.",
        do='Write it as in: test = ["python", "-m", "pytest", "-q"]; other programs are started from a script.',
    )


def _say(out: Any, text: str) -> None:
    out.write(f"{text}\n".encode())
    out.flush()


def _failure(how: Ended, log: Path, begin: int, time_limit_s: float) -> StepFailed:
    with log.open("rb") as file:
        file.seek(begin)
        lines = file.read().decode(errors="replace").splitlines()
    tail = "\n".join(lines[-LAST_LINES:])
    last = f" The last line: {lines[-1].strip()}" if lines else " They printed nothing."
    if how.timed_out:
        said = f"The repository's tests were stopped after {time_limit_s:g} s."
    elif how.code < 0:
        said = f"The repository's tests were killed by signal {-how.code}."
    else:
        said = f"The repository's tests failed (exit code {how.code})."
    do = "Mend what they say, commit and push."
    if any("No module named pytest" in line for line in lines):
        do = "Add pytest to what the environment installs for tests (uv: the group dev), or set [ci] test."
    return StepFailed(said + last, do=do, log=tail)
