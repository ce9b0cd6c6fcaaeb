"""The model quality monitor: good batches stay quiet, bad ones do not, whatever the truth looks like."""

import json

import numpy as np
import pytest

from spalje.monitor.judged_batch import JudgedBatch
from spalje.monitor.measurement import Judged, fitting_score, measure, metrics_of
from spalje.monitor.metric_constraint import MetricConstraint, suggest
from spalje.monitor.model_quality import Rule, check, check_constraints
from spalje.monitor.model_quality_baseline import ModelQualityBaseline
from spalje.monitor.verdict import Outcome
from spalje.monitor.worsening import Evidence
from spalje.monitor.worsening_words import sentence, stretches

MONDAY = 17_413  # 2017-09-04
STORES, ARTICLES = 40, 10


def sales(weeks, rng, *, wobble=0.05, demand=1.0, error=0.0, first=MONDAY - 7 * 40):
    """Counts of some weeks, and the expectation a good model has of them; each week wobbles as a whole."""
    shape = (weeks, 7, STORES, ARTICLES)
    expected = np.broadcast_to(0.2 + rng.gamma(0.5, size=(1, 1, STORES, ARTICLES)), shape)
    level = demand * np.exp(rng.normal(0, wobble, size=(weeks, 1, 1, 1)))
    truth = rng.poisson(expected * level).astype(float)
    prediction = expected * np.exp(rng.normal(0, error, size=shape)) if error else expected
    days = first + np.arange(weeks * 7).reshape(weeks, 7, 1, 1)
    store = np.arange(STORES).reshape(1, 1, STORES, 1)
    flat = [np.broadcast_to(part, shape).ravel() for part in (truth, prediction, days, store)]
    return Judged("regression", *flat, clustered_by="store")


def of(judged, seed=1):
    return measure(judged, fitting_score(judged), np.random.default_rng(seed))


def verdict(batch, held, *, coverage=1.0, earlier=(), **rule):
    found = check(
        of(batch), held, earlier=earlier, coverage=coverage, rule=Rule(**rule), rng=np.random.default_rng(2)
    )
    json.dumps(found.model_dump(mode="json"), allow_nan=False)
    return found


@pytest.fixture(scope="module")
def nine_weeks():
    return ModelQualityBaseline.of(of(sales(9, np.random.default_rng(3))), season="weekday")


@pytest.fixture(scope="module")
def half_a_year():
    return ModelQualityBaseline.of(of(sales(26, np.random.default_rng(4))), season="weekday")


def week(seed, **changes):
    return sales(1, np.random.default_rng(seed), first=MONDAY, **changes)


def test_good_weeks_are_good(nine_weeks, half_a_year):
    outcomes = [
        verdict(week(seed), held).outcome for seed in range(100, 140) for held in (nine_weeks, half_a_year)
    ]
    assert outcomes.count(Outcome.OK) >= 78
    assert Outcome.ALARM not in outcomes


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"demand": 2.0}, ["poisson_deviance", "bias"]),
        ({"demand": 0.6}, ["bias"]),
        ({"error": 1.0}, ["poisson_deviance", "bias"]),
    ],
)
def test_bad_weeks_alarm(nine_weeks, half_a_year, changes, says):
    for held in (nine_weeks, half_a_year):
        for seed in range(200, 205):
            found = verdict(week(seed, **changes), held)
            assert found.outcome is Outcome.ALARM
            assert [violation.check for violation in found.violations] == says
            assert not found.blocks


