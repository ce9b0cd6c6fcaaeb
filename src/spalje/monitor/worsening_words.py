"""What was found about a batch's quality, in plain words."""

from collections.abc import Sequence
from math import ceil

from spalje.monitor.verdict import Outcome
from spalje.monitor.wording import percent, short
from spalje.monitor.worsening import Evidence
from spalje.quality.period import Days

#: What is worse by less is not worse, in words.
VISIBLE = 0.05

_WEEKDAYS = ("Thursdays", "Fridays", "Saturdays", "Sundays", "Mondays", "Tuesdays", "Wednesdays")


def stretches(batch: Days, *, weekday: bool) -> str:
    """What stretches as long as a batch are called.

    Args:
        batch: the batch's different days since 1970-01-01 (a Thursday), rising.
        weekday: whether they begin on the same weekday.

    Example:
        >>> import numpy as np
        >>> stretches(np.arange(17_000, 17_007), weekday=True), stretches(np.array([17_000]), weekday=True)
        ('weeks', 'Mondays')
    """
    length = int(batch[-1] - batch[0]) + 1 if len(batch) else 0
    if length == 1:
        return _WEEKDAYS[int(batch[0]) % 7] if weekday else "days"
    return "weeks" if length == 7 else f"stretches of {length} days"


def sentence(evidence: Evidence, score: str, periods: str, whose: str = "of the baseline") -> str:
    """One figure of a batch beside the baseline, and how it ranks among the good periods.

    Args:
        evidence: the figure.
        score: what the score is called.
        periods: what the periods are called.
        whose: where they come from.

    Example:
        >>> found = Evidence("rmse", 0.93, 0.71, 0.31, 0.2, 0.4, p=None, rank=9, periods=9, sure=True, likely=True)
        >>> sentence(found, "RMSE", "weeks")
        'RMSE 0.93 against 0.71 at build time (+31 %), worse than all 9 weeks of the baseline'
    """
    said = _beside(evidence, score)
    if evidence.periods == 0:
        return said
    counted = _counted(evidence.periods, periods)
    if evidence.rank < evidence.periods:
        return f"{said}, worse than {evidence.rank} of the {counted} {whose}"
    return f"{said}, worse than {'the' if evidence.periods == 1 else 'all'} {counted} {whose}"


def summary(
    found: Sequence[Evidence],
    levels: Sequence[Outcome],
    score: str,
    periods: str,
    alpha: float,
    whose: str = "of the baseline",
) -> str:
    """The sentences a person reads first.

    Args:
        found: score and bias.
        levels: how bad each is.
        score: what the score is called.
        periods: what the periods are called.
        alpha: the false-alarm rate asked for.
        whose: where the periods come from.
    """
    worst = max(levels, key=list(Outcome).index)
    named = [evidence for evidence, level in zip(found, levels, strict=True) if level is worst]
    if worst is Outcome.OK:
        text = f"{', '.join(_beside(evidence, score) for evidence in found)}: {_calm(found)}."
    else:
        text = f"{'; '.join(sentence(evidence, score, periods, whose) for evidence in named)}."
        if worst is Outcome.WARNING:
            text += " Small, but not by chance." if named[0].sure else " It may be chance."
    if found[0].p is None:
        text += " " + _uncalibrated(found[0].periods, periods, alpha, whose)
    return text[0].upper() + text[1:]


def _uncalibrated(count: int, periods: str, alpha: float, whose: str) -> str:
    if count == 0:
        return "Uncalibrated: the baseline has no stretches of time to compare with."
    need = ceil(1.0 / alpha) - 1
    return f"Uncalibrated: {_counted(count, periods)} {whose}; a false-alarm rate of {percent(alpha)} takes {need}."


def _counted(count: int, periods: str) -> str:
    if count > 1:
        return f"{count} {periods}"
    return f"{count} " + periods.replace("stretches", "stretch").removesuffix(
        "s" if " of " not in periods else ""
    )


def _calm(found: Sequence[Evidence]) -> str:
    """Why nothing follows."""
    if max(evidence.worse_by for evidence in found) >= VISIBLE:
        return "good ones differ as much" if found[0].periods else "it may be chance"
    return f"not worse than {'usual' if found[0].usual else 'at build time'}"


def _beside(evidence: Evidence, score: str) -> str:
    when = "as a rule" if evidence.usual else "at build time"
    if evidence.name == "bias":
        return f"bias {_signed(evidence.now)} against {_signed(evidence.then)} {when}"
    now, then = short(evidence.now), short(evidence.then)
    said = f"{score} {now} against {then} {when}"
    return f"{said} ({_signed(evidence.worse_by)})" if evidence.then else said


def _signed(share: float) -> str:
    """A share as a percentage with its sign: ``+31 %``, ``-2.4 %``."""
    decimals = 0 if abs(share) >= 0.1 else 1
    return f"{100 * share:+.{decimals}f} %"
