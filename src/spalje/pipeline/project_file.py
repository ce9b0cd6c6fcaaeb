"""The file ``spalje.toml`` of a repository: what the project is, what it predicts, where its inputs are."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spalje.pipeline.definition import Name
from spalje.pipeline.finding import DoesNotCompile, at, explain
from spalje.pipeline.problem import Problem

#: Where the file stands in a repository.
PROJECT_FILE = "spalje.toml"


class ProjectTable(BaseModel):
    """The ``[project]`` table.

    Attributes:
        name: the project's name: small letters, digits and hyphens.
        title: its name for people.
        owner: the team or person that answers for it.
        environment: where its scripts run, unless a step says otherwise: ``current``, ``uv`` or ``container``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,48}$")]
    title: str = ""
    owner: str = ""
    environment: str = "current"


class ContainerTable(BaseModel):
    """The ``[environment.container]`` table: how containers are made and started.

    Attributes:
        dockerfile: what the image is built from, relative to the repository.
        network: what a container reaches: ``none``, ``bridge`` (the engine's own network) or ``host``.
        memory_gib: the memory that it may use, GiB; None: no limit.
        cpus: the processors that it may use; None: no limit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dockerfile: Annotated[str, Field(min_length=1)] = "Dockerfile"
    network: Literal["none", "bridge", "host"] = "none"
    memory_gib: Annotated[float, Field(gt=0)] | None = None
    cpus: Annotated[float, Field(gt=0)] | None = None


class EnvironmentTable(BaseModel):
    """The ``[environment]`` table.

    Attributes:
        container: the ``[environment.container]`` table.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    container: ContainerTable = ContainerTable()


class ProjectFile(BaseModel):
    """What compiling reads of ``spalje.toml``; other tables are other programs'.

    Attributes:
        project: the ``[project]`` table.
        problem: the ``[problem]`` table.
        environment: the ``[environment]`` table.
        inputs: the ``[inputs]`` table: input of a pipeline -> where it is found.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    project: ProjectTable
    problem: Problem
    environment: EnvironmentTable = EnvironmentTable()
    inputs: dict[Name, str] = Field(default_factory=dict)


def read(path: Path) -> ProjectFile:
    """Read and check the file.

    Raises:
        DoesNotCompile: it is missing, not TOML, or says something that is not allowed; every
            finding names the file and the line.
    """
    shown = path.name
    try:
        text = path.read_text(encoding="utf-8")
        return ProjectFile.model_validate(tomllib.loads(text))
    except FileNotFoundError as error:
        raise DoesNotCompile(
            [at(shown, 1, "There is no such file.", "Write it, with [project] and [problem].")]
        ) from error
    except UnicodeDecodeError as error:
        raise DoesNotCompile(
            [at(shown, 1, f"It is not UTF-8 text: {error.reason}.", "Save it as UTF-8.")]
        ) from error
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))
        line = int(place[1]) if place else len(text.splitlines()) or 1
        raise DoesNotCompile([at(shown, line, f"It is not TOML: {error}.", "Mend this line.")]) from error
    except ValidationError as error:
        raise DoesNotCompile(
            at(shown, _line(text, field), f"{_dotted(field)} {said}.", "Mend this line.")
            for field, said in explain(error)
        ) from error


def project_name(repository: Path) -> str:
    """The name of the project whose repository it is; blank where its ``spalje.toml`` does not say.

    Example:
        >>> project_name(Path("/nowhere"))
        ''
    """
    try:
        return read(repository / PROJECT_FILE).project.name
    except DoesNotCompile:
        return ""


def line_of(text: str, table: str, key: str = "") -> int:
    r"""The line of a key in a table of a TOML text; the table's if the key is not there; else 1.

    Example:
        >>> line_of("[project]\nname = 'a'\n[problem]\nseason = 'none'", "problem", "season")
        4
    """
    inside, found = False, 1
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line):
            inside = header[1].strip("\"'") == table
            found = number if inside else found
        elif inside and key and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]", line):
            return number
    return found


def _line(text: str, field: tuple[str, ...]) -> int:
    """The line of a field; of a table within a table where that has a heading of its own."""
    deep = line_of(text, ".".join(field[:2]), field[2]) if len(field) > 2 else 1
    return deep if deep > 1 else line_of(text, *field[:2])


def _dotted(field: tuple[str, ...]) -> str:
    table, *rest = field
    return f"[{table}] {'.'.join(rest)}".rstrip()
