"""The rules of decision: what publishes, what flags, what blocks, what retrains."""

from datetime import UTC, datetime
from itertools import product

import pytest
from pydantic import ValidationError

from spalje.monitor.decision import Action, Decision, decide_batch, decide_quality
from spalje.monitor.verdict import Outcome, Verdict, Violation

AT = datetime(2017, 9, 4, tzinfo=UTC)
FAULT = Violation(check="volume_check", description="The batch has no rows.", breach=True)
DRIFT = Violation(check="baseline_drift_check", column="price", description="price has drifted.")


def verdict(outcome=Outcome.OK, *violations, monitor="data_quality", summary="As said."):
    return Verdict(monitor=monitor, outcome=outcome, summary=summary, violations=violations)


def test_nothing_found_goes_out():
    decision = decide_batch({"data_quality": verdict(), "attribution": verdict()}, at=AT)
    assert decision.action == Action.PUBLISH
    assert decision.reasons == ("Nothing was found by attribution, data_quality.",)


@pytest.mark.parametrize(
    "verdicts", [{}, {"data_quality": None}, {"data_quality": verdict(), "attribution": None}]
)
def test_no_verdict_is_not_ok(verdicts):
    decision = decide_batch(verdicts, at=AT)
    assert decision.action == Action.BLOCK
    assert "no verdict is not OK" in decision.reasons[0]


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_fault_of_the_delivery_blocks_whatever_else_is_said(outcome):
    decision = decide_batch({"data_quality": verdict(outcome, DRIFT, FAULT), "attribution": verdict()}, at=AT)
    assert decision.action == Action.BLOCK
    assert decision.reasons == ("data_quality: The batch has no rows.",)


def test_drift_alone_flags_and_never_blocks_or_retrains():
    outcomes = (Outcome.OK, Outcome.WARNING, Outcome.ALARM)
    for first, second in product(outcomes, outcomes):
        decision = decide_batch(
            {"data_quality": verdict(first, DRIFT), "attribution": verdict(second)}, at=AT
        )
        calm = first == second == Outcome.OK
        assert decision.action == (Action.PUBLISH if calm else Action.INVESTIGATE)


def test_a_monitor_that_could_not_conclude_flags():
    few = verdict(Outcome.INSUFFICIENT, summary="Too few rows.")
    decision = decide_batch(
        {"data_quality": few, "attribution": verdict(Outcome.ALARM, summary="Shifted.")}, at=AT
    )
    assert decision.action == Action.INVESTIGATE
    assert decision.reasons == ("attribution: Shifted.", "data_quality: Too few rows.")


@pytest.mark.parametrize(
    ("outcome", "policy", "action"),
    [
        (Outcome.OK, "auto", Action.PUBLISH),
        (Outcome.WARNING, "auto", Action.INVESTIGATE),
        (Outcome.INSUFFICIENT, "auto", Action.INVESTIGATE),
        (Outcome.ALARM, "auto", Action.RETRAIN),
        (Outcome.ALARM, "propose", Action.RETRAIN),
        (Outcome.ALARM, "never", Action.INVESTIGATE),
    ],
)
def test_only_an_alarm_about_quality_retrains(outcome, policy, action):
    drift = {"data_quality": verdict(Outcome.ALARM, DRIFT, summary="price has drifted.")}
    for earlier in ({}, drift, {"data_quality": None}):
        decision = decide_quality(
            verdict(outcome, monitor="model_quality"), retrain=policy, drift=earlier, at=AT
        )
        assert decision.action == action
        assert decision.reasons[0] == "As said."
    told = decide_quality(verdict(Outcome.ALARM), retrain="auto", drift=drift, at=AT).reasons
    assert told[1] == "Before it went out, data_quality said: price has drifted."


def test_no_verdict_about_quality_is_looked_into():
    assert decide_quality(None, retrain="auto", at=AT).action == Action.INVESTIGATE


def test_a_decision_has_reasons_and_a_time_with_a_zone():
    evidence = {"verdict_data_quality": "0" * 64}
    decision = decide_batch({"data_quality": verdict()}, evidence=evidence, at=AT)
    assert Decision.model_validate_json(decision.model_dump_json()) == decision
    assert decision.evidence == evidence
    with pytest.raises(ValidationError):
        Decision(action=Action.PUBLISH, reasons=(), at=AT)
    with pytest.raises(ValidationError):
        Decision(action=Action.PUBLISH, reasons=("Why.",), at=AT.replace(tzinfo=None))
