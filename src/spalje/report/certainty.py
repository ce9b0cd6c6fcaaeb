"""How sure a verdict is, in plain words."""

from dataclasses import dataclass
from math import ceil

from spalje.monitor.verdict import Outcome
from spalje.monitor.wording import number, rows
from spalje.report.figures import Drift, Figures, Slow
from spalje.report.label import label
from spalje.report.value import share

#: outcome -> what it is called
OUTCOMES = {
    Outcome.OK: "OK",
    Outcome.WARNING: "Warning",
    Outcome.ALARM: "Alarm",
    Outcome.INSUFFICIENT: "Too little data",
}


@dataclass(frozen=True, slots=True)
class Certainty:
    """How sure a verdict is.

    Attributes:
        word: in a word or few.
        sentence: why, in one or two sentences.
    """

    word: str
    sentence: str


def certainty(figures: Figures) -> Certainty:
    """How sure the verdict with these figures is.

    Example:
        >>> drift = {"calibrated": True, "batches": 26, "season": "weekday", "season_key": "Monday",
        ...          "alpha": 0.05, "p": 1 / 27, "columns": {}}
        >>> figures = {"columns": {}, "sagemaker": {"outcome": "ok", "violations": []}, "drift": drift}
        >>> certainty(Figures.model_validate(figures)).sentence[:69]
        'By 26 good Mondays. 1 in 27 good batches looks as unusual as this one'
    """
    drift = figures.drift
    if figures.policy == "sagemaker":
        return Certainty(
            "SageMaker's rules", "Their thresholds are fixed: how often they are wrong is not known."
        )
    if drift is None:
        return Certainty(
            "Uncalibrated",
            "There are no past batches to learn from: fixed margins decided, with unknown error.",
        )
    if not drift.calibrated:
        return Certainty("Uncalibrated", _uncalibrated(drift))
    if drift.p is None:
        return Certainty("Calibrated", f"By {references(drift)}.")
    return Certainty("Calibrated", f"By {references(drift)}. {_unusual(drift, drift.p)}")


def references(drift: Drift) -> str:
    """The batches that set the thresholds."""
    counted = rows(drift.batches)
    if drift.season_key is None or drift.season == "none":
        return f"{counted} good past batch{'' if drift.batches == 1 else 'es'}"
    if drift.season == "weekday":
        return f"{counted} good {label(drift.season_key)}{'' if drift.batches == 1 else 's'}"
    return f"{counted} good batch{'' if drift.batches == 1 else 'es'} of {label(drift.season_key)}"


def slow_drift(slow: Slow) -> str:
    """Evidence of slow drift, which grows while batches stay a little unusual."""
    says = "an alarm" if slow.value >= slow.alarm_at else "no alarm"
    return f"{number(float(f'{slow.value:.3g}'))} of {number(slow.alarm_at)}: {says}"


def _uncalibrated(drift: Drift) -> str:
    needed = ceil(1 / drift.alpha - 1e-9)
    have = f"Only {references(drift)}" if drift.batches else "No past batches"
    return f"{have}, and about {needed} are needed: fixed margins decided, with unknown error."


def _unusual(drift: Drift, p: float) -> str:
    least = abs(p * (drift.batches + 1) - 1) < 1e-6
    exact = f"p = {p:.2g}" + (f", the least that {rows(drift.batches)} batches can show" if least else "")
    verb = "look" if p > 0.5 or p >= 0.2 else "looks"
    found = f"drift is found up to 1 in {number(round(1 / drift.alpha))}"
    return f"{_often(p)} good batches {verb} as unusual as this one ({exact}); {found}."


def _often(p: float) -> str:
    return f"{share(p)} of" if p >= 0.2 else f"1 in {number(round(1 / p))}"
