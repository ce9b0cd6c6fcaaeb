"""Compiling a recipe: it is executed in a process of its own, which prints definitions or findings.

Run as a program in the project's own Python, in the repository's folder, it prints JSON::

    python -P -m spalje.pipeline.compile pipeline.py --spalje-toml spalje.toml

``compile_recipe`` starts that program and takes nothing but its JSON: the process that asks for a
definition never imports a recipe.
"""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from spalje.errors import BadInput, SpaljeError
from spalje.pipeline.definition import Definition
from spalje.pipeline.finding import DoesNotCompile, Finding, at
from spalje.pipeline.lint import lint
from spalje.pipeline.lint_recipe import forgotten_steps, same_names, strangers, unknown_locations
from spalje.pipeline.parameter import Parameter
from spalje.pipeline.project_file import PROJECT_FILE, ProjectFile, read
from spalje.pipeline.recipe import Pipeline
from spalje.pipeline.recipe_module import execute
from spalje.pipeline.step import Step

#: Where the recipe stands in a repository.
RECIPE = "pipeline.py"

_Found = TypeVar("_Found")

#: Variables of ours that the recipe's process may see unless the caller says which.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH")


class Compiled(BaseModel):
    """What the program prints: definitions, or what is wrong."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    definitions: tuple[Definition, ...] = ()
    findings: tuple[Finding, ...] = ()


def compile_recipe(
    repository: Path,
    interpreter: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    timeout_s: float = 60.0,
) -> dict[str, Definition]:
    """Compile a repository's ``pipeline.py`` in a process of its own.

    Args:
        repository: the folder, which is not written to.
        interpreter: the words that start the project's Python, with Spaljé installed in it.
        environ: the process's environment variables; None: only what Python needs.
        timeout_s: seconds of wall time after which the recipe is stopped.

    Returns:
        name of a pipeline -> its definition.

    Raises:
        DoesNotCompile: something is wrong with the recipe or ``spalje.toml``; lists everything
            that was found, with file and line.
        BadInput: the project's Python could not be started, or does not have Spaljé.
    """
    if environ is None:
        environ = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    words = [*interpreter, "-P", "-m", "spalje.pipeline.compile", RECIPE, "--spalje-toml", PROJECT_FILE]
    clean = {**environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0", "PYTHONUTF8": "1"}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            process = subprocess.Popen(
                words,
                cwd=repository,
                env=clean,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        except OSError as error:
            raise BadInput(
                f"The project's Python, {interpreter[0]}, could not be started in {repository}: {error}.",
                do=f"Check environment under [project] in {PROJECT_FILE}.",
            ) from error
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired as error:
            do = "A recipe only describes steps: move what takes long into their scripts."
            raise DoesNotCompile([at(RECIPE, 1, f"It took longer than {timeout_s:g} s.", do)]) from error
        finally:
            if process.poll() is None:  # with whatever it started
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        out.seek(0)
        compiled = _answer(out.read(), _tail(err), code)
    # The process ran the recipe's code, so its word that nothing is wrong is not taken.
    findings = [
        *compiled.findings,
        *(found for one in compiled.definitions for found in lint(one, repository)),
    ]
    if findings:
        raise DoesNotCompile(findings)
    return {definition.name: definition for definition in compiled.definitions}


def _tail(stream: IO[bytes]) -> str:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(0, size - 4000))
    return stream.read().decode(errors="replace").strip()


def _answer(out: bytes, err: str, code: int) -> Compiled:
    try:
        return Compiled.model_validate_json(out)
    except ValidationError as error:
        last = err.splitlines()[-1] if err else ""
        if "No module named" in last:  # in the program itself: what a recipe lacks is a finding
            raise BadInput(
                f"The project's Python cannot run Spaljé: {last}.",
                do="Add spalje to the project's dependencies and lock them again.",
            ) from error
        what = f"It ended its process (code {code}) before it was compiled."
        do = f"The last it said: {last}" if last else "Take away what ends the process, such as os._exit."
        raise DoesNotCompile([at(RECIPE, 1, what, do)]) from error


def compile_here(recipe: str, project_file: Path) -> Compiled:
    """Execute the recipe in this process, in the repository's folder. For the program only.

    Args:
        recipe: its path relative to the working directory.
        project_file: the path of ``spalje.toml``.
    """
    try:
        project = read(project_file)
        namespace = execute(recipe)
        pipelines = _unique(namespace, Pipeline)
        if not pipelines:
            do = 'Write one: build = Pipeline("build", steps=[…]).'
            return Compiled(findings=(at(recipe, 1, "It defines no Pipeline.", do),))
        used = {parameter for pipeline in pipelines for parameter in pipeline.parameters}
        unused = [parameter for parameter in _unique(namespace, Parameter) if parameter not in used]
        definitions = tuple(_defined(pipeline, project, unused) for pipeline in pipelines)
    except DoesNotCompile as error:
        return Compiled(findings=error.findings)
    findings = [
        *(finding for definition in definitions for finding in lint(definition, Path())),
        *(finding for pipeline in pipelines for finding in strangers(pipeline)),
        *same_names(pipelines),
        *forgotten_steps(_unique(namespace, Step), pipelines),
        *unknown_locations(project, pipelines, project_file),
    ]
    if findings:
        return Compiled(findings=tuple(sorted(dict.fromkeys(findings), key=Finding.place)))
    return Compiled(definitions=definitions)


def _defined(pipeline: Pipeline, project: ProjectFile, unused: Sequence[Parameter]) -> Definition:
    try:
        return pipeline.define(
            project.problem,
            environment=project.project.environment,
            locations=project.inputs,
            unused=unused,
        )
    except SpaljeError as error:
        where = pipeline.where
        raise DoesNotCompile([at(where.file, where.line, str(error), error.do)]) from error


def _unique(namespace: Mapping[str, Any], kind: type[_Found]) -> list[_Found]:
    """The module-level values of a type, each once though it may have several names."""
    return list({id(value): value for value in namespace.values() if isinstance(value, kind)}.values())


def main(words: Sequence[str]) -> int:
    """Compile the recipe named by the command's words and print the result; the exit code.

    Example:
        >>> main([])
        2
    """
    match words:
        case [recipe, "--spalje-toml", project_file]:
            pass
        case _:
            sys.stderr.write("usage: python -P -m spalje.pipeline.compile RECIPE --spalje-toml FILE\n")
            return 2
    # What the recipe prints goes to standard error; only our JSON goes to standard output.
    answer = os.dup(1)
    os.dup2(2, 1)
    compiled = compile_here(recipe, Path(project_file))
    sys.stdout.flush()
    with os.fdopen(answer, "w", encoding="utf-8") as out:
        out.write(compiled.model_dump_json())
    return DoesNotCompile.exit_code if compiled.findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
