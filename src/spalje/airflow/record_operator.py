"""The first task of a pipeline's group: the run is recorded, with everything that it reads."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from spalje.airflow import order
from spalje.airflow.operator import SpaljeOperator
from spalje.airflow.outline import Outline
from spalje.airflow.source import Source


class SpaljeRecordOperator(SpaljeOperator):
    """Records a run of a pipeline without executing it; the run holds its pipeline until it is concluded.

    A retry finds the same run. A task that was cleared records a new one, which reads what is there now.

    Args:
        outline: the pipeline as the DAG draws it; another one at the run's commit fails for good.
        project: the project.
        parameters: parameter -> value, templated; an empty one is left out.
        inputs: input -> a path or ``sha256:DIGEST``, templated, or what another task makes.
        ref: branch, tag or commit of the recipe; empty: the commit that the DAG came with.
        kwargs: those of every operator.
    """

    template_fields = ("parameters", "inputs", "ref")

    def __init__(
        self,
        *,
        outline: Outline,
        project: str,
        parameters: Mapping[str, Any] | None = None,
        inputs: Mapping[str, "str | Source"] | None = None,
        ref: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.outline, self.project, self.ref = outline, project, ref
        self.parameters = dict(parameters or {})
        self.inputs = {name: source for name, source in (inputs or {}).items() if isinstance(source, str)}
        self.sources = {
            name: source for name, source in (inputs or {}).items() if not isinstance(source, str)
        }
        for source in self.sources.values():
            self.set_upstream(source.task)

    def execute(self, context: Any) -> dict[str, str]:
        """Record the run."""
        where = self.place
        inputs = self.inputs | {
            name: source.location(context, where) for name, source in self.sources.items()
        }
        said = self.call(
            *("run", "record", self.outline.name, "--project", self.project, "--claim"),
            *("--ref", self.ref or order.commit(context)),
            *order.words("--param", self.parameters),
            *order.words("--input", inputs),
            *order.origin(context),
        ).checked()
        self._compare(said)
        self.shown(said["run"]["id"], said["url"])
        return {"run": said["run"]["id"]}

    def _compare(self, said: Mapping[str, Any]) -> None:
        recorded = Outline.of(self.outline.name, said)
        if recorded.steps != self.outline.steps:
            self.call("run", "conclude", said["run"]["id"])  # it lets go of its pipeline
            raise AirflowFailException(
                f"The DAG draws pipeline '{self.outline.name}' otherwise than its recipe is at commit "
                f"{said['run']['commit'][:10]}. Run: spalje pipeline compile --write; then commit and push "
                "dags/pipelines.json."
            )
