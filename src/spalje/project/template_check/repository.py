"""Trying out a rendered repository: its files can be read, its recipe compiles, its own tests pass."""

import ast
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml  # type: ignore[import-untyped]

from spalje.errors import BadInput
from spalje.model.program import Python
from spalje.pipeline.compile import compile_recipe
from spalje.pipeline.definition import Definition
from spalje.project.template_check.program import run

_TESTS_S = 900.0


def check_readable(repository: Path) -> None:
    """Refuse a repository with a file that is not what its name says: TOML, YAML, JSON or Python.

    Raises:
        BadInput: there is one; names it.
    """
    kinds: Mapping[str, Callable[[str], object]] = {
        ".toml": tomllib.loads,
        ".yml": lambda text: list(yaml.compose_all(text, Loader=yaml.SafeLoader)),
        ".yaml": lambda text: list(yaml.compose_all(text, Loader=yaml.SafeLoader)),
        ".json": json.loads,
        ".py": ast.parse,
    }
    for path in sorted(repository.rglob("*")):
        read = kinds.get(path.suffix)
        if read is None or not path.is_file():
            continue
        try:
            read(path.read_text(encoding="utf-8"))
        except (ValueError, SyntaxError, yaml.YAMLError) as error:
            name = path.relative_to(repository)
            raise BadInput(
                f"{repository.name}/{name} cannot be read: {error}.",
                do="Where an answer stands in it, write it as {{ title | tojson }}.",
            ) from None


def check_recipe(repository: Path, python: Python) -> dict[str, Definition]:
    """Compile a repository's recipe; its pipelines.

    Raises:
        BadInput: it does not compile.
    """
    with _locked(repository):
        return compile_recipe(repository, (python.interpreter,), environ=python.environ)


def check_tests(repository: Path, python: Python) -> None:
    """Run a repository's own tests.

    Raises:
        BadInput: one fails, or there are none; carries the last of what they said.
    """
    with _locked(repository):
        words = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
        ended = run(python, words, repository, timeout_s=_TESTS_S)
    if ended.code != 0:
        why = "there are none" if ended.code == 5 else f"pytest ended with code {ended.code}"
        raise BadInput(f"The tests of {repository.name} do not pass: {why}.\n{ended.log}")


@contextmanager
def _locked(repository: Path) -> Iterator[None]:
    """A lock that the team makes after creation, with ``uv lock``, is taken as made."""
    lock = repository / "uv.lock"
    lacking = not lock.exists()
    if lacking:
        lock.touch()
    try:
        yield
    finally:
        if lacking:
            lock.unlink()
