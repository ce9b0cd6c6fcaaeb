"""The model quality monitor: is a batch, now that its truth is known, predicted worse than it should be?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from math import copysign
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from spalje.monitor import worsening_words
from spalje.monitor.judged_batch import JudgedBatch, good_periods
from spalje.monitor.measurement import Measurement, score_label
from spalje.monitor.metric_constraint import MetricConstraint, violated
from spalje.monitor.model_quality_baseline import ModelQualityBaseline
from spalje.monitor.verdict import Outcome, Verdict, Violation, finite
from spalje.monitor.wording import percent
from spalje.monitor.worsening import Evidence, compare
from spalje.quality.tally import bias, score

MONITOR = "model_quality"


class Rule(BaseModel):
    """When a batch is worse than it should be.

    Attributes:
        policy: ``calibrated``: how much good batches differ decides; ``sagemaker``: the constraints
            as written decide.
        alpha: how often a good batch may be called worse; None: 1 in 100 for batches of one day,
            1 in 20 for longer ones.
        margin: by which share the score must be worse before it matters.
        bias_margin: by how much further from 0 the bias must be before it matters.
        min_coverage: share of a batch's rows that must have truth; below it there is no verdict.
        min_rows: with fewer rows with truth there is none either.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: Literal["calibrated", "sagemaker"] = "calibrated"
    alpha: float | None = Field(default=None, gt=0, lt=1)
    margin: float = Field(default=0.15, ge=0)
    bias_margin: float = Field(default=0.10, ge=0)
    min_coverage: float = Field(default=0.8, ge=0, le=1)
    min_rows: int = Field(default=30, ge=1)

    def alpha_for(self, days: int) -> float:
        """The false-alarm rate for batches of so many days."""
        if self.alpha is not None:
            return self.alpha
        return 0.01 if days == 1 else 0.05


def check(
    batch: Measurement,
    baseline: ModelQualityBaseline,
    *,
    earlier: Sequence[JudgedBatch] = (),
    coverage: float,
    rule: Rule,
    rng: np.random.Generator,
) -> Verdict:
    """Hold a batch against the baseline, and against the batches before it.

    How much good batches differ is told by the baseline's stretches that are as long as the batch and by
    earlier batches that were no alarm.

    ``alarm`` when the proper score or the bias is worse by more than the margin and beyond what good
    batches differ; ``warning`` when it is the one without quite being the other; ``insufficient`` when
    too few rows have truth.

    Args:
        batch: measured with the baseline's score.
        baseline: of the model version that predicted it.
        earlier: batches of the same version that were judged before, the oldest first.
        coverage: share of the batch's rows that have truth, 0 to 1.
        rule: policy and margins.
        rng: where the bootstrap's chance comes from.
    """
    if rule.policy == "sagemaker" or _missing(batch.rows, coverage, rule):
        return check_constraints(
            batch.metrics, baseline.constraints, batch.rows, coverage=coverage, rule=rule
        )
    alpha = rule.alpha_for(len(batch.days))
    first, stretches, seasonal = good_periods(baseline, earlier, batch.days)
    found = compare(
        batch.score,
        batch.by_cluster,
        np.array(baseline.clusters),
        stretches,
        seasonal=seasonal,
        alpha=alpha,
        rng=rng,
    )
    levels = [_level(evidence, rule) for evidence in found]
    label = score_label(batch.score)
    periods = worsening_words.stretches(batch.days, weekday=baseline.season == "weekday")
    whose = "of the baseline" if not earlier else "of baseline and earlier batches"
    broken = violated(batch.metrics, baseline.constraints)
    return Verdict(
        monitor=MONITOR,
        outcome=_worst(levels),
        summary=worsening_words.summary(found, levels, label, periods, alpha, whose),
        violations=tuple(
            Violation(
                check=evidence.name,
                description=f"{worsening_words.sentence(evidence, label, periods, whose)}.",
                value=evidence.now,
                threshold=_threshold(evidence, rule),
            )
            for level, evidence in zip(levels, found, strict=True)
            if level is not Outcome.OK
        ),
        figures={
            **_figures(batch.metrics, batch.rows, coverage, rule),
            "score": batch.score,
            "alpha": alpha,
            "calibrated": found[0].p is not None,
            "seasonal": seasonal,
            "evidence": [finite(asdict(evidence)) for evidence in found],
            "baseline_metrics": finite(baseline.metrics),
            "periods": [
                {"first": day.isoformat() if day else None}
                | finite({"score": float(score(sums, root=batch.score == "rmse")), "bias": float(bias(sums))})
                for day, sums in zip(first, stretches, strict=True)
            ],
            "clustered_by": batch.clustered_by,
            "constraints_violated": [bound.metric for bound in broken],
        },
    )


