"""The data quality monitor: a batch's features against those the model was trained on."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any, Literal, TypeAlias

from spalje.monitor.arrival import freshness_check, history_volume_check, twice_check
from spalje.monitor.breach_checks import BREACH_CHECKS, volume_check
from spalje.monitor.compared import compared
from spalje.monitor.comparison import Case, figures, pairs
from spalje.monitor.constraints import Constraints
from spalje.monitor.drift_verdict import Judged, judge
from spalje.monitor.history import History
from spalje.monitor.six_checks import MARGIN_CHECKS, SCHEMA_CHECKS, SIX_CHECKS
from spalje.monitor.verdict import Outcome, Verdict, Violation
from spalje.profile.profile import Profile

#: Whose rules decide: Spaljé's, or Model Monitor's six checks to the letter.
Policy: TypeAlias = Literal["calibrated", "sagemaker"]
#: Share of good batches that may be found: 3.7 a year of days, 2.6 a year of weeks.
ALPHA = {"none": 0.05, "weekday": 0.01, "month": 0.05}
#: No batch was checked before.
NO_HISTORY = History()


def check(
    batch: Profile,
    baseline: Profile,
    constraints: Constraints,
    *,
    policy: Policy = "calibrated",
    history: History = NO_HISTORY,
    name: str = "",
    at: date | None = None,
    alpha: float | None = None,
    keys_duplicated: int = 0,
    keys_null: int = 0,
    keys_missing: Iterable[str] = (),
) -> Verdict:
    """Hold a batch against its baseline and against good batches.

    A fault of the delivery (schema, volume, keys, nulls, NaN, negative, far outside, unseen, delivered
    twice) is a breach and an alarm. Drift is a warning, and an alarm when it is large or stays; it is
    judged by how much good batches differ from each other where there are enough of them, and by fixed
    margins otherwise. With too few rows to compare distributions the verdict is ``insufficient`` unless
    it is an alarm. Under the policy ``sagemaker`` any of Model Monitor's six checks is an alarm and
    nothing else counts; what they would have said is among the figures otherwise.

    Args:
        batch: profile of the batch's features, and of columns that training did not have; with a
            ``sketch`` over the baseline's cells, without which drift is judged by fixed margins.
        baseline: profile of the training table's features.
        constraints: what a good batch looks like.
        policy: whose rules decide.
        history: batches that were checked before, and pieces of the training data like batches.
        name: what the batch is called.
        at: the day it is for.
        alpha: share of good batches that may be found, 0 to 1; None: 0.01 with a weekday season, else 0.05.
        keys_duplicated: rows of the batch whose business keys an earlier row has too.
        keys_null: rows of the batch with a null in a business key.
        keys_missing: business keys that are not columns of the batch.

    Example:
        >>> import pyarrow as pa
        >>> from spalje.monitor.suggestion import suggest
        >>> from spalje.profile.scan import profile_batches
        >>> training = profile_batches([pa.RecordBatch.from_pydict({"units": [0, 1, 2] * 100})])
        >>> batch = profile_batches([pa.RecordBatch.from_pydict({"units": [0, -1, 2] * 100})])
        >>> verdict = check(batch, training, suggest(training))
        >>> verdict.outcome, verdict.violations[0].check, verdict.violations[0].value
        (<Outcome.ALARM: 'alarm'>, 'negative_check', 0.3333333333333333)
    """
    case = Case(
        batch,
        baseline,
        constraints,
        pairs(batch, baseline, constraints),
        keys_duplicated=keys_duplicated,
        keys_null=keys_null,
        keys_missing=tuple(keys_missing),
    )
    theirs = [
        violation for rule in (volume_check, *SIX_CHECKS) for violation in rule(replace(case, strict=True))
    ]
    before = history.before(name, at)
    judged = judge(case, before, at, alpha or ALPHA[history.season])
    shown = {"policy": policy, "drift": {**judged.figures, "compared": compared(case)}}
    if policy == "sagemaker":
        outcome = Outcome.ALARM if theirs else Outcome.OK
        return _verdict(case, outcome, theirs, theirs, shown)
    ours = [violation for rule in (*BREACH_CHECKS, *SCHEMA_CHECKS) for violation in rule(case)]
    if not judged.calibrated:
        ours += [violation for rule in MARGIN_CHECKS for violation in rule(case)]
    ours += history_volume_check(case, before)
    if batch.sketch is not None:
        ours += [*twice_check(batch.sketch, before), *freshness_check(batch.sketch, before)]
    ours += judged.violations
    return _verdict(case, _outcome(case, ours, judged), ours, theirs, shown)


def _outcome(case: Case, found: list[Violation], judged: Judged) -> Outcome:
    if judged.alarm or any(violation.breach for violation in found):
        return Outcome.ALARM
    if min(case.batch.rows, case.baseline.rows) < case.constraints.min_rows:
        return Outcome.INSUFFICIENT
    return Outcome.WARNING if found else Outcome.OK


def _verdict(
    case: Case, outcome: Outcome, found: list[Violation], theirs: list[Violation], extra: dict[str, Any]
) -> Verdict:
    ordered = sorted(found, key=_gravity)
    return Verdict(
        monitor="data_quality",
        outcome=outcome,
        summary=_summary(case, outcome, ordered, extra),
        violations=tuple(ordered),
        figures={
            **extra,
            "rows": case.batch.rows,
            "rows_baseline": case.baseline.rows,
            "columns": {pair.name: figures(pair) for pair in case.pairs},
            "sagemaker": {
                "outcome": str(Outcome.ALARM if theirs else Outcome.OK),
                "violations": [[violation.check, violation.column] for violation in theirs],
            },
        },
    )


def _gravity(violation: Violation) -> tuple[bool, float]:
    """Breaches first; then those furthest beyond their threshold."""
    if violation.value is None or violation.threshold is None:
        return not violation.breach, -1.0
    return not violation.breach, -abs(violation.value - violation.threshold)


def _summary(case: Case, outcome: Outcome, found: list[Violation], extra: dict[str, Any]) -> str:
    if outcome is Outcome.INSUFFICIENT:
        least, needed = min(case.batch.rows, case.baseline.rows), case.constraints.min_rows
        return f"Too few rows to compare distributions: {least:,}, and at least {needed:,} are needed."
    if not found:
        said = f"Nothing found in {case.batch.rows:,} rows and {len(case.pairs)} columns"
        if extra["policy"] == "sagemaker":
            return f"{said} by Model Monitor's rules."
        drift = extra["drift"]
        if not drift["calibrated"]:
            return f"{said} (uncalibrated: there are too few good batches to learn from)."
        return f"{said}; it is like {drift['batches']} good batches (p = {drift['p']:.2g})."
    return found[0].description + (f" And {len(found) - 1} more." if len(found) > 1 else "")
