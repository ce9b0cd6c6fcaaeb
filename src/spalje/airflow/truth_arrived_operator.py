"""Ground truth is there: the event that workflows are scheduled on."""

from typing import Any

from spalje.airflow.assets import Assets
from spalje.airflow.operator import SpaljeOperator
from spalje.airflow.source import Source


class SpaljeTruthArrivedOperator(SpaljeOperator):
    """Gives the project's asset ``ground-truth`` an event that says where the truth is.

    Args:
        project: the project.
        truth: a path or ``sha256:DIGEST``, templated, or what another task makes.
        kwargs: those of every operator.
    """

    template_fields = ("truth",)

    def __init__(self, *, project: str, truth: "str | Source", **kwargs: Any) -> None:
        assets = Assets(project)
        super().__init__(**{"outlets": [assets.ground_truth], **kwargs})
        self.truth = truth if isinstance(truth, str) else ""
        self.source = None if isinstance(truth, str) else truth
        self.asset = assets.ground_truth
        if self.source is not None:
            self.set_upstream(self.source.task)

    def execute(self, context: Any) -> str:
        """Say where the truth is."""
        truth = self.truth if self.source is None else self.source.location(context, self.place)
        context["outlet_events"][self.asset].extra = {"truth": truth}
        return truth
