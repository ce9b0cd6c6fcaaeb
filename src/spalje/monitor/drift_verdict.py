"""What follows from drift: which findings, how grave, and the figures behind them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from spalje.monitor.comparison import Case
from spalje.monitor.drift import Drift, Finding, drift
from spalje.monitor.drift_figures import calibrated_figures, uncalibrated_figures
from spalje.monitor.drift_words import CHECKS, sentence
from spalje.monitor.history import History
from spalje.monitor.null_law import Reference
from spalje.monitor.six_checks import what_moved
from spalje.monitor.slow_drift import ALARM_AT, evidence
from spalje.monitor.uncalibrated import Margin, margins_exceeded
from spalje.monitor.verdict import Violation
from spalje.monitor.wording import percent
from spalje.profile.counting import approximate
from spalje.profile.grid import Grids, freeze
from spalje.profile.profile import Profile
from spalje.profile.sketch import Sketch

#: Drift beyond so many margins is an alarm at once.
LARGE = 2.0
#: Found in two of so many batches, the present one among them, it is an alarm.
RECENT = 3


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said of drift.

    Attributes:
        violations: the weightiest first.
        alarm: whether they are more than a warning.
        calibrated: whether good batches set the thresholds.
        figures: strict JSON.
    """

    violations: tuple[Violation, ...]
    alarm: bool
    calibrated: bool
    figures: Mapping[str, Any] = field(default_factory=dict)


def judge(case: Case, history: History, at: date | None, alpha: float) -> Judged:
    """Judge the drift of a batch.

    Args:
        case: the batch beside its baseline.
        history: what came before it, see ``History.before``.
        at: the day it is for.
        alpha: share of good batches that may be found.
    """
    sketch = case.batch.sketch
    constraints = case.constraints
    ignored = [
        name
        for name in case.baseline.columns
        if name not in constraints.columns or not constraints.monitoring_of(name).evaluate
    ]
    margins = {name: column.limits.drift_margin for name, column in constraints.columns.items()}
    reference = None
    if sketch is not None and sketch.rows >= constraints.min_rows:
        reference = _reference(history, history.key(at), constraints.min_rows)
        if reference is not None and reference.grid != sketch.grid:
            reference = None
    if sketch is None or reference is None:
        return _uncalibrated(case, history, at, alpha, margins, ignored, reference)
    found = drift(sketch, reference, alpha, margins, ignored)
    if found.critical is None:
        return _uncalibrated(case, history, at, alpha, margins, ignored, reference)
    return _calibrated(case, history, alpha, margins, found)


@lru_cache(maxsize=16)
def _reference(history: History, season_key: str | None, min_rows: int) -> Reference | None:
    # a history is a frozen value, the same object as long as nothing is added
    return Reference.of(history, season_key, min_rows)


@lru_cache(maxsize=16)
def _counted(baseline: Profile) -> tuple[Grids, Sketch]:
    # so is a profile, and a baseline is asked for in every check
    grids = freeze(baseline)
    return grids, approximate(baseline, grids)


def _calibrated(
    case: Case, history: History, alpha: float, margins: Mapping[str, float], found: Drift
) -> Judged:
    since = {name: first for name in found.names if (first := _since(history, name))}
    chances = [past.p for past in reversed(list(history.checked())) if past.p is not None]
    slow = evidence([*chances, found.place.p])
    recent = [set(past.found) for past, _ in zip(history.checked(), range(RECENT - 1), strict=False)]
    alarm = any(
        finding.effect > LARGE * finding.margin or any(finding.figure.name in names for names in recent)
        for finding in found.findings
    )
    violations = [_violation(finding, found, case, since) for finding in found.findings]
    if slow >= ALARM_AT:
        alarm = True
        violations.append(
            Violation(
                check="slow_drift_check",
                description=f"Batch after batch is a little further from the good ones: the evidence has added up to "
                f"{slow:,.0f}, and good batches reach {ALARM_AT:,.0f} once in {ALARM_AT:,.0f} at most.",
                value=slow,
                threshold=ALARM_AT,
            )
        )
    figures = calibrated_figures(found, alpha, margins, since, {"value": slow, "alarm_at": ALARM_AT})
    return Judged(tuple(violations), alarm, calibrated=True, figures=figures)


def _violation(finding: Finding, found: Drift, case: Case, since: Mapping[str, str]) -> Violation:
    figure = finding.figure
    return Violation(
        check=CHECKS[figure.kind],
        column=figure.column or None,
        description=sentence(finding, found, case.baseline, since.get(figure.name)),
        value=finding.effect,
        threshold=finding.margin,
    )


def _since(history: History, name: str) -> str | None:
    """The first batch of the present run of findings about something; None when it begins with this one."""
    first = None
    for past in history.checked():
        if name not in past.found:
            break
        first = past.name
    return first


def _uncalibrated(
    case: Case,
    history: History,
    at: date | None,
    alpha: float,
    margins: Mapping[str, float],
    ignored: list[str],
    reference: Reference | None,
) -> Judged:
    grids, others = _counted(case.baseline)
    sketch = case.batch.sketch
    if sketch is None or sketch.grid != others.grid:
        sketch = approximate(case.batch, grids)
    if case.batch.rows < case.constraints.min_rows:
        tested: tuple[Margin, ...] = ()
    else:
        tested = margins_exceeded(
            sketch,
            others,
            margins,
            min_rows=case.constraints.min_rows,
            single={
                pair.name: pair.distance.robust for pair in case.pairs if pair.distance and pair.now.texts
            },
            ignored=ignored,
        )
    columns: dict[str, dict[str, Any]] = {
        one.name: {
            "distance": one.distance,
            "expected": None,
            "spread": None,
            "z": None,
            "threshold": None,
            "margin": one.margin,
            "found": one.found,
            "since": None,
            "history": [],
        }
        for one in tested
    }
    return Judged(
        tuple(_beyond(one, case) for one in sorted(_found(tested), key=lambda one: -one.distance)),
        alarm=False,  # nobody can say how often that would be wrong
        calibrated=False,
        figures=uncalibrated_figures(
            columns, alpha, history, at, len(reference.batches) if reference is not None else 0
        ),
    )


def _found(tested: tuple[Margin, ...]) -> Iterator[Margin]:
    return (one for one in tested if one.found)


def _beyond(one: Margin, case: Case) -> Violation:
    pair = next(pair for pair in case.pairs if pair.name == one.name)
    return Violation(
        check="drift_check",
        column=one.name,
        description=f"{one.name} has drifted from training: {what_moved(pair)}; {percent(one.distance)} of its "
        f"values lie otherwise, and {percent(one.margin)} may. Uncalibrated: judged as if rows were independent.",
        value=one.distance,
        threshold=one.margin,
    )
