"""What a replay keeps of each batch, and of a whole life under one policy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from math import nan, sqrt

import numpy as np

from spalje.monitor.verdict import Outcome
from spalje.quality.tally import Tally, bias, score
from spalje.replay.policy import Policy

#: Metrics whose value for several batches is their mean by rows.
MEANS = ("mae", "mse", "log_loss", "brier", "accuracy", "poisson_deviance", "pinball", "error_rate")


@dataclass(frozen=True, slots=True)
class Week:
    """A batch of a replay.

    Attributes:
        day: the day it was predicted on.
        built: the day that its model was built on.
        outcomes: monitor -> outcome; ``model_quality`` once the truth is known.
        blocked: whether it would have been kept back.
        alarm: why the policy found something wrong with it; None when it did not.
        rebuilt: why a new model was built after it; None when none was.
        accepted: whether that model was better, or at least not worse, than the one that served.
        score: name of the proper score.
        sums: its tally, see ``spalje.quality.tally``; None without truth.
        metrics: every figure by its name, with ``rows_with_truth``.
        cost: of all that was run for it, in the settings' currency, reused steps at what they first cost.
    """

    day: date
    built: date
    outcomes: Mapping[str, Outcome]
    blocked: bool
    alarm: str | None
    rebuilt: str | None
    accepted: bool
    score: str | None
    sums: tuple[float, float, float, float] | None
    metrics: Mapping[str, float]
    cost: float


@dataclass(frozen=True, slots=True)
class Life:
    """A project's history under one policy.

    Attributes:
        policy: what it was lived by.
        weeks: its batches, the oldest first.
        cost: of everything, the first build included.
        verdicts: day of a batch -> artifacts of its verdicts with data and truth, for the placebo.
    """

    policy: Policy
    weeks: tuple[Week, ...]
    cost: float
    verdicts: Mapping[date, Mapping[str, str]] = field(default_factory=dict)

    @property
    def alarms(self) -> int:
        """How many batches the policy found something wrong with."""
        return sum(week.alarm is not None for week in self.weeks)

    @property
    def builds(self) -> int:
        """How many new models were built."""
        return sum(week.rebuilt is not None for week in self.weeks)

    @property
    def accepted(self) -> int:
        """How many of them went into use."""
        return sum(week.rebuilt is not None and week.accepted for week in self.weeks)

    @property
    def blocked(self) -> int:
        """How many batches would have been kept back."""
        return sum(week.blocked for week in self.weeks)

    @property
    def figures(self) -> dict[str, float]:
        """How good all predictions of the life were together, by metric."""
        sums = [week.sums for week in self.weeks if week.sums is not None]
        known = [week for week in self.weeks if week.sums is not None]
        if not known:
            return {}
        total: Tally = np.array(sums).sum(axis=0)
        found = {"bias": float(bias(total))}
        name = known[0].score
        if name is not None:
            found[name] = float(score(total, root=name == "rmse"))
        rows = np.array([week.metrics.get("rows_with_truth", 0.0) for week in known])
        for metric in MEANS:
            values = np.array([week.metrics.get(metric, nan) for week in known])
            if np.isfinite(values).all() and rows.sum():
                found[metric] = float((values * rows).sum() / rows.sum())
        if "mse" in found:
            found["rmse"] = sqrt(found["mse"])
        return found

    @property
    def score(self) -> str | None:
        """The proper score's name."""
        return next((week.score for week in self.weeks if week.score is not None), None)
