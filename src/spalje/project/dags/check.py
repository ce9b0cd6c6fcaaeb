"""Whether Airflow takes the DAGs of a deploy repository: imported, timed, and what they need of it."""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from spalje.errors import BadInput, NotFound, SpaljeError
from spalje.pipeline.compile import compile_recipe
from spalje.pipeline.outline import check_written
from spalje.project.dags.airflow_python import AirflowPython

#: Where DAGs stand in a deploy repository.
DAGS = "dags"
#: A DAG file that takes longer to read is worth a warning, ms: Airflow reads each about twice a minute.
SLOW_MS = 300.0


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True)


class Remark(_Read):
    """Something about a DAG file.

    Attributes:
        said: what.
        line: where, as far as that is known.
        traceback: how it came about; empty where that tells nothing.
    """

    said: str
    line: int | None = None
    traceback: str = ""


class DagFile(_Read):
    """A DAG file as Airflow read it.

    Attributes:
        path: below ``dags/``.
        milliseconds: how long a process took that read it.
        errors: why Airflow does not take it.
        warnings: what is not wrong and should be otherwise.
    """

    path: str
    milliseconds: float
    errors: tuple[Remark, ...]
    warnings: tuple[Remark, ...]

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """The warnings, slowness among them."""
        if self.milliseconds <= SLOW_MS:
            return self.warnings
        said = (
            f"It takes {self.milliseconds:.0f} ms to read, which Airflow does about twice a minute; "
            f"{SLOW_MS:.0f} ms are plenty. Import what is large inside of tasks."
        )
        return (*self.warnings, Remark(said=said))


class Dag(_Read):
    """A DAG.

    Attributes:
        id: its name in Airflow.
        file: below ``dags/``.
        line: where its name stands in the file, if it does.
        owner, tags, schedule: as Airflow shows them.
        tasks: their names, in an order in which they may run.
    """

    id: str
    file: str
    line: int | None
    owner: str
    tags: tuple[str, ...]
    schedule: str
    tasks: tuple[str, ...]


class Need(_Read):
    """Something that DAGs use and Airflow must have.

    Attributes:
        kind, name: what.
        used_by: tasks, and places in files.
        required: False: everything that asks for it says what holds when it is not there.
        exists: whether Airflow has it; None: it was not asked.
        make: the command that makes it.
    """

    kind: Literal["connection", "variable", "pool"]
    name: str
    used_by: tuple[str, ...]
    required: bool
    exists: bool | None
    make: str

    @property
    def missing(self) -> bool:
        """Whether tasks will fail for want of it."""
        return self.required and self.exists is False


class Outline(_Read):
    """What is wrong with ``dags/pipelines.json``, by which Airflow draws the pipelines.

    Attributes:
        said, do: what, and what to do about it.
    """

    said: str
    do: str


class TaskTrial(_Read):
    """How a task ended in a trial: its id, its state as Airflow calls it, and seconds."""

    task: str
    state: str
    seconds: float


class DagTrial(_Read):
    """A DAG that was run through.

    Attributes:
        dag: its id.
        state: how it ended, as Airflow calls it.
        tasks: in their order.
        left_out: those that wait for a person, who was not asked.
        idle: those that make only what was given.
        read: the names of given data that tasks read in place of what others make.
    """

    dag: str
    state: str
    tasks: tuple[TaskTrial, ...] = ()
    left_out: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()
    read: tuple[str, ...] = ()


class DagCheck(_Read):
    """What Airflow makes of a repository's DAGs.

    Attributes:
        airflow: its version.
        files, dags, needs: what was read.
        outline: what is wrong with the outline of the pipelines; None: it is what the recipe compiles to, or there
            is no recipe.
    """

    format: Literal[1]
    airflow: str
    files: tuple[DagFile, ...]
    dags: tuple[Dag, ...]
    needs: tuple[Need, ...]
    outline: Outline | None = None

    @property
    def passed(self) -> bool:
        """Whether every DAG is taken, the outline is true, and nothing is known to be missing."""
        wrong = any(file.errors for file in self.files) or any(need.missing for need in self.needs)
        return not wrong and self.outline is None

    def named(self, name: str) -> str:
        """The id of a DAG of which the id is known, or what follows the project's name in it.

        Raises:
            NotFound: there is no such DAG.
        """
        known = [dag.id for dag in self.dags]
        if name in known:
            return name
        found = next((dag for dag in known if dag.endswith(f"-{name}")), None)
        if found is None:
            raise NotFound("DAG", name, known)
        return found


@dataclass(frozen=True, slots=True)
class DeployFolder:
    """A checked-out deploy repository.

    Attributes:
        folder: its top.
    """

    folder: Path

    @classmethod
    def of(cls, folder: Path) -> "DeployFolder":
        """The repository in a folder; its ``dags/`` may be given instead.

        Raises:
            BadInput: there is no ``dags/`` in it.
        """
        folder = folder.expanduser().resolve()
        top = folder.parent if folder.name == DAGS and not (folder / DAGS).is_dir() else folder
        if not (top / DAGS).is_dir():
            raise BadInput(
                f"{folder} has no folder {DAGS}/.", do="Name the clone of a deploy repository, or go into it."
            )
        return cls(top)

    def check(self, airflow: AirflowPython) -> DagCheck:
        """What Airflow makes of its DAGs.

        Raises:
            BadInput: Airflow could not be asked.
        """
        words = [str(self.folder / DAGS), *(["--here"] if airflow.here else [])]
        found = DagCheck.model_validate_json(airflow.report("spalje.airflow.check", *words))
        return found.model_copy(update={"outline": self._outline()})

    def run(
        self,
        airflow: AirflowPython,
        dag: str,
        conf: str,
        workspace: Path,
        python: str,
        data: Mapping[str, str] | None = None,
    ) -> "DagTrial":
        """Run one of its DAGs through in an empty Airflow.

        Args:
            airflow: its Python.
            dag: its id.
            conf: values of its parameters, JSON.
            workspace: where Spaljé's part happens.
            python: the Python that has Spaljé.
            data: name -> a path that tasks read in place of what other tasks make.

        Raises:
            BadInput: Airflow could not be asked.
        """
        environ = {
            "SPALJE_PYTHON": python,
            "SPALJE_WORKSPACE": str(workspace),
        }
        report = airflow.report(
            "spalje.airflow.check_run",
            str(self.folder),
            dag,
            "--conf",
            conf,
            "--data",
            json.dumps(dict(data or {})),
            timeout_s=3600.0,
            environ=environ,
        )
        return DagTrial.model_validate_json(report)

    def _outline(self) -> Outline | None:
        if not (self.folder / "pipeline.py").is_file():
            return None
        try:
            check_written(self.folder, compile_recipe(self.folder, (sys.executable,)).values())
        except SpaljeError as error:
            return Outline(said=str(error), do=error.do)
        return None