def test_plain_words(nine_weeks, half_a_year):
    found = verdict(week(1, demand=2.0), nine_weeks)
    deviance = next(row for row in found.figures["evidence"] if row["name"] == "poisson_deviance")
    told = f"Poisson deviance {deviance['now']:.3g} against {deviance['then']:.3g} at build time (+{100 * deviance['worse_by']:.0f} %)"
    assert found.summary.startswith(f"{told}, worse than all 9 weeks of the baseline; bias -")
    assert found.summary.endswith(
        "Uncalibrated: 9 weeks of the baseline; a false-alarm rate of 5 % takes 19."
    )
    assert not found.figures["calibrated"]
    calibrated = verdict(week(1, demand=2.0), half_a_year)
    assert calibrated.figures["calibrated"]
    assert "ncalibrated" not in calibrated.summary
    assert calibrated.figures["evidence"][0]["p"] == pytest.approx(1 / 27)
    assert verdict(week(101), half_a_year).summary.endswith("not worse than at build time.")


def test_a_better_week_never_alarms(nine_weeks):
    perfect = week(5)
    perfect = Judged(
        "regression", perfect.truth, np.maximum(perfect.truth, 0.01), perfect.days, perfect.clusters, "store"
    )
    assert verdict(perfect, nine_weeks).outcome is Outcome.OK


def test_a_trifle_stays_quiet_however_many_rows(half_a_year):
    """4 % too little demand in a steady week is seen, and is not worth a word."""
    found = verdict(week(6, demand=0.96, wobble=0.0), half_a_year)
    assert found.outcome is Outcome.OK


def test_partial_truth_gives_no_verdict(nine_weeks):
    bad = week(7, demand=2.0)
    for policy in ("calibrated", "sagemaker"):
        found = verdict(bad, nine_weeks, coverage=0.79, policy=policy)
        assert found.outcome is Outcome.INSUFFICIENT
        assert found.summary == "Truth is known for 79 % of the rows: partial truth, no verdict below 80 %."
        assert found.figures["metrics"]["bias"] < -0.3
    assert verdict(bad, nine_weeks, coverage=0.80).outcome is Outcome.ALARM
    assert verdict(bad, nine_weeks, min_rows=10_000).outcome is Outcome.INSUFFICIENT


def test_a_day_is_held_against_its_weekdays(nine_weeks):
    rows = week(8, demand=2.0)
    saturday = rows.days == MONDAY + 5
    one = Judged(
        "regression",
        rows.truth[saturday],
        rows.prediction[saturday],
        rows.days[saturday],
        rows.clusters[saturday],
        "store",
    )
    found = verdict(one, nine_weeks)
    assert found.outcome is Outcome.ALARM
    assert "worse than all 9 Saturdays of the baseline" in found.summary
    assert found.figures["alpha"] == 0.01
    firsts = [np.datetime64(period["first"], "D").astype(int) % 7 for period in found.figures["periods"]]
    assert set(firsts) == {(MONDAY + 5) % 7}


def test_without_a_time_column_the_bootstrap_decides():
    def rows(seed, demand):
        full = week(seed, demand=demand, wobble=0.0)
        return Judged("regression", full.truth, full.prediction, None, full.clusters, "store")

    held = ModelQualityBaseline.of(of(rows(9, 1.0)))
    assert held.days == ()
    assert verdict(rows(10, 1.0), held).outcome is Outcome.OK
    found = verdict(rows(11, 1.5), held)
    assert found.outcome is Outcome.ALARM
    assert "Uncalibrated: the baseline has no stretches of time to compare with." in found.summary


def test_clusters_widen_what_is_chance():
    """Three of 40 stores go wrong: with stores as clusters that may be chance, with rows it may not."""
    full = week(12)
    odd = np.where(full.clusters < 3, 3.0, 1.0)
    lows = []
    for clusters, name in ((full.clusters, "store"), (None, "rows")):
        base = Judged("regression", full.truth, full.prediction, None, clusters, name)
        held = ModelQualityBaseline.of(of(base))
        batch = Judged("regression", full.truth, full.prediction * odd, None, clusters, name)
        lows.append(
            next(row["low"] for row in verdict(batch, held).figures["evidence"] if row["name"] == "bias")
        )
    assert lows[0] < lows[1] - 0.05


