"""A compiled pipeline as a task group: a task for each step, the same names, the same edges."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow.sdk import BaseOperator, Label, TaskGroup

from spalje.airflow.conclude_operator import SpaljeConcludeOperator
from spalje.airflow.outline import Outline, Step
from spalje.airflow.place import CONNECTION
from spalje.airflow.record_operator import SpaljeRecordOperator
from spalje.airflow.source import Artifact, Source
from spalje.airflow.step_operator import SpaljeStepOperator

#: The kinds of steps that need a place in the pool for training.
_TRAINING = frozenset({"train"})
START = "start"
CONCLUDE = "conclude"


@dataclass(frozen=True, slots=True)
class StepOutputs:
    """The outputs of a step, for tasks that come after the run has ended."""

    end: BaseOperator
    step: str

    def __getitem__(self, output: str) -> Artifact:
        """An output of the step, by its name in the recipe."""
        return Artifact(self.end, self.step, output)


class PipelineGroup(TaskGroup):
    """The tasks of a pipeline; ``group["transform"]["predictions"]`` is an output of a step."""

    def __getitem__(self, step: str) -> StepOutputs:
        """The outputs of a step.

        Raises:
            KeyError: the pipeline has no such step.
        """
        return StepOutputs(self.children[self.child_id(CONCLUDE)], self.children[self.child_id(step)].task_id)


def pipeline_task_group(
    outline: Outline,
    *,
    project: str,
    parameters: Mapping[str, Any] | None = None,
    inputs: Mapping[str, "str | Source"] | None = None,
    ref: str = "",
    training_pool: str = "default_pool",
    deferrable: bool = False,
    group_id: str = "",
    conn_id: str = CONNECTION,
) -> PipelineGroup:
    """A pipeline's steps as tasks, between one that records the run and one that ends it.

    A step whose condition does not hold is skipped, and so is what follows it; the edge says the condition.

    Args:
        outline: the pipeline, see ``spalje.airflow.outline.read``.
        project: the project.
        parameters: parameter -> value, templated; an empty one is left out.
        inputs: input -> a path or ``sha256:DIGEST``, templated, or what another task makes.
        ref: branch, tag or commit of the recipe; empty: the commit that the DAG came with.
        training_pool: the pool in which steps that train wait for their turn.
        deferrable: see ``SpaljeStepOperator``.
        group_id: the group's name; empty: the pipeline's.
        conn_id: the connection that says where Spaljé is.
    """
    with PipelineGroup(group_id or outline.name) as group:
        start = SpaljeRecordOperator(
            task_id=START,
            outline=outline,
            project=project,
            parameters=parameters,
            inputs=inputs,
            ref=ref,
            conn_id=conn_id,
        )
        run = f"{{{{ (ti.xcom_pull(task_ids='{start.task_id}') or {{}}).get('run', '') }}}}"
        tasks = {
            step.name: SpaljeStepOperator(
                task_id=step.name,
                run=run,
                step=step.name,
                deferrable=deferrable,
                pool=training_pool if step.kind in _TRAINING else "default_pool",
                conn_id=conn_id,
            )
            for step in outline.steps
        }
        end = SpaljeConcludeOperator(task_id=CONCLUDE, run=run, project=project, conn_id=conn_id)
        needed = {name for step in outline.steps for name in step.needs}
        for step in outline.steps:
            for before in [tasks[name] for name in step.needs] or [start]:
                before.set_downstream(tasks[step.name], edge_modifier=_condition(step, before))
            if step.name not in needed:
                tasks[step.name].set_downstream(end)
    return group


def _condition(step: Step, before: BaseOperator) -> Any:
    if step.when is None or before.task_id.rpartition(".")[2] != step.when.report.partition(".")[0]:
        return None
    return Label(str(step.when))
