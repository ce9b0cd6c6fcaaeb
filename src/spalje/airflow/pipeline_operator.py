"""A whole pipeline as one task."""

from typing import Any

from spalje.airflow.assets import Assets
from spalje.airflow.conclude_operator import FINE, concluded
from spalje.airflow.run_operator import SpaljeRunOperator


class SpaljePipelineOperator(SpaljeRunOperator):
    """Records a run of a pipeline and executes it: the slim shape, for teams that prefer one task.

    A retry goes on with the same run: what had succeeded is not done twice.

    Args:
        project: the project, whose assets get their events.
        kwargs: those of ``SpaljeRunOperator``, and of every operator.
    """

    def __init__(self, *, project: str, **kwargs: Any) -> None:
        assets = Assets(project)
        super().__init__(**{"outlets": [assets.outcomes], **kwargs, "project": project})
        self.assets = assets

    def execute(self, context: Any) -> dict[str, Any]:
        """Execute the run."""
        recorded = self.record(context)
        run = recorded["run"]["id"]
        self.shown(run, recorded["url"])
        answer = self.call("run", "execute", run, "--log", "--attached")
        return concluded(self, context, answer.checked(FINE))
