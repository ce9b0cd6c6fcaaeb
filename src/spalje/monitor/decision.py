"""What follows from verdicts: for a batch before it goes out, and for a model once the truth is known."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from spalje.monitor.suspicion import Suspicion, suspicion
from spalje.monitor.verdict import Outcome, Verdict

#: No evidence given.
_NONE: Mapping[str, str] = MappingProxyType({})


class Action(StrEnum):
    """What to do.

    ``publish``: the batch goes out; of a model: go on. ``investigate``: it goes out, flagged, and
    somebody looks. ``block``: it is kept back. ``retrain``: it goes out, and a new version is built.
    """

    PUBLISH = "publish"
    INVESTIGATE = "investigate"
    BLOCK = "block"
    RETRAIN = "retrain"


class Rules(BaseModel):
    """When a model is built anew.

    Attributes:
        retrain: ``auto``: a decision to retrain starts a build; ``propose``: it is told, and a person
            starts it; ``never``: a person is asked to look instead.
        days_between_retrainings: days after a decision to retrain in which there is no other one.
        calm_batches: after an alarm of quality, so many good batches in a row until it is over.
        suspicious_batches: of the last three batches, so many must be suspicious for a retraining
            before the truth is known; see ``spalje.monitor.suspicion``.
        attribution_share: features with at least this share of the attributions must have drifted
            for a batch to be suspicious, 0 to 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    retrain: Literal["auto", "propose", "never"] = "auto"
    days_between_retrainings: int = Field(default=14, ge=0)
    calm_batches: int = Field(default=2, ge=1)
    suspicious_batches: int = Field(default=2, ge=1, le=3)
    attribution_share: float = Field(default=0.2, ge=0, le=1)


class Decision(BaseModel):
    """What to do, why, and from what.

    Attributes:
        action: what to do.
        reasons: why, in plain words, the weightiest first.
        evidence: port -> digest of the verdict it follows from.
        at: when, UTC.
        automatic: whether a retraining starts by itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Action
    reasons: tuple[str, ...] = Field(min_length=1)
    evidence: Mapping[str, str] = Field(default_factory=dict)
    at: AwareDatetime
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """What was concluded about a batch that went out.

    Attributes:
        name: ``fresh-produce/7``.
        version: the model version that predicted it.
        day: the last day it is about; None without a time column.
        at: when it was decided to publish it, UTC.
        retrained: whether a retraining was decided, before it went out or when the truth was known.
        suspicion: the share of the attributions that suspected features had, 0 where nothing was suspected.
        quality: the latest verdict on it with the truth; None as long as there is none.
    """

    name: str
    version: int
    day: date | None
    at: datetime
    retrained: bool = False
    suspicion: float = 0.0
    quality: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a project stands when something is decided.

    Attributes:
        version: the model version that predicted the batch; None when it is not known.
        serving: the version that batches are predicted with now.
        pending: a version built after it that waits for a person's approval.
        day: the last day that the batch is about; None without a time column.
        earlier: the batches that went out before, the oldest first; of the same days only the last.
    """

    version: int | None = None
    serving: int | None = None
    pending: int | None = None
    day: date | None = None
    earlier: Sequence[Past] = ()


