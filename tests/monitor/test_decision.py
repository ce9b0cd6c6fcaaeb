"""The rules of decision: what publishes, what flags, what blocks, what retrains."""

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from pydantic import ValidationError

from spalje.monitor.decision import Action, Decision, Past, Rules, Standing, decide_batch, decide_quality
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
            verdict(outcome, monitor="model_quality"), rules=Rules(retrain=policy), drift=earlier, at=AT
        )
        assert decision.automatic == (action is Action.RETRAIN and policy == "auto")
        assert decision.action == action
        assert decision.reasons[0] == "As said."
    told = decide_quality(verdict(Outcome.ALARM), drift=drift, at=AT).reasons
    assert told[1] == "Before it went out, data_quality said: price has drifted."


def test_no_verdict_about_quality_is_looked_into():
    assert decide_quality(None, at=AT).action == Action.INVESTIGATE


def test_a_decision_has_reasons_and_a_time_with_a_zone():
    evidence = {"verdict_data_quality": "0" * 64}
    decision = decide_batch({"data_quality": verdict()}, evidence=evidence, at=AT)
    assert Decision.model_validate_json(decision.model_dump_json()) == decision
    assert decision.evidence == evidence
    with pytest.raises(ValidationError):
        Decision(action=Action.PUBLISH, reasons=(), at=AT)
    with pytest.raises(ValidationError):
        Decision(action=Action.PUBLISH, reasons=("Why.",), at=AT.replace(tzinfo=None))


def week(number, *, quality=None, retrained=False, suspicion=0.0, version=1):
    """What was concluded about the batch of a week."""
    day = date(2017, 7, 2) + timedelta(weeks=number)
    return Past(f"fresh/{number}", version, day, AT, retrained, suspicion, quality)


def standing(*earlier, number=9, version=1, serving=1, pending=None):
    return Standing(version, serving, pending, date(2017, 7, 2) + timedelta(weeks=number), earlier)


def about(outcome, where, **rules):
    return decide_quality(verdict(outcome), rules=Rules(**rules), standing=where, at=AT)


def test_one_retraining_is_given_time_before_the_next():
    asked = week(8, retrained=True, quality=Outcome.ALARM)
    early = about(Outcome.ALARM, standing(asked))
    assert early.action == Action.INVESTIGATE
    assert (
        early.reasons[1]
        == "A retraining was decided on batch fresh/8, 7 days before; days_between_retrainings is 14."
    )
    assert about(Outcome.ALARM, standing(asked, number=10)).action == Action.RETRAIN
    assert about(Outcome.ALARM, standing(asked), days_between_retrainings=7).action == Action.RETRAIN
    of_another = week(8, retrained=True, version=1)
    assert about(Outcome.ALARM, standing(of_another, version=2, serving=2)).action == Action.RETRAIN


def test_without_dates_the_time_between_retrainings_is_that_of_the_decisions():
    asked = Past("fresh/8", 1, None, AT - timedelta(days=13), retrained=True)
    where = Standing(version=1, serving=1, earlier=(asked,))
    assert decide_quality(verdict(Outcome.ALARM), standing=where, at=AT).action == Action.INVESTIGATE
    late = AT + timedelta(days=1)
    assert decide_quality(verdict(Outcome.ALARM), standing=where, at=late).action == Action.RETRAIN


def test_late_truth_about_a_version_that_no_longer_serves_builds_nothing():
    decision = about(Outcome.ALARM, standing(version=1, serving=2))
    assert decision.action == Action.INVESTIGATE
    assert "version 2 serves now" in decision.reasons[1]


def test_a_version_that_waits_for_approval_is_not_built_twice():
    decision = about(Outcome.ALARM, standing(version=1, serving=1, pending=2))
    assert (decision.action, decision.reasons[1]) == (
        Action.INVESTIGATE,
        "Version 2, built since, waits for approval.",
    )
    assert about(Outcome.ALARM, standing(version=3, serving=3, pending=2)).action == Action.RETRAIN


