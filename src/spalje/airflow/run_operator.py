"""What tasks that record a run of a pipeline have in common."""

from collections.abc import Mapping
from typing import Any

from spalje.airflow import order
from spalje.airflow.operator import SpaljeOperator
from spalje.airflow.source import Source, split


class SpaljeRunOperator(SpaljeOperator):
    """Records a run of a pipeline, with everything that it reads, when it is the run's turn.

    A retry finds the same run. A task that was cleared records a new one, which reads what is there now.

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
        super().__init__(**kwargs)
        self.pipeline, self.project, self.ref = pipeline, project, ref
        self.parameters = dict(parameters or {})
        self.inputs, self.sources = split(inputs)
        for source in self.sources.values():
            self.set_upstream(source.task)

    def record(self, context: Any) -> Any:
        """What ``spalje run record`` says of the run, which holds its pipeline from now on."""
        where = self.place
        made = {name: source.location(context, where) for name, source in self.sources.items()}
        return self.call(
            *("run", "record", self.pipeline, "--project", self.project, "--claim"),
            *("--ref", self.ref or order.commit(context)),
            *order.words("--param", self.parameters),
            *order.words("--input", {**self.inputs, **made}),
            *order.origin(context),
        ).checked()
