"""What follows from verdicts: for a batch before it goes out, and for a model once the truth is known."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from spalje.monitor.verdict import Outcome, Verdict

#: No evidence given.
_NONE: Mapping[str, str] = MappingProxyType({})


class Action(StrEnum):
    """What to do.

    ``publish``: the batch goes out; of a model: go on. ``investigate``: it goes out, flagged, and
    somebody looks. ``block``: it is kept back. ``retrain``: build a new version.
    """

    PUBLISH = "publish"
    INVESTIGATE = "investigate"
    BLOCK = "block"
    RETRAIN = "retrain"


class Decision(BaseModel):
    """What to do, why, and from what.

    Attributes:
        action: what to do.
        reasons: why, in plain words, the weightiest first.
        evidence: port -> digest of the verdict it follows from.
        at: when, UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Action
    reasons: tuple[str, ...] = Field(min_length=1)
    evidence: Mapping[str, str] = Field(default_factory=dict)
    at: AwareDatetime


def decide_batch(
    verdicts: Mapping[str, Verdict | None], *, evidence: Mapping[str, str] = _NONE, at: datetime
) -> Decision:
    """Whether a batch goes out.

    A missing verdict is not ``ok``, and a fault of the delivery is a bug: both block. Drift alone does
    not: it flags the batch, as does a monitor that could not conclude. Nothing here retrains a model:
    with data that has drifted it may well predict better than before.

    Args:
        verdicts: monitor -> its verdict, None where there is none.
        evidence: port -> digest of a verdict.
        at: when, UTC.

    Example:
        >>> from datetime import UTC
        >>> decide_batch({"data_quality": None}, at=datetime(2026, 1, 1, tzinfo=UTC)).reasons
        ('data_quality gave no verdict, and no verdict is not OK.',)
    """
    blocking = tuple(_blocking(verdicts))
    if blocking:
        return Decision(action=Action.BLOCK, reasons=blocking, evidence=evidence, at=at)
    known = {name: verdict for name, verdict in verdicts.items() if verdict is not None}
    open_questions = tuple(
        f"{name}: {verdict.summary}" for name, verdict in _worst_first(known) if verdict.outcome != Outcome.OK
    )
    if open_questions:
        return Decision(action=Action.INVESTIGATE, reasons=open_questions, evidence=evidence, at=at)
    fine = f"Nothing was found by {', '.join(sorted(known))}."
    return Decision(action=Action.PUBLISH, reasons=(fine,), evidence=evidence, at=at)


def decide_quality(
    verdict: Verdict | None,
    *,
    retrain: str,
    drift: Mapping[str, Verdict | None] = MappingProxyType({}),
    evidence: Mapping[str, str] = _NONE,
    at: datetime,
) -> Decision:
    """What the truth means for the model: go on, investigate or retrain.

    Only an alarm of the model quality monitor retrains.

    Args:
        verdict: the model quality monitor's, None without one.
        retrain: the project's policy; ``never``: a person is asked to look instead.
        drift: what the other monitors said of the same batch before it went out, by monitor; it
            helps a person to see why, and never decides.
        evidence: port -> digest of a verdict.
        at: when, UTC.

    Example:
        >>> from datetime import UTC
        >>> bad = Verdict(monitor="model_quality", outcome=Outcome.ALARM, summary="RMSE 0.93 against 0.71.")
        >>> decide_quality(bad, retrain="auto", at=datetime(2026, 1, 1, tzinfo=UTC)).action
        <Action.RETRAIN: 'retrain'>
    """
    if verdict is None:
        missing = "model_quality gave no verdict, and no verdict is not OK."
        return Decision(action=Action.INVESTIGATE, reasons=(missing,), evidence=evidence, at=at)
    if verdict.outcome == Outcome.OK:
        return Decision(action=Action.PUBLISH, reasons=(verdict.summary,), evidence=evidence, at=at)
    action, reasons = Action.INVESTIGATE, [verdict.summary]
    if verdict.outcome == Outcome.ALARM and retrain == "never":
        reasons.append("This project does not retrain on alarms.")
    elif verdict.outcome == Outcome.ALARM:
        action = Action.RETRAIN
    reasons += [
        f"Before it went out, {name} said: {earlier.summary}"
        for name, earlier in drift.items()
        if earlier is not None and earlier.outcome in (Outcome.WARNING, Outcome.ALARM)
    ]
    return Decision(action=action, reasons=tuple(reasons), evidence=evidence, at=at)


def _blocking(verdicts: Mapping[str, Verdict | None]) -> Iterator[str]:
    if not verdicts:
        yield "Nothing was checked, and no verdict is not OK."
    for name, verdict in sorted(verdicts.items()):
        if verdict is None:
            yield f"{name} gave no verdict, and no verdict is not OK."
    for name, verdict in sorted(verdicts.items()):
        for violation in verdict.violations if verdict is not None else ():
            if violation.breach:
                yield f"{name}: {violation.description}"


def _worst_first(verdicts: Mapping[str, Verdict]) -> list[tuple[str, Verdict]]:
    """Alarms, then monitors that could not conclude, then warnings."""
    order = (Outcome.ALARM, Outcome.INSUFFICIENT, Outcome.WARNING, Outcome.OK)
    return sorted(verdicts.items(), key=lambda item: (order.index(item[1].outcome), item[0]))