@pytest.mark.parametrize(
    ("earlier", "action"),
    [
        ([], Action.PUBLISH),
        ([Outcome.ALARM], Action.INVESTIGATE),
        ([Outcome.ALARM, Outcome.OK], Action.PUBLISH),
        ([Outcome.ALARM, Outcome.OK, Outcome.WARNING], Action.INVESTIGATE),
        ([Outcome.ALARM, None, None], Action.INVESTIGATE),
        ([Outcome.ALARM, Outcome.OK, None], Action.PUBLISH),
        ([Outcome.WARNING], Action.PUBLISH),
    ],
)
def test_an_alarm_is_over_when_two_good_batches_in_a_row_have_followed(earlier, action):
    weeks = [week(number, quality=quality) for number, quality in enumerate(earlier)]
    assert about(Outcome.OK, standing(*weeks)).action == action


def test_the_alarm_of_an_older_version_is_not_held_against_a_new_one():
    where = standing(week(8, quality=Outcome.ALARM, version=1), version=2, serving=2)
    assert about(Outcome.OK, where).action == Action.PUBLISH


def suspicious(*, estimated=Outcome.ALARM, column="price", share=0.6):
    shares = {"price": {"baseline": share, "batch": 0.5}, "size": {"baseline": 1 - share, "batch": 0.5}}
    moved = Violation(check="drift_check", column=column, description=f"{column} has drifted.")
    return {
        "estimated_quality": verdict(estimated, monitor="estimated_quality", summary="Estimated RMSE 0.9."),
        "data_quality": verdict(Outcome.ALARM, moved),
        "attribution": Verdict(
            monitor="attribution_drift", outcome=Outcome.OK, summary="Held.", figures={"shares": shares}
        ),
    }


def test_two_suspicious_batches_of_three_retrain_before_the_truth_is_known():
    alone = decide_batch(suspicious(), standing=standing(week(7), week(8)), at=AT)
    assert alone.action == Action.INVESTIGATE
    assert "60 % of what the model goes by has drifted: price" in alone.reasons[0]
    again = decide_batch(suspicious(), standing=standing(week(7, suspicion=0.3), week(8)), at=AT)
    assert again.action == Action.RETRAIN
    assert again.reasons[0].endswith("So was batch fresh/7.")
    long_ago = standing(week(6, suspicion=0.3), week(7), week(8))
    assert decide_batch(suspicious(), standing=long_ago, at=AT).action == Action.INVESTIGATE
    assert decide_batch(suspicious(), rules=Rules(suspicious_batches=1), at=AT).action == Action.RETRAIN
    never = Rules(retrain="never", suspicious_batches=1)
    assert decide_batch(suspicious(), rules=never, at=AT).action == Action.INVESTIGATE


@pytest.mark.parametrize(
    "said",
    [
        suspicious(estimated=Outcome.WARNING),
        suspicious(share=0.1),
        suspicious(column="colour"),
        {name: found for name, found in suspicious().items() if name != "attribution"},
        {name: found for name, found in suspicious().items() if name != "data_quality"},
    ],
)
def test_an_estimate_or_drift_alone_is_not_suspicious(said):
    decision = decide_batch(said, rules=Rules(suspicious_batches=1), at=AT)
    assert decision.action == Action.INVESTIGATE


def test_an_estimate_never_clears_an_alarm():
    calm = verdict(monitor="estimated_quality", summary="Estimated as before.")
    for outcome in (Outcome.WARNING, Outcome.ALARM, Outcome.INSUFFICIENT):
        found = decide_batch({"data_quality": verdict(outcome, DRIFT), "estimated_quality": calm}, at=AT)
        assert found.action == Action.INVESTIGATE
    assert decide_batch(
        {"data_quality": verdict(Outcome.OK, FAULT), "estimated_quality": calm}, at=AT
    ).action == (Action.BLOCK)


def test_a_rule_of_the_projects_own_counts_as_a_monitors_does():
    ours = verdict(Outcome.ALARM, monitor="our_rule", summary="Too many.")
    good = verdict(monitor="model_quality")
    looked = decide_quality(good, own={"our_rule": ours}, at=AT)
    assert (looked.action, looked.reasons[0]) == (Action.INVESTIGATE, "our_rule: Too many.")
    assert decide_quality(good, own={"our_rule": verdict()}, at=AT).action == Action.PUBLISH
    assert decide_quality(good, own={"our_rule": None}, at=AT).action == Action.INVESTIGATE
    assert decide_quality(verdict(Outcome.ALARM), own={"our_rule": verdict()}, at=AT).action == Action.RETRAIN