def test_under_sagemakers_policy_the_constraints_as_written_decide(nine_weeks):
    good = week(13)
    own = metrics_of(good)[0]
    for threshold, outcome in ((own["rmse"] * 1.001, Outcome.OK), (own["rmse"] * 0.999, Outcome.ALARM)):
        bound = MetricConstraint(metric="rmse", threshold=threshold, operator="GreaterThanThreshold")
        held = nine_weeks.model_copy(update={"constraints": (bound,)})
        found = verdict(good, held, policy="sagemaker")
        assert found.outcome is outcome
        assert verdict(good, held).outcome is Outcome.OK
        assert verdict(good, held).figures["constraints_violated"] == (
            ["rmse"] if outcome is Outcome.ALARM else []
        )
    assert found.summary == f"Metric rmse with {own['rmse']} was GreaterThanThreshold {own['rmse'] * 0.999}."


def test_a_metric_that_is_not_defined_violates_nothing():
    bounds = suggest({"auc": 0.8, "recall": float("nan"), "log_loss": 0.3}, 0.15)
    assert [bound.metric for bound in bounds] == ["auc"]
    found = check_constraints({"auc": float("nan")}, bounds, 100, coverage=1.0, rule=Rule(policy="sagemaker"))
    assert found.outcome is Outcome.OK
    assert "auc" not in found.figures["metrics"]


def test_without_margin_the_constraints_are_model_monitors_own():
    metrics = {"mae": 0.4, "r2": 0.3, "accuracy": 0.9}
    assert {bound.metric: bound.threshold for bound in suggest(metrics, 0.0)} == metrics


def probabilities(rows, seed, *, wrong=0.0):
    rng = np.random.default_rng(seed)
    probability = rng.beta(1, 3, size=rows)
    truth = (rng.random(rows) < probability).astype(float)
    flipped = rng.random(rows) < wrong
    return Judged("binary", np.where(flipped, 1 - truth, truth), probability)


def test_probabilities_that_go_wrong_alarm():
    held = ModelQualityBaseline.of(of(probabilities(4_000, 1)))
    assert held.score == "log_loss"
    assert verdict(probabilities(4_000, 2), held).outcome is Outcome.OK
    found = verdict(probabilities(4_000, 3, wrong=0.15), held)
    assert found.outcome is Outcome.ALARM
    assert {violation.check for violation in found.violations} == {"log_loss", "bias"}


def test_classes_that_go_wrong_alarm():
    def rows(seed, wrong):
        rng = np.random.default_rng(seed)
        chances = rng.dirichlet([1, 1, 1], size=3_000)
        truth = (chances.cumsum(axis=1) > rng.random((3_000, 1))).argmax(axis=1)
        truth = np.where(rng.random(3_000) < wrong, (truth + 1) % 3, truth).astype(float)
        return Judged("multiclass", truth, chances), Judged(
            "multiclass", truth, np.eye(3)[chances.argmax(axis=1)]
        )

    for kind, name in enumerate(("log_loss", "error_rate")):
        held = ModelQualityBaseline.of(of(rows(1, 0.0)[kind]))
        assert held.score == name
        assert verdict(rows(2, 0.0)[kind], held).outcome is Outcome.OK
        found = verdict(rows(3, 0.3)[kind], held)
        assert [violation.check for violation in found.violations] == [name]
        assert found.outcome is Outcome.ALARM


@pytest.mark.parametrize(
    ("truth", "prediction", "name"),
    [
        ([0.0, 2.0], [0.1, 2.2], "poisson_deviance"),
        ([0.0, 2.5], [0.1, 2.2], "rmse"),
        ([-1.0, 2.0], [0.1, 2.2], "rmse"),
        ([0.0, 2.0], [0.0, 2.2], "rmse"),
    ],
)
def test_the_score_that_suits_the_truth(truth, prediction, name):
    assert fitting_score(Judged("regression", np.array(truth), np.array(prediction))) == name


