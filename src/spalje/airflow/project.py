"""A project's DAGs, all made in one way: names, tags, owner, retries, parameters, assets."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Param

from spalje.airflow import outline
from spalje.airflow.assets import Assets
from spalje.airflow.ground_truth_operator import SpaljeGroundTruthOperator
from spalje.airflow.pipeline_operator import SpaljePipelineOperator
from spalje.airflow.place import CONNECTION
from spalje.airflow.program_operator import SpaljeProgramOperator
from spalje.airflow.source import Source
from spalje.airflow.task_group import PipelineGroup, pipeline_task_group
from spalje.airflow.truth_arrived_operator import SpaljeTruthArrivedOperator
from spalje.errors import BadInput, UsageError

if TYPE_CHECKING:
    from spalje.airflow.approval_operator import SpaljeApprovalOperator

#: A type of a recipe's parameter -> that of a form's field.
_TYPES = {"string": "string", "integer": "integer", "float": "number", "boolean": "boolean", "date": "string"}


class Project:
    """The one factory of a project's DAGs; a DAG file makes it by ``Project.here(__file__)``.

    Args:
        name: the project's name.
        title: its name for people.
        owner: who answers for it.
        outlines: the pipelines of the deploy repository.
        repository: its folder.
        training_pool: the pool in which builds and training steps wait for their turn, of all projects that share it.
        conn_id: the connection that says where Spaljé is.
    """

    def __init__(
        self,
        name: str,
        *,
        title: str,
        owner: str,
        outlines: Mapping[str, outline.Outline],
        repository: Path,
        training_pool: str = "spalje_training",
        conn_id: str = CONNECTION,
    ) -> None:
        self.name, self.title, self.owner = name, title or name, owner or "airflow"
        self.outlines, self.repository = outlines, repository
        self.training_pool, self.conn_id = training_pool, conn_id
        self.assets = Assets(name)
        self._dates: dict[str, tuple[str, int]] = {}
        self._last: DAG | None = None

    @classmethod
    def here(cls, file: str, **settings: Any) -> "Project":
        """The project that a DAG file in ``dags/`` of a deploy repository belongs to.

        Args:
            file: the DAG file, ``__file__``; beside it is ``pipelines.json``, above it ``spalje.toml``.
            settings: ``training_pool`` and ``conn_id``.

        Raises:
            BadInput: one of the files is not there, or cannot be read.
        """
        folder = Path(file).resolve().parent
        path = folder.parent / "spalje.toml"
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
            name = str(table["name"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(
                f"{path} does not say which project this is: {type(error).__name__}: {error}. "
                'A DAG file belongs into dags/ of a deploy repository, whose spalje.toml has: [project] name = "…"'
            ) from error
        return cls(
            name,
            title=str(table.get("title", "")),
            owner=str(table.get("owner", "")),
            outlines=outline.read(folder / "pipelines.json"),
            repository=folder.parent,
            **settings,
        )

    def dag(
        self, name: str, *, schedule: Any = None, date: str = "", days_ago: int = 0, **settings: Any
    ) -> DAG:
        """A DAG of the project, to be used in a ``with``.

        Its id is ``PROJECT-NAME``. One run at a time; tasks are tried three times. The parameters of the pipeline of
        that name are those of the DAG, with a field of their type in the form.

        Args:
            name: of the DAG.
            schedule: a cron expression, an asset, or whatever Airflow takes; None: when a person starts it.
            date: the parameter that is the day for which the DAG runs, when it is not given: its logical date.
            days_ago: so many days before that; 7 for a DAG about the week that is over.
            settings: those of every DAG; they win over the project's. Without a ``start_date`` a schedule begins when
                somebody switches the DAG on.
        """
        pipeline = self.outlines.get(name)
        params = {one.name: _param(one) for one in (pipeline.parameters if pipeline else ())}
        if date:
            about = next((one for one in (pipeline.parameters if pipeline else ()) if one.name == date), None)
            params[date] = _day(about.help if about else "", days_ago)
        dag_id = f"{self.name}-{name}"
        self._dates[dag_id] = date, days_ago
        defaults = {
            "owner": self.owner,
            "retries": 2,
            "retry_delay": timedelta(seconds=30),
            "retry_exponential_backoff": True,
            "max_retry_delay": timedelta(minutes=30),
        }
        ours = {
            "catchup": False,
            "max_active_runs": 1,
            "tags": [self.name, "spalje"],
            "dag_display_name": f"{self.title}: {name}",
            "doc_md": f"**{self.title}**: {name}. It answers for it: {self.owner}.",
        }
        self._last = DAG(
            dag_id,
            schedule=schedule,
            **{
                **ours,
                **settings,
                "params": {**params, **settings.get("params", {})},
                "default_args": {**defaults, **settings.get("default_args", {})},
            },
        )
        return self._last

    def pipeline(
        self,
        name: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        inputs: Mapping[str, "str | Source"] | None = None,
        **settings: Any,
    ) -> PipelineGroup:
        """A pipeline of this repository, a task for each step.

        Args:
            name: of the pipeline.
            parameters: parameter -> value, templated; one that is not named is the DAG's.
            inputs: input -> a path or ``sha256:DIGEST``, templated, or what another task makes; one that is not
                named is found by ``[inputs]`` of spalje.toml.
            settings: see ``pipeline_task_group``.

        Raises:
            BadInput: there is no such pipeline.
        """
        found = outline.pipeline(self.outlines, name)
        theirs = {one.name: self.param(one.name) for one in found.parameters if one.name in self._params()}
        return pipeline_task_group(
            found,
            project=self.name,
            parameters={**theirs, **(parameters or {})},
            inputs=inputs,
            **{"training_pool": self.training_pool, "conn_id": self.conn_id, **settings},
        )

    def run(
        self,
        pipeline: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        inputs: Mapping[str, "str | Source"] | None = None,
        **settings: Any,
    ) -> SpaljePipelineOperator:
        """A pipeline as one task; also ``build``, which is the build repository's, at its main.

        Args:
            pipeline: its name.
            parameters: see ``pipeline``; of a pipeline of the build repository, whose parameters are not known here,
                these and no others, and all of the DAG's when it is None.
            inputs: see ``pipeline``.
            settings: those of every operator.
        """
        found = self.outlines.get(pipeline)
        known = found is not None or parameters is None
        theirs = {
            name: self.param(name)
            for name in self._params()
            if known and (found is None or _has(found, name))
        }
        build = pipeline == "build"
        return SpaljePipelineOperator(
            pipeline=pipeline,
            project=self.name,
            parameters={**theirs, **(parameters or {})},
            inputs=inputs,
            **{
                "task_id": pipeline,
                "ref": "" if found else "main",
                "pool": self.training_pool if build else "default_pool",
                "conn_id": self.conn_id,
                **settings,
            },
        )

    def program(
        self,
        task_id: str,
        script: str,
        *,
        inputs: Mapping[str, "str | Source"] | None = None,
        outputs: Sequence[str] | Mapping[str, str] = (),
        parameters: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> SpaljeProgramOperator:
        """A program of this repository as one task; see ``SpaljeProgramOperator``."""
        return SpaljeProgramOperator(
            task_id=task_id,
            repository=self.repository,
            script=script,
            project=self.name,
            inputs=inputs,
            outputs=outputs,
            parameters=parameters,
            **{"conn_id": self.conn_id, **settings},
        )

    def judge(self, **settings: Any) -> SpaljeGroundTruthOperator:
        """The quality pipeline for every batch that the ground truth is about that has arrived."""
        truth = self.param("truth") if "truth" in self._params() else ""
        return SpaljeGroundTruthOperator(
            project=self.name, **{"task_id": "judge", "truth": truth, "conn_id": self.conn_id, **settings}
        )

    def truth_arrived(self, truth: "str | Source", **settings: Any) -> SpaljeTruthArrivedOperator:
        """The event that ground truth is there; it starts what is scheduled on it.

        Args:
            truth: a path or ``sha256:DIGEST``, templated, or what another task makes.
            settings: those of every operator.
        """
        return SpaljeTruthArrivedOperator(
            project=self.name,
            truth=truth,
            **{"task_id": "truth_arrived", "conn_id": self.conn_id, **settings},
        )

    def approval(self, **settings: Any) -> "SpaljeApprovalOperator":
        """A person's decision about the model version that the task before this one registered.

        Args:
            settings: see ``SpaljeApprovalOperator``.
        """
        # it needs the human-in-the-loop part of Airflow's standard provider
        from spalje.airflow.approval_operator import SpaljeApprovalOperator  # noqa: PLC0415

        ours = {"task_id": "approval", "asset": self.assets.model_approved, "conn_id": self.conn_id}
        return SpaljeApprovalOperator(**{**ours, **settings})

    def param(self, name: str) -> str:
        """A parameter of the DAG, for templated fields; the DAG's ``date`` is its logical date when not given."""
        given = f"params.{name}"
        date, days_ago = self._dates.get(self._dag().dag_id, ("", 0))
        if name == date:
            due = "((dag_run.logical_date or dag_run.run_after) | ds)"
            return f"{{{{ {given} or {f'macros.ds_add({due}, -{days_ago})' if days_ago else due} }}}}"
        return f"{{{{ '' if {given} is none else {given} }}}}"

    def _params(self) -> Mapping[str, Any]:
        return self._dag().params

    def _dag(self) -> DAG:
        """The DAG that was made last, in whose ``with`` the project's tasks are made."""
        if self._last is None:
            raise UsageError(
                'There is no DAG that the task belongs to. Write it under: with project.dag("…"):'
            )
        return self._last


def _has(found: outline.Outline, name: str) -> bool:
    return any(one.name == name for one in found.parameters)


def _param(one: outline.Parameter) -> Param:
    field: dict[str, Any] = {"type": _TYPES[one.type], "description": one.help or None}
    if one.type == "date":
        field["format"] = "date"
    if one.default is None and not one.required:
        field["type"] = ["null", field["type"]]
    if one.default is None and one.required:
        return Param(**field)
    return Param(one.default, **field)


def _day(about: str, days_ago: int) -> Param:
    before = f"{days_ago} {'day' if days_ago == 1 else 'days'} before " if days_ago else ""
    empty = f"{before}the day of the schedule when it is left empty."
    return Param(
        None,
        type=["null", "string"],
        format="date",
        description=f"{about} {empty[0].upper()}{empty[1:]}".strip(),
    )
