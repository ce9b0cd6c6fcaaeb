"""What follows from a run that has ended: its decision read back, and a retraining started."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spalje.execution.start import Order
from spalje.lineage.run import Run, StepRun
from spalje.registry.project import Project
from spalje.storage.artifacts import Artifacts


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a run decided.

    Attributes:
        action: publish, block, investigate or retrain; None for a run without a decide step.
        reasons: why, in plain words.
    """

    action: str | None
    reasons: tuple[str, ...] = ()

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
            return Conclusion(decision["action"], tuple(decision["reasons"]))
    return Conclusion(None)


def retraining(run: Run, concluded: Conclusion, project: Project, by: str) -> Order | None:
    """The build that a decision to retrain starts, where the project retrains by itself."""
    if concluded.action != "retrain" or project.retrain != "auto":
        return None
    return Order(run.project, "build", by, trigger="retrain")
