"""The first task of a pipeline's group: the run is recorded, with everything that it reads."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from spalje.airflow.outline import Outline
from spalje.airflow.run_operator import SpaljeRunOperator


class SpaljeRecordOperator(SpaljeRunOperator):
    """Records a run of a pipeline without executing it; the run holds its pipeline until it is concluded.

    Args:
        outline: the pipeline as the DAG draws it; another one at the run's commit fails for good.
        kwargs: those of ``SpaljeRunOperator`` but ``pipeline``, and of every operator.
    """

    def __init__(self, *, outline: Outline, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "pipeline": outline.name})
        self.outline = outline

    def execute(self, context: Any) -> dict[str, str]:
        """Record the run."""
        said = self.record(context)
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
