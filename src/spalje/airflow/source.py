"""What a task reads of another: a folder that a program filled, or an artifact that a step made."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException

from spalje.airflow.command import call
from spalje.airflow.place import Place


class Source(Protocol):
    """What a task can read."""

    @property
    def task(self) -> BaseOperator:
        """The task that makes it."""

    def location(self, context: Any, place: Place) -> str:
        """A path, or ``sha256:DIGEST``."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the landing zone that a program of this DAG run fills.

    Attributes:
        task: the task that runs the program.
        name: of the output.
        project: whose landing zone.
        at: where in the landing zone, templated; empty: in this DAG run's own folder.
    """

    task: BaseOperator
    name: str
    project: str
    at: str = ""

    def location(self, context: Any, place: Place) -> str:
        """The path; see ``Source``."""
        if self.at:
            rendered = context["task"].render_template(self.at, context)
            return str(Path(place.workspace, "landing", self.project, rendered))
        return str(landing(context, place, self.project, self.task.task_id) / self.name)


@dataclass(frozen=True, slots=True)
class Artifact:
    """An output of a step of this DAG run.

    Attributes:
        task: the one that ends the step's run: nothing goes on before the batch is published or blocked.
        step: the id of the step's task.
        name: of the output.
    """

    task: BaseOperator
    step: str
    name: str

    def location(self, context: Any, place: Place) -> str:  # noqa: ARG002  as every source is asked
        """The artifact; see ``Source``.

        Raises:
            AirflowException: the step has no such output.
        """
        outputs = (context["ti"].xcom_pull(task_ids=self.step) or {}).get("outputs", {})
        if self.name not in outputs:
            raise AirflowException(
                f"Task '{self.step}' has no output '{self.name}'; it has: {', '.join(outputs) or 'none'}."
            )
        return f"sha256:{outputs[self.name]}"


def split(inputs: Mapping[str, "str | Source"] | None) -> tuple[dict[str, str], dict[str, Source]]:
    """What a task reads: paths that are given, and what other tasks make.

    Example:
        >>> split({"raw": "/srv/raw"})
        ({'raw': '/srv/raw'}, {})
    """
    given = inputs or {}
    return (
        {name: source for name, source in given.items() if isinstance(source, str)},
        {name: source for name, source in given.items() if not isinstance(source, str)},
    )


def landing(context: Any, place: Place, project: str, task: str) -> Path:
    """Where a task of this DAG run puts what it makes outside the artifact store."""
    run = context["dag_run"]
    parts = (re.sub(r"[^A-Za-z0-9._-]+|^\.+", "-", word) for word in (run.dag_id, run.run_id, task))
    return Path(place.workspace, "landing", project, *parts)


def folder(location: str, place: Place) -> str:
    """The folder of a path or of an artifact."""
    if not location.startswith("sha256:"):
        return location
    return str(call(place, "artifact", "show", location.removeprefix("sha256:"))["folder"])
