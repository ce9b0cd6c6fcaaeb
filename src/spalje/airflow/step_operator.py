"""One step of a run as one task."""

import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from spalje.airflow.command import Answer
from spalje.airflow.operator import SpaljeOperator
from spalje.airflow.step_trigger import StepTrigger


class SpaljeStepOperator(SpaljeOperator):
    """Executes one step of a recorded run, by the call that the embedded runner makes: ``spalje step execute``.

    The step runs in the project's own environment. A retry after success does nothing; one after a worker was killed
    executes the step again. A step whose condition does not hold is skipped, and what follows it.

    Args:
        run: the run, PROJECT/PIPELINE/NUMBER, templated.
        step: the step's name.
        deferrable: start the step in a process of its own on the worker's machine, and give the worker back: the
            triggerer waits for it. Not for workers that end with their task, as those of the Kubernetes executor do.
        kwargs: those of every operator.
    """

    template_fields = ("run",)

    def __init__(self, *, run: str, step: str, deferrable: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run, self.step, self.deferrable = run, step, deferrable

    def execute(self, context: Any) -> dict[str, Any] | None:  # noqa: ARG002  as Airflow calls it
        """Execute the step."""
        if not self.deferrable:
            return self._ended(self.call("step", "execute", self.run, self.step, "--log", "--attached"))
        where, now = self.place, datetime.now(UTC).isoformat()
        subprocess.Popen(
            where.words("step", "execute", self.run, self.step),
            env=where.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        trigger = StepTrigger(
            run=self.run, step=self.step, python=where.python, workspace=where.workspace, since=now
        )
        self.defer(trigger=trigger, method_name="execute_complete")
        return None

    def execute_complete(self, context: Any, event: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Go on when the step, which another process executed, has ended."""
        return self._ended(Answer(event["code"], event["said"], event["error"]))

    def _ended(self, answer: Answer) -> dict[str, Any]:
        said = answer.checked()
        self.shown(self.run, said["url"])
        if said["status"] == "skipped":
            raise AirflowSkipException(said["error"])
        told = {name: said[name] for name in ("run", "step", "outputs", "verdict", "decision", "reused_from")}
        self.log.info("%s", ", ".join(f"{name}: {value}" for name, value in told.items() if value))
        return {name: value for name, value in told.items() if value is not None}