def decide_batch(
    verdicts: Mapping[str, Verdict | None],
    *,
    rules: Rules = Rules(),  # noqa: B008  a frozen value
    standing: Standing = Standing(),
    evidence: Mapping[str, str] = _NONE,
    at: datetime,
) -> Decision:
    """Whether a batch goes out.

    A missing verdict is not ``ok``, and a fault of the delivery is a bug: both block. Drift alone does
    not: it flags the batch, as does a monitor that could not conclude. Drift alone does not retrain
    either: with data that has drifted a model may well predict better than before. Only batches that are
    suspicious, two of the last three, do: much of what the model goes by has drifted and it is estimated
    to predict worse.

    Args:
        verdicts: monitor -> its verdict, None where there is none.
        rules: when a model is built anew.
        standing: of the project.
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
    reasons = [
        f"{name}: {verdict.summary}" for name, verdict in _worst_first(known) if verdict.outcome != Outcome.OK
    ]
    action = Action.INVESTIGATE if reasons else Action.PUBLISH
    suspected = suspicion(known, rules.attribution_share)
    if suspected is not None:
        action, told = _suspected(suspected, rules, standing, at)
        reasons = [*told, *reasons]
    if not reasons:
        reasons = [f"Nothing was found by {', '.join(sorted(known))}."]
    return _decision(action, reasons, rules, evidence, at)


def decide_quality(
    verdict: Verdict | None,
    *,
    rules: Rules = Rules(),  # noqa: B008  a frozen value
    standing: Standing = Standing(),
    own: Mapping[str, Verdict | None] = MappingProxyType({}),
    drift: Mapping[str, Verdict | None] = MappingProxyType({}),
    evidence: Mapping[str, str] = _NONE,
    at: datetime,
) -> Decision:
    """What the truth means for the model: go on, investigate or retrain.

    Only an alarm of the model quality monitor retrains, and only where a retraining can help: not when
    one was decided a few days ago, when a newer version serves already, or waits for approval. After an
    alarm the model is looked at until so many good batches have followed.

    Args:
        verdict: the model quality monitor's, None without one.
        rules: when a model is built anew.
        standing: of the project.
        own: what rules of the project's own said: whatever is not ``ok`` has somebody look, at least.
        drift: what the other monitors said of the same batch before it went out, by monitor; it
            helps a person to see why, and never decides.
        evidence: port -> digest of a verdict.
        at: when, UTC.

    Example:
        >>> from datetime import UTC
        >>> bad = Verdict(monitor="model_quality", outcome=Outcome.ALARM, summary="RMSE 0.93 against 0.71.")
        >>> decide_quality(bad, at=datetime(2026, 1, 1, tzinfo=UTC)).action
        <Action.RETRAIN: 'retrain'>
        >>> last_week = Past("fresh/1", 1, date(2025, 12, 25), datetime(2025, 12, 26, tzinfo=UTC), retrained=True)
        >>> standing = Standing(version=1, serving=1, day=date(2026, 1, 1), earlier=[last_week])
        >>> decide_quality(bad, standing=standing, at=datetime(2026, 1, 1, tzinfo=UTC)).reasons[1]
        'A retraining was decided on batch fresh/1, 7 days before; days_between_retrainings is 14.'
    """
    if verdict is None:
        missing = "model_quality gave no verdict, and no verdict is not OK."
        return Decision(action=Action.INVESTIGATE, reasons=(missing,), evidence=evidence, at=at)
    action, reasons = Action.INVESTIGATE, [verdict.summary]
    more = [
        f"{name}: {said.summary}" if said is not None else f"{name} gave no verdict."
        for name, said in sorted(own.items())
        if said is None or said.outcome is not Outcome.OK
    ]
    if verdict.outcome is Outcome.OK:
        alarm = _still(rules, standing)
        if alarm is None and more:
            return _decision(action, [*more, verdict.summary], rules, evidence, at)
        if alarm is None:
            return Decision(action=Action.PUBLISH, reasons=(verdict.summary,), evidence=evidence, at=at)
        reasons.append(
            f"Since the alarm on batch {alarm} fewer than {rules.calm_batches} good batches in a row have followed: "
            "the model is still looked at."
        )
    elif verdict.outcome is Outcome.ALARM:
        why_not = _why_not(rules, standing, at)
        if why_not is None:
            action = Action.RETRAIN
        else:
            reasons.append(why_not)
    reasons += more
    reasons += [
        f"Before it went out, {name} said: {earlier.summary}"
        for name, earlier in drift.items()
        if earlier is not None and earlier.outcome in (Outcome.WARNING, Outcome.ALARM)
    ]
    return _decision(action, reasons, rules, evidence, at)


def _decision(
    action: Action, reasons: Sequence[str], rules: Rules, evidence: Mapping[str, str], at: datetime
) -> Decision:
    automatic = action is Action.RETRAIN and rules.retrain == "auto"
    return Decision(action=action, reasons=tuple(reasons), evidence=evidence, at=at, automatic=automatic)


def _suspected(
    suspected: Suspicion, rules: Rules, standing: Standing, at: datetime
) -> tuple[Action, list[str]]:
    """What a suspicious batch leads to, and why."""
    least = rules.attribution_share
    recent = [past for past in standing.earlier[-2:] if past.suspicion > 0 and past.suspicion >= least]
    enough = len(recent) + 1 >= rules.suspicious_batches
    if not enough:
        more = f"{rules.suspicious_batches} of 3 batches must be for a retraining"
        return Action.INVESTIGATE, [f"{suspected.sentence} This batch is the first such: {more}."]
    also = f" So was batch {recent[-1].name}." if recent else ""
    reasons = [f"{suspected.sentence}{also}"]
    why_not = _why_not(rules, standing, at)
    if why_not is None:
        return Action.RETRAIN, reasons
    return Action.INVESTIGATE, [*reasons, why_not]


def _why_not(rules: Rules, standing: Standing, at: datetime) -> str | None:
    """Why a model is not built anew although something asks for it; None when nothing speaks against it."""
    if rules.retrain == "never":
        return "This project does not retrain on alarms."
    version, serving, pending = standing.version, standing.serving, standing.pending
    if version is not None and serving is not None and version != serving:
        return (
            f"Version {version} predicted it, and version {serving} serves now: nothing follows for that one."
        )
    if version is not None and pending is not None and pending > version:
        return f"Version {pending}, built since, waits for approval."
    asked = next((past for past in reversed(standing.earlier) if past.retrained), None)
    if asked is None or (version is not None and asked.version != version):
        return None
    days = _days(asked, standing, at)
    if days >= rules.days_between_retrainings:
        return None
    return (
        f"A retraining was decided on batch {asked.name}, {days} days before; days_between_retrainings is "
        f"{rules.days_between_retrainings}."
    )


def _days(past: Past, standing: Standing, at: datetime) -> int:
    """Days from an earlier batch to this one: of what they are about, else between the decisions."""
    if past.day is not None and standing.day is not None:
        return abs((standing.day - past.day).days)
    return (at - past.at).days


def _still(rules: Rules, standing: Standing) -> str | None:
    """The batch whose alarm is not over yet although this batch is good; None when there is none."""
    good = 1
    for past in reversed(standing.earlier):
        if past.quality is None or (standing.version is not None and past.version != standing.version):
            continue
        if past.quality is Outcome.ALARM:
            return past.name if good < rules.calm_batches else None
        good = good + 1 if past.quality is Outcome.OK else 0
        if good >= rules.calm_batches:
            return None
    return None


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
