import json

import numpy as np
import pytest

from spalje.attribution.attributions import Attributions
from spalje.errors import BadInput
from spalje.monitor.attribution_baseline import AttributionBaseline, GlobalAttributions, Noise
from spalje.monitor.attribution_drift import check
from spalje.monitor.verdict import Outcome

NOISE = (Noise(rows=1, span=1, tv=0.4), Noise(rows=500, span=1, tv=0.08), Noise(rows=1000, span=1, tv=0.02))


def explained(rows=2000, labels=("label0",), **shares):
    return GlobalAttributions(
        rows=rows,
        aggregate="mean_abs",
        values=dict.fromkeys(labels, shares),
        expected=dict.fromkeys(labels, 0.0),
        shares=shares,
    )


BASE = {"price": 0.5, "lag_7": 0.3, "store": 0.15, "mailer": 0.05}
BASELINE = AttributionBaseline(explained=explained(**BASE), noise=NOISE, settings={})


def verdict(live, batch_rows=10_000, **options):
    return check(BASELINE, live, batch_rows=batch_rows, **options)


def moved(by):
    """A batch in which so much of the explanation went from price to mailer."""
    return explained(price=0.5 - by, lag_7=0.3, store=0.15, mailer=0.05 + by)


def test_the_same_reasons_are_ok():
    found = verdict(explained(**BASE))
    assert (found.outcome, found.violations, found.figures["tv"]) == (Outcome.OK, (), 0)
    assert found.figures["ndcg"] == {"label0": pytest.approx(1)}


@pytest.mark.parametrize(
    ("by", "outcome"),
    [(0.04, Outcome.OK), (0.06, Outcome.WARNING), (0.1, Outcome.WARNING), (0.11, Outcome.ALARM)],
)
def test_a_warning_beyond_the_margin_and_an_alarm_beyond_twice_of_it(by, outcome):
    found = verdict(moved(by))
    assert found.outcome is outcome
    assert found.figures["tv"] == pytest.approx(by)
    assert not found.blocks


def test_who_moved_is_said_in_plain_words():
    found = verdict(moved(0.15))
    assert found.summary == (
        "15 % of the explanation changed place (5 % allowed): price 50 % → 35 %, mailer 5 % → 20 %."
    )
    assert [violation.column for violation in found.violations] == [None, "price", "mailer"]
    assert found.violations[2].description == "mailer: share of the explanation 5 % → 20 %."
    assert found.violations[2].value == pytest.approx(0.15)


def test_the_noise_of_fewer_rows_allows_more():
    assert verdict(moved(0.07).model_copy(update={"rows": 999}), batch_rows=999).outcome is Outcome.OK
    assert verdict(moved(0.07).model_copy(update={"rows": 1000}), batch_rows=1000).outcome is Outcome.WARNING
    small = verdict(moved(0.3).model_copy(update={"rows": 12}), batch_rows=12)
    assert (small.outcome, small.figures["allowed"]) == (Outcome.OK, 0.4)


def test_an_alarm_needs_more_than_the_noise():
    assert verdict(moved(0.3).model_copy(update={"rows": 12}), batch_rows=12).outcome is Outcome.OK
    assert verdict(moved(0.45).model_copy(update={"rows": 12}), batch_rows=12).outcome is Outcome.ALARM


def test_longer_batches_are_held_to_their_own_noise():
    spans = AttributionBaseline(
        explained=explained(**BASE),
        noise=(Noise(rows=1, span=1, tv=0.2), Noise(rows=1, span=7, tv=0.06)),
        settings={},
    )
    outcomes = [check(spans, moved(0.1), batch_rows=9999, span=span).outcome for span in (1, 6, 7, 30)]
    assert outcomes == [Outcome.OK, Outcome.OK, Outcome.WARNING, Outcome.WARNING]


@pytest.mark.parametrize(("rows", "batch_rows"), [(999, 10_000), (0, 0), (0, 5)])
def test_too_few_explained_rows_say_nothing(rows, batch_rows):
    found = verdict(moved(0.3).model_copy(update={"rows": rows}), batch_rows=batch_rows)
    assert found.outcome is Outcome.INSUFFICIENT
    assert found.summary.startswith("Too few rows to tell")


def test_all_rows_of_a_small_batch_are_enough():
    assert verdict(moved(0.3).model_copy(update={"rows": 600}), batch_rows=600).outcome is Outcome.ALARM


def test_sagemakers_rule_is_shown_and_decides_only_where_it_is_the_policy():
    reversed_order = explained(price=0.05, lag_7=0.15, store=0.3, mailer=0.5)
    ours = verdict(reversed_order)
    assert ours.figures["ndcg"]["label0"] < 0.9
    assert ours.figures["sagemaker"] == {"outcome": "alarm", "threshold": 0.9, "labels": ["label0"]}
    assert {violation.check for violation in ours.violations} == {"attribution_share_check"}
    theirs = verdict(reversed_order, policy="sagemaker")
    assert (theirs.outcome, theirs.violations[0].check) == (Outcome.ALARM, "feature_attribution_drift_check")
    assert "is below 0.90 (label0)" in theirs.summary
    assert verdict(moved(0.15), policy="sagemaker").outcome is Outcome.OK


