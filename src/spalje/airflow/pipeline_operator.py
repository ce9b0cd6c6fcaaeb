"""A whole pipeline as one task."""

from collections.abc import Mapping
from typing import Any

from spalje.airflow import order
from spalje.airflow.assets import Assets
from spalje.airflow.conclude_operator import FINE, concluded
from spalje.airflow.operator import SpaljeOperator
from spalje.airflow.source import Source


class SpaljePipelineOperator(SpaljeOperator):
    """Records a run of a pipeline and executes it: the slim shape, for teams that prefer one task.

    A run is recorded when it is its turn, so that what it reads is what is there then. A retry goes on with the same
    run: what had succeeded is not done twice. A task that was cleared makes a new run.

    Args:
        pipeline: build, inference or another pipeline of the project's recipes.
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
        pipeline: str,
        project: str,
        parameters: Mapping[str, Any] | None = None,
        inputs: Mapping[str, "str | Source"] | None = None,
        ref: str = "",
        **kwargs: Any,
    ) -> None:
        assets = Assets(project)
        super().__init__(**{"outlets": [assets.outcomes], **kwargs})
        self.pipeline, self.project, self.ref, self.assets = pipeline, project, ref, assets
        self.parameters = dict(parameters or {})
        self.inputs = {name: source for name, source in (inputs or {}).items() if isinstance(source, str)}
        self.sources = {
            name: source for name, source in (inputs or {}).items() if not isinstance(source, str)
        }
        for source in self.sources.values():
            self.set_upstream(source.task)

    def execute(self, context: Any) -> dict[str, Any]:
        """Execute the run."""
        where = self.place
        inputs = self.inputs | {
            name: source.location(context, where) for name, source in self.sources.items()
        }
        recorded = self.call(
            *("run", "record", self.pipeline, "--project", self.project, "--claim"),
            *("--ref", self.ref or order.commit(context)),
            *order.words("--param", self.parameters),
            *order.words("--input", inputs),
            *order.origin(context),
        ).checked()
        run = recorded["run"]["id"]
        self.shown(run, recorded["url"])
        answer = self.call("run", "execute", run, "--log", "--attached")
        return concluded(self, context, answer.checked(FINE))
