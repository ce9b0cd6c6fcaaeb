"""The estimated quality monitor: before the truth is known, is a batch likely to be predicted worse?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from spalje.monitor.measurement import score_label
from spalje.monitor.model_quality import Rule
from spalje.monitor.model_quality_baseline import ModelQualityBaseline
from spalje.monitor.suspicion import ESTIMATED as MONITOR
from spalje.monitor.verdict import Outcome, Verdict, Violation, finite
from spalje.monitor.wording import percent, short
from spalje.quality.prediction_bound import LEAST
from spalje.quality.tally import score

#: What every estimate is called.
LABEL = "estimated, assumes that only the inputs moved"


@dataclass(frozen=True, slots=True)
class Expected:
    """How good a batch's predictions are expected to be, going by its inputs.

    Attributes:
        score: the proper score.
        low, high: its interval.
        bias: as in the model quality monitor; None where there is none.
        metrics: further figures by name.
    """

    score: float
    low: float
    high: float
    bias: float | None = None
    metrics: Mapping[str, float] | None = None


def check(
    expected: Expected,
    baseline: ModelQualityBaseline,
    past: Sequence[tuple[float, float]],
    rule: Rule,
    *,
    rows: int,
) -> Verdict:
    """Hold what is expected of a batch against the baseline.

    It says what follows from the inputs alone: if what the model learned no longer holds, it sees nothing
    of that. So ``ok`` here clears nothing, and the truth replaces it when it comes. An alarm takes an estimate
    that is worse than the baseline by more than the margin, and an interval that lies above the baseline; the
    interval is widened by how far earlier estimates were from the truth.

    Args:
        expected: of the batch.
        baseline: of the model version that predicted it.
        past: what was estimated of earlier batches of the version, and what their truth then said.
        rule: margins.
        rows: of the batch.

    Example:
        >>> from spalje.monitor.measurement import Judged, measure
        >>> some = Judged("regression", np.array([1.0, 3.0]), np.array([1.5, 2.0]))
        >>> baseline = ModelQualityBaseline.of(measure(some, "rmse", np.random.default_rng(7)))
        >>> check(Expected(1.2, 1.0, 1.4), baseline, [], Rule(), rows=900).summary
        'RMSE of 1.2 expected against 0.791 at build time (+52 %; estimated, assumes that only the inputs moved).'
    """
    label = score_label(baseline.score)
    then = float(score(np.array(baseline.clusters).sum(axis=0), root=baseline.score == "rmse"))
    off = _off(past)
    worse_by = expected.score / then - 1.0 if then > 0 else 0.0
    low = expected.low - (off or 0.0) * expected.score
    outcome = _outcome(expected, rule, rows, then, worse_by, low)
    summary = _summary(label, expected.score, then, worse_by, past, off)
    if rows < rule.min_rows:
        summary = f"Too few rows to tell: {rows}, and {rule.min_rows} are needed."
    found = outcome in (Outcome.WARNING, Outcome.ALARM)
    violation = Violation(
        check=f"estimated_{baseline.score}",
        description=summary,
        value=expected.score,
        threshold=then * (1.0 + rule.margin),
    )
    return Verdict(
        monitor=MONITOR,
        outcome=outcome,
        summary=summary,
        violations=(violation,) if found else (),
        figures={
            "label": LABEL,
            "rows": rows,
            **finite(
                {
                    "name": baseline.score,
                    "score": expected.score,
                    "low": expected.low,
                    "high": expected.high,
                    "bias": expected.bias,
                    "then": then,
                    "worse_by": worse_by,
                    "off": off,
                }
            ),
            "metrics": finite(expected.metrics or {}),
            "past": [{"estimated": estimated, "realised": realised} for estimated, realised in past],
        },
    )


def _off(past: Sequence[tuple[float, float]]) -> float | None:
    """How far earlier estimates were from the truth, as a share of it, on average; None when too few are known."""
    shares = [abs(estimated / realised - 1.0) for estimated, realised in past if realised > 0]
    return float(np.mean(shares)) if len(shares) >= LEAST else None


def _outcome(expected: Expected, rule: Rule, rows: int, then: float, worse_by: float, low: float) -> Outcome:
    if rows < rule.min_rows or not isfinite(expected.score):
        return Outcome.INSUFFICIENT
    sure = low > then
    if worse_by >= rule.margin:
        return Outcome.ALARM if sure else Outcome.WARNING
    return Outcome.WARNING if sure and worse_by >= rule.margin / 2 else Outcome.OK


def _summary(
    label: str,
    expected: float,
    then: float,
    worse_by: float,
    past: Sequence[tuple[float, float]],
    off: float | None,
) -> str:
    now, before = short(expected), short(then)
    decimals = 0 if abs(worse_by) >= 0.1 else 1
    said = f"{label} of {now} expected against {before} at build time ({100 * worse_by:+.{decimals}f} %; {LABEL})."
    if off is not None:
        said += f" In {len(past)} earlier batches the estimate was off by {percent(off)} on average."
    return said