def test_any_output_can_fire_sagemakers_rule():
    two = explained(labels=("label0", "label1"), **BASE)
    flipped = two.model_copy(
        update={"values": {"label0": BASE, "label1": dict(zip(BASE, sorted(BASE.values()), strict=True))}}
    )
    found = check(
        AttributionBaseline(explained=two, noise=NOISE, settings={}),
        flipped,
        batch_rows=9999,
        policy="sagemaker",
    )
    assert found.outcome is Outcome.ALARM
    assert found.figures["sagemaker"]["labels"] == ["label1"]


def test_a_baseline_of_another_model_is_refused():
    with pytest.raises(BadInput, match="feature 'lag_7' is in one of the two only"):
        verdict(explained(price=0.5, promo=0.5))
    with pytest.raises(BadInput, match="order or outputs differ"):
        verdict(explained(labels=("label0", "label1"), **BASE))


def test_a_model_that_stopped_explaining_anything_has_drifted():
    assert verdict(explained(price=0.0, lag_7=0.0, store=0.0, mailer=0.0)).outcome is Outcome.ALARM


def test_global_attributions_of_explained_rows():
    values = np.array([[[1.0, 0.0], [-3.0, 2.0]], [[1.0, 0.0], [3.0, -2.0]]])
    found = GlobalAttributions.of(
        Attributions(("a", "b"), values, values.sum(axis=1), np.array([0.5, 0.7])), "median"
    )
    assert found.values == {"label0": {"a": 1.0, "b": 0.0}, "label1": {"a": 0.0, "b": 0.0}}
    assert found.expected == {"label0": 0.5, "label1": 0.7}
    assert found.shares == pytest.approx({"a": 1 / 6, "b": 5 / 6})


def test_baseline_and_verdict_are_strict_json():
    assert AttributionBaseline.model_validate_json(BASELINE.model_dump_json()) == BASELINE
    json.dumps(verdict(moved(0.2)).model_dump(mode="json"), allow_nan=False)


def past(*moves, baseline=BASELINE):
    """The verdicts on batches of which so much had changed place."""
    return [check(baseline, moved(by), batch_rows=10_000) for by in moves]


def test_enough_good_batches_replace_the_noise_that_was_expected():
    noisy = BASELINE.model_copy(update={"noise": (Noise(rows=1, span=1, tv=0.3),)})
    quiet = past(*[0.01] * 25, baseline=noisy)
    alone = check(noisy, moved(0.12), batch_rows=10_000)
    assert (alone.outcome, alone.figures["allowed"], alone.figures["usual"]) == (Outcome.OK, 0.3, None)
    assert check(noisy, moved(0.12), batch_rows=10_000, past=quiet[:18]).outcome is Outcome.OK
    found = check(noisy, moved(0.12), batch_rows=10_000, past=quiet)
    assert (found.outcome, found.figures["allowed"]) == (Outcome.ALARM, 0.05)
    assert found.figures["usual"] == pytest.approx(0.01)


def test_batches_that_wander_widen_what_is_allowed():
    wandering = past(*np.linspace(0.08, 0.0, 30))
    found = verdict(moved(0.07), past=wandering)
    assert found.figures["usual"] == pytest.approx(0.08, abs=0.006)
    assert found.outcome is Outcome.OK
    assert verdict(moved(0.07)).outcome is Outcome.WARNING


def test_a_finding_is_no_good_batch_until_three_without_have_followed():
    fine, found = past(*[0.01] * 18), past(0.09)
    assert verdict(moved(0.01), past=[*fine, *found]).figures["usual"] is None
    assert verdict(moved(0.01), past=[*fine, *found, *past(*[0.01] * 3)]).figures["usual"] == pytest.approx(
        0.09
    )
    alarms = past(*[0.3] * 30)
    assert verdict(moved(0.01), past=alarms).figures["usual"] is None


def test_batches_that_were_held_against_another_baseline_say_nothing():
    other = AttributionBaseline(
        explained=explained(**BASE | {"price": 0.49, "store": 0.16}), noise=NOISE, settings={}
    )
    assert verdict(moved(0.07), past=past(*[0.08] * 30, baseline=other)).figures["usual"] is None


def test_the_ranking_score_has_a_level_of_its_own_beside_sagemakers():
    found = verdict(explained(**BASE))
    assert (found.figures["ndcg_usual"], found.figures["sagemaker"]["threshold"]) == (1.0, 0.9)
