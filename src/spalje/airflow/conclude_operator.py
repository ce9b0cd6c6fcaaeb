"""The last task of a pipeline's group: the run ends, and what came of it is told."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import TriggerRule
from airflow.sdk.exceptions import AirflowFailException

from spalje.airflow.assets import Assets
from spalje.airflow.operator import SpaljeOperator

#: A run that succeeded, and one that did and alarms.
FINE = (0, 4)


class SpaljeConcludeOperator(SpaljeOperator):
    """Ends a run whose steps were tasks of their own; fails when the run failed, and when its batch is blocked.

    Args:
        run: the run, PROJECT/PIPELINE/NUMBER, templated.
        project: the project, whose assets get their events.
        kwargs: those of every operator.
    """

    template_fields = ("run",)

    def __init__(self, *, run: str, project: str, **kwargs: Any) -> None:
        assets = Assets(project)
        super().__init__(**{"trigger_rule": TriggerRule.ALL_DONE, "outlets": [assets.outcomes], **kwargs})
        self.run, self.assets = run, assets

    def execute(self, context: Any) -> dict[str, Any]:
        """End the run."""
        if not self.run:
            raise AirflowFailException(
                "No run was recorded, so that there is none to end: the log of the group's first task says why."
            )
        answer = self.call("run", "conclude", self.run)
        return concluded(
            self, context, answer.said if answer.code == 1 and answer.said else answer.checked(FINE)
        )


def concluded(task: Any, context: Any, said: Mapping[str, Any]) -> dict[str, Any]:
    """Give a run's assets their events.

    Returns:
        What other tasks may know of it.

    Raises:
        AirflowFailException: the run did not succeed, or its batch is blocked; to ask again does not help.
    """
    run = said["run"]
    task.shown(run["id"], said["url"])
    if run["status"] != "succeeded":
        raise AirflowFailException(f"{run['id']} {run['status']}. {run['error'] or ''}".strip())
    batch, decision = said["batch"], said["decision"]
    for reason in decision["reasons"] if decision else ():
        task.log.info("%s: %s", decision["action"], reason)
    if batch and batch["status"] == "blocked" and run["batch"] is None:
        raise AirflowFailException(
            f"Batch {batch['id']} is blocked, and nothing of it goes out: "
            f"{' '.join(decision['reasons'] if decision else ())} "
            f"See it with: spalje batch show {batch['id']}; an approver may release it."
        )
    task.assets.announce(context["outlet_events"], said)
    told = {
        "run": run["id"],
        "verdicts": said["verdicts"],
        "decision": decision["action"] if decision else None,
        "batch": batch["id"] if batch else None,
        "version": said["version"],
        "retrain": said["retrain"],
    }
    return {name: value for name, value in told.items() if value not in (None, {})}
