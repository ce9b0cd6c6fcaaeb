"""What follows from a run that has ended: its decision read back, and a retraining started."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spalje.execution.order import Order
from spalje.lineage.run import Run, StepRun
from spalje.storage.artifacts import Artifacts


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a run decided.

    Attributes:
        action: publish, block, investigate or retrain; None for a run without a decide step.
        reasons: why, in plain words.
        automatic: whether a retraining starts by itself.
    """

    action: str | None
    reasons: tuple[str, ...] = ()
    automatic: bool = False

    @property
    def alarming(self) -> bool:
        """Whether a command that ran it leaves with exit code 4."""
        return self.action in ("block", "retrain")


def conclusion(states: Mapping[str, StepRun], artifacts: Artifacts) -> Conclusion:
    """The decision among a run's outputs."""
    for state in states.values():
        if "decision" in state.outputs:
            text = (artifacts.open(state.outputs["decision"]) / "decision.json").read_text(encoding="utf-8")
            decision: dict[str, Any] = json.loads(text)
            return Conclusion(
                decision["action"], tuple(decision["reasons"]), decision.get("automatic", False)
            )
    return Conclusion(None)


def retraining(run: Run, concluded: Conclusion) -> Order | None:
    """The build that a run's decision starts by itself; it is started by that run, so that it is started once.

    A run with a key is another orchestrator's, and so are the builds that it calls for.
    """
    if run.key is not None:
        return None
    if concluded.action != "retrain" or not concluded.automatic:
        return None
    return Order(run.project, "build", run.id, trigger="retrain")
