"""What really happened, delivered and held against what was predicted."""

from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from spalje.airflow import order
from spalje.airflow.assets import Assets
from spalje.airflow.conclude_operator import FINE
from spalje.airflow.operator import SpaljeOperator


class SpaljeGroundTruthOperator(SpaljeOperator):
    """Delivers ground truth, and runs the quality pipeline for each batch that it is about, the oldest first.

    A retry goes on with the same runs.

    Args:
        project: the project.
        truth: a path or ``sha256:DIGEST``, templated; empty: what the asset events that triggered the DAG run name.
        kwargs: those of every operator.
    """

    template_fields = ("truth",)

    def __init__(self, *, project: str, truth: str = "", **kwargs: Any) -> None:
        assets = Assets(project)
        super().__init__(**{"outlets": [assets.outcomes], **kwargs})
        self.project, self.truth, self.assets = project, truth, assets

    def execute(self, context: Any) -> list[dict[str, Any]]:
        """Deliver and judge."""
        named = [str(extra["truth"]) for extra in order.events(context) if extra.get("truth")]
        truths = [self.truth] if self.truth not in ("", "None") else list(dict.fromkeys(named))
        if not truths:
            raise AirflowSkipException(
                "No ground truth was named: neither by the parameter 'truth' nor by the events' extra."
            )
        judged = []
        for number, truth in enumerate(truths):
            origin = order.origin(context, trigger="ground-truth")
            origin[1] = f"{origin[1]}/{number}"
            words = ("batch", "truth", truth, "--project", self.project, "--log", "--attached")
            for said in self.call(*words, *origin).checked(FINE)["concluded"]:
                self.shown(said["run"]["id"], said["url"])
                self.assets.announce(context["outlet_events"], said)
                judged.append(
                    {
                        "run": said["run"]["id"],
                        "batch": said["run"]["batch"],
                        "verdicts": said["verdicts"],
                        "decision": said["decision"]["action"] if said["decision"] else None,
                    }
                )
        if not judged:
            self.log.info("Nothing new: every batch this truth is about has been checked against it.")
        return judged
