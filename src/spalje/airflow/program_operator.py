"""A program of the repository as one task: what a project does before and after its core pipeline."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from spalje.airflow import order
from spalje.airflow.operator import SpaljeOperator
from spalje.airflow.place import Place
from spalje.airflow.source import Folder, Source, folder, landing, split


class SpaljeProgramOperator(SpaljeOperator):
    """Runs a program in the environment that the repository's spalje.toml names, never in Airflow's.

    Its words are those of a recipe's ``Process``: a folder for each input and output, and its parameters, each
    ``--name=value``. What it makes is put in place as a whole when it has succeeded, so that a retry, and a task that
    was cleared, leaves the old or the new, and for a moment nothing.

    Args:
        repository: the repository's folder.
        script: the program, relative to it.
        project: whose landing zone its outputs go to.
        inputs: name -> a path, templated, or what another task makes.
        outputs: names of folders in this DAG run's part of the landing zone; or name -> place in the landing zone,
            templated, where others find it.
        parameters: name -> value, templated; an empty one is left out.
        kwargs: those of every operator.
    """

    template_fields = ("inputs", "outputs", "parameters")

    def __init__(
        self,
        *,
        repository: Path,
        script: str,
        project: str,
        inputs: Mapping[str, "str | Source"] | None = None,
        outputs: Sequence[str] | Mapping[str, str] = (),
        parameters: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.repository, self.script, self.project = repository, script, project
        self.parameters = dict(parameters or {})
        self.inputs, self.sources = split(inputs)
        self.outputs = dict(outputs) if isinstance(outputs, Mapping) else dict.fromkeys(outputs, "")
        for source in self.sources.values():
            self.set_upstream(source.task)

    def __getitem__(self, output: str) -> Folder:
        """What it makes, for another task to read.

        Raises:
            KeyError: there is no such output.
        """
        if output not in self.outputs:
            raise KeyError(
                f"{self.script} has no output '{output}'; it has: {', '.join(self.outputs) or 'none'}"
            )
        return Folder(self, output, self.project, self.outputs[output])

    def execute(self, context: Any) -> None:
        """Run the program."""
        where = self.place
        read = {name: folder(place, where) for name, place in self.inputs.items()}
        read |= {
            name: folder(source.location(context, where), where) for name, source in self.sources.items()
        }
        ready = {name: self._place(context, where, name) for name in self.outputs}
        aside = {name: path.with_name(f".{path.name}-{uuid4().hex[:12]}") for name, path in ready.items()}
        options = order.given({**read, **aside, **self.parameters})
        words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        try:
            answer = self.call(
                *("environment", "run", str(self.repository), self.script, "--attached"),
                *(word for path in read.values() for word in ("--read", path)),
                *(word for path in aside.values() for word in ("--write", str(path))),
                *("--", *words),
            )
            if answer.code != 0 and not answer.error:
                raise AirflowException(
                    f"{self.script} ended with exit code {answer.code}; the log above says why."
                )
            answer.checked()
            for name, path in ready.items():
                _put(aside[name], path)
        finally:
            for path in aside.values():
                shutil.rmtree(path, ignore_errors=True)

    def _place(self, context: Any, where: Place, name: str) -> Path:
        if not self.outputs[name]:
            return landing(context, where, self.project, self.task_id) / name
        zone = Path(where.workspace, "landing", self.project)
        path = Path(os.path.normpath(zone / self.outputs[name]))
        if zone not in path.parents:
            raise AirflowFailException(f"Output '{name}' would go to {path}, outside of {zone}.")
        return path


def _put(new: Path, place: Path) -> None:
    """Put a folder in its place; what was there is gone a moment before."""
    old = place.with_name(f".{place.name}-old-{uuid4().hex[:12]}")
    if place.exists():
        place.rename(old)
    new.rename(place)
    shutil.rmtree(old, ignore_errors=True)