def test_one_prediction_of_nothing_does_not_outweigh_the_rest(nine_weeks):
    rows = week(14)
    prediction = rows.prediction.copy()
    prediction[:3] = [0.0, -0.5, 0.0]
    spoiled = Judged("regression", rows.truth, prediction, rows.days, rows.clusters, "store")
    found = check(
        measure(spoiled, "poisson_deviance", np.random.default_rng(1)),
        nine_weeks, coverage=1.0, rule=Rule(), rng=np.random.default_rng(1),
    )  # fmt: skip
    assert found.outcome is Outcome.OK


def test_a_baseline_is_the_same_after_a_round_trip(nine_weeks):
    assert ModelQualityBaseline.model_validate_json(nine_weeks.model_dump_json()) == nine_weeks
    first, sums = nine_weeks.stretches(np.arange(MONDAY, MONDAY + 7))
    np.testing.assert_allclose(sums.sum(axis=0), np.array(nine_weeks.clusters).sum(axis=0))
    assert len(first) == 9


def test_a_perfect_baseline():
    ones = np.ones(60)
    held = ModelQualityBaseline.of(
        measure(Judged("regression", ones, ones), "rmse", np.random.default_rng(1))
    )
    again = Judged("regression", ones, ones)
    assert (
        check(
            measure(again, "rmse", np.random.default_rng(1)),
            held,
            coverage=1.0,
            rule=Rule(),
            rng=np.random.default_rng(1),
        ).outcome
        is Outcome.OK
    )
    off = measure(Judged("regression", ones, ones * 1.5), "rmse", np.random.default_rng(1))
    found = check(off, held, coverage=1.0, rule=Rule(), rng=np.random.default_rng(1))
    assert found.outcome is Outcome.ALARM
    assert found.summary.startswith(
        "RMSE 0.5 against 0 at build time; bias +50 % against +0.0 % at build time."
    )
    json.dumps(found.model_dump(mode="json"), allow_nan=False)


@pytest.mark.parametrize(
    ("periods", "rank", "count", "says"),
    [
        ("weeks", 9, 9, "worse than all 9 weeks of the baseline"),
        ("weeks", 7, 9, "worse than 7 of the 9 weeks of the baseline"),
        ("weeks", 1, 1, "worse than the 1 week of the baseline"),
        ("Mondays", 0, 1, "worse than 0 of the 1 Monday of the baseline"),
        ("stretches of 8 days", 1, 1, "worse than the 1 stretch of 8 days of the baseline"),
    ],
)
def test_ranks_in_words(periods, rank, count, says):
    found = Evidence(
        "bias", -0.3, 0.02, 0.28, 0.2, 0.4, p=None, rank=rank, periods=count, sure=True, likely=True
    )
    assert sentence(found, "RMSE", periods) == f"bias -30 % against +2.0 % at build time, {says}"


def test_stretches_are_named():
    assert stretches(np.array([MONDAY]), weekday=False) == "days"
    assert stretches(np.arange(MONDAY, MONDAY + 30), weekday=False) == "stretches of 30 days"
    names = [stretches(np.array([MONDAY + day]), weekday=True) for day in range(7)]
    assert names == ["Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays"]


def judged_week(number, *, outcome=Outcome.OK, first=MONDAY - 7 * 40, days=7, **changes):
    """What the truth said about the batch of a week that was judged before."""
    rows = sales(1, np.random.default_rng(500 + number), first=first + 7 * number, **changes)
    kept = rows.days < rows.days.min() + days
    part = Judged("regression", rows.truth[kept], rows.prediction[kept], rows.days[kept])
    return JudgedBatch.of(measure(part, "poisson_deviance", np.random.default_rng(1))).model_copy(
        update={"outcome": outcome, "version": 1}
    )


