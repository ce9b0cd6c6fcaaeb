"""Champion and challenger: is a model just built better than the one that serves, on the same rows?"""

from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

import numpy as np

from spalje.monitor.measurement import Judged, ScoreName, losses, metrics_of, score_label
from spalje.monitor.wording import short
from spalje.quality.paired import paired_difference

Outcome = Literal["better", "worse", "alike"]


@dataclass(frozen=True, slots=True)
class Challenge:
    """Two models on the same rows.

    Attributes:
        outcome: of the challenger: ``better`` or ``worse`` when the test says so, else ``alike``.
        score: the proper score that decides, lower is better.
        champion, challenger: its value for each; for ``rmse`` the root.
        change: by which share the challenger's is higher; negative: it is better.
        difference: mean loss of the challenger less that of the champion.
        low, high: interval of that difference, at the level of the test.
        p: two-sided p-value, 0 to 1.
        rows: how many, each with truth.
        clustered_by: what the rows that err together have in common.
        metrics: name -> value for the champion and for the challenger.
    """

    outcome: Outcome
    score: ScoreName
    champion: float
    challenger: float
    change: float
    difference: float
    low: float
    high: float
    p: float
    rows: int
    clustered_by: str
    metrics: dict[str, tuple[float | None, float | None]]

    @property
    def summary(self) -> str:
        """For a person who is to approve it.

        Example:
            >>> figures = (0.72, 0.68, -0.0556, -0.06, -0.09, -0.03, 0.001)
            >>> found = Challenge("better", "rmse", *figures, 900, "store", {})
            >>> found.summary
            'Better than the version that serves: RMSE 0.68 against 0.72 (-5.6 %) on the same 900 rows, p = 0.001.'
        """
        verdict = {
            "better": "Better than the version that serves",
            "worse": "Worse than the version that serves",
            "alike": "No better and no worse than the version that serves",
        }[self.outcome]
        values = f"{short(self.challenger)} against {short(self.champion)} ({100 * self.change:+.1f} %)"
        return f"{verdict}: {score_label(self.score)} {values} on the same {self.rows:,} rows, {_p(self.p)}."

    @property
    def document(self) -> dict[str, Any]:
        """As strict JSON values."""
        numbers = {
            name: getattr(self, name)
            for name in ("champion", "challenger", "change", "difference", "low", "high", "p")
        }
        return {
            "outcome": self.outcome,
            "summary": self.summary,
            "score": self.score,
            **{name: value for name, value in numbers.items() if isfinite(value)},
            "rows": self.rows,
            "clustered_by": self.clustered_by,
            "metrics": {name: list(pair) for name, pair in self.metrics.items()},
        }


def challenge(
    champion: Judged, challenger: Judged, score: ScoreName, *, alpha: float, rng: np.random.Generator
) -> Challenge:
    """Hold a challenger against a champion.

    The losses of each row are subtracted, so that what is hard for both does not matter, and the mean of the
    differences is tested with rows of one cluster (a store) taken as a whole.

    Args:
        champion, challenger: predictions for the very same rows, with the same truth.
        score: one of ``SCORES`` for the type of problem.
        alpha: level of the test, 0 to 1.
        rng: where the bootstrap's chance comes from.

    Example:
        >>> truth = np.tile([0.0, 1.0, 3.0], 40)
        >>> old, new = (Judged("regression", truth, truth + off) for off in (0.5, 0.1))
        >>> found = challenge(old, new, "rmse", alpha=0.05, rng=np.random.default_rng(1))
        >>> found.outcome, round(found.difference, 3)
        ('better', -0.24)
    """
    old, new = losses(champion, score), losses(challenger, score)
    found = paired_difference(new, old, challenger.clusters, rng, level=1.0 - alpha)
    means = float(old.mean()), float(new.mean())
    values = tuple(float(np.sqrt(mean)) if score == "rmse" else mean for mean in means)
    outcome: Outcome = "alike"
    if found.p <= alpha:
        outcome = "better" if found.difference < 0 else "worse"
    before, now = metrics_of(champion)[0], metrics_of(challenger)[0]
    return Challenge(
        outcome=outcome,
        score=score,
        champion=values[0],
        challenger=values[1],
        change=values[1] / values[0] - 1.0 if values[0] > 0 else 0.0 if values[1] == values[0] else np.inf,
        difference=found.difference,
        low=found.low,
        high=found.high,
        p=found.p,
        rows=len(challenger),
        clustered_by=challenger.clustered_by,
        metrics={
            name: (_finite(before[name]), _finite(value)) for name, value in now.items() if name in before
        },
    )


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def _p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