def check_constraints(
    metrics: Mapping[str, float],
    constraints: Iterable[MetricConstraint],
    rows: int,
    *,
    coverage: float,
    rule: Rule,
) -> Verdict:
    """Hold a batch against Model Monitor's constraints alone: every one that is violated is an alarm.

    Args:
        metrics: the batch's, by name.
        constraints: as written.
        rows: how many rows have truth.
        coverage: share of the batch's rows that have truth, 0 to 1.
        rule: how much truth is enough.

    Example:
        >>> bound = MetricConstraint(metric="rmse", threshold=0.8, operator="GreaterThanThreshold")
        >>> rule = Rule(policy="sagemaker")
        >>> check_constraints({"rmse": 0.93}, [bound], 8400, coverage=1.0, rule=rule).summary
        'Metric rmse with 0.93 was GreaterThanThreshold 0.8.'
        >>> check_constraints({"rmse": 0.93}, [bound], 500, coverage=0.5, rule=rule).summary
        'Truth is known for 50 % of the rows: partial truth, no verdict below 80 %.'
    """
    figures = _figures(metrics, rows, coverage, rule)
    if why := _missing(rows, coverage, rule):
        return Verdict(monitor=MONITOR, outcome=Outcome.INSUFFICIENT, summary=why, figures=figures)
    broken = violated(metrics, constraints)
    found = tuple(
        Violation(
            check=bound.metric,
            description=f"{bound.describe(metrics[bound.metric])}.",
            value=metrics[bound.metric],
            threshold=bound.threshold,
        )
        for bound in broken
    )
    return Verdict(
        monitor=MONITOR,
        outcome=Outcome.ALARM if found else Outcome.OK,
        summary=" ".join(violation.description for violation in found) or "No constraint is violated.",
        violations=found,
        figures=figures | {"constraints_violated": [bound.metric for bound in broken]},
    )


def _missing(rows: int, coverage: float, rule: Rule) -> str | None:
    """What is missing for a verdict, in words."""
    if coverage < rule.min_coverage:
        return (
            f"Truth is known for {percent(coverage)} of the rows: partial truth, "
            f"no verdict below {percent(rule.min_coverage)}."
        )
    if rows < rule.min_rows:
        return f"Truth is known for {rows} rows: too few, no verdict below {rule.min_rows}."
    return None


def _level(evidence: Evidence, rule: Rule) -> Outcome:
    margin = _margin(evidence, rule)
    if evidence.sure and evidence.worse_by >= margin:
        return Outcome.ALARM
    if evidence.worse_by >= (margin / 2 if evidence.sure else margin) and evidence.likely:
        return Outcome.WARNING
    return Outcome.OK


def _margin(evidence: Evidence, rule: Rule) -> float:
    return rule.bias_margin if evidence.name == "bias" else rule.margin


def _threshold(evidence: Evidence, rule: Rule) -> float:
    if evidence.name == "bias":
        return copysign(abs(evidence.then) + rule.bias_margin, evidence.now)
    return evidence.then * (1.0 + rule.margin)


def _worst(levels: Iterable[Outcome]) -> Outcome:
    return max(levels, key=list(Outcome).index)


def _figures(metrics: Mapping[str, float], rows: int, coverage: float, rule: Rule) -> dict[str, Any]:
    return {"policy": rule.policy, "rows": rows, "coverage": coverage, "metrics": finite(metrics)}