def test_earlier_batches_make_a_short_baseline_calibrated(nine_weeks):
    earlier = [judged_week(number) for number in range(9, 19)]
    found = verdict(week(101), nine_weeks, earlier=earlier)
    assert found.figures["calibrated"]
    assert len(found.figures["periods"]) == 19
    assert found.figures["periods"][-1]["first"] == earlier[-1].first.isoformat()
    bad = verdict(week(1, demand=2.0), nine_weeks, earlier=earlier)
    assert "worse than all 19 weeks of baseline and earlier batches" in bad.summary
    assert bad.figures["evidence"][0]["p"] == pytest.approx(1 / 20)
    assert bad.outcome is Outcome.ALARM


def test_a_batch_that_was_an_alarm_is_no_example(nine_weeks):
    """A wave of bad weeks must not make itself usual."""
    bad = [judged_week(number, demand=2.0, outcome=Outcome.ALARM) for number in range(9, 29)]
    found = verdict(week(1, demand=2.0), nine_weeks, earlier=bad)
    assert len(found.figures["periods"]) == 9
    assert found.outcome is Outcome.ALARM


def test_only_batches_of_the_same_length_season_and_score_count(nine_weeks):
    short = judged_week(9, days=3)
    tuesday = judged_week(10, first=MONDAY + 1 - 7 * 40)
    other_score = judged_week(11).model_copy(update={"score": "rmse"})
    missing = judged_week(12).model_copy(update={"outcome": Outcome.INSUFFICIENT})
    found = verdict(week(101), nine_weeks, earlier=[short, tuesday, other_score, missing])
    assert len(found.figures["periods"]) == 9


def saturdays_are_hard(first, weeks, seed, *, demand=1.0):
    rows = sales(weeks, np.random.default_rng(seed), first=first, wobble=0.02)
    saturday = (rows.days - MONDAY) % 7 == 5
    rng = np.random.default_rng(seed + 1)
    noisy = np.where(saturday, rng.poisson(rows.truth * 3.0), rows.truth * demand)
    return Judged("regression", noisy.astype(float), rows.prediction, rows.days, rows.clusters, "store")


def test_a_day_that_is_always_hard_is_no_alarm():
    held = ModelQualityBaseline.of(of(saturdays_are_hard(MONDAY - 7 * 40, 26, 7)), season="weekday")
    whole = saturdays_are_hard(MONDAY, 1, 70)
    for weekday, says in ((5, "as a rule"), (1, "as a rule")):
        kept = whole.days == MONDAY + weekday
        day = Judged("regression", *(part[kept] for part in (whole.truth, whole.prediction, whole.days, whole.clusters)), "store")  # fmt: skip
        found = verdict(day, held)
        assert found.figures["seasonal"]
        assert abs(found.figures["evidence"][0]["worse_by"]) < 0.3, "held against days of its own kind"
        assert found.outcome is Outcome.OK, found.summary
        assert says in found.summary


def test_months_are_held_against_their_own_once_there_are_two_years():
    def daily(first, days, seed):
        rng = np.random.default_rng(seed)
        when = np.repeat(np.arange(first, first + days), 20)
        december = when.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12 == 11
        truth = rng.normal(0, np.where(december, 3.0, 1.0))
        return Judged("regression", truth, np.zeros(len(when)), when, np.arange(len(when)) % 20, "store")

    first = int(np.datetime64("2015-01-01", "D").astype(int))
    long = ModelQualityBaseline.of(of(daily(first, 3 * 365, 1)), season="month")
    short = ModelQualityBaseline.of(of(daily(first, 365, 1)), season="month")
    december = daily(int(np.datetime64("2018-12-03", "D").astype(int)), 7, 2)
    for held, seasonal, months in ((long, True, {12}), (short, False, set(range(1, 13)))):
        found = verdict(december, held)
        assert found.figures["seasonal"] is seasonal
        assert {int(period["first"][5:7]) for period in found.figures["periods"]} == months
    assert verdict(december, long).outcome is Outcome.OK
    assert verdict(december, short).outcome is not Outcome.OK
