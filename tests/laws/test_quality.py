"""Laws of the quality metrics: order does not matter, parts add up, a stated false-alarm rate is kept."""

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spalje.quality.binary import BinarySums, binary
from spalje.quality.bootstrap import blocks, drawn
from spalje.quality.conformal import p_values
from spalje.quality.multiclass import MulticlassSums
from spalje.quality.period import periods
from spalje.quality.prediction_bound import upper_bound
from spalje.quality.ranking import Ranking
from spalje.quality.regression import RegressionSums, regression
from spalje.quality.tally import bias, grouped, score, tally

numbers = st.integers(-50, 50).map(lambda whole: whole / 4)
probabilities = st.integers(0, 20).map(lambda whole: whole / 20)


@st.composite
def regressions(draw):
    rows = draw(st.lists(st.tuples(numbers, numbers, st.integers(1, 4)), min_size=2, max_size=30))
    truth, prediction, weights = (np.array(column, float) for column in zip(*rows, strict=True))
    return truth, prediction, weights


@st.composite
def choices(draw):
    rows = draw(st.lists(st.tuples(st.booleans(), probabilities), min_size=2, max_size=30))
    truth, probability = zip(*rows, strict=True)
    return np.array(truth), np.array(probability)


def same(found, expected):
    for name, value in asdict(expected).items():
        assert asdict(found)[name] == pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True), name


@given(regressions(), st.randoms())
@settings(max_examples=60)
def test_the_order_of_rows_does_not_matter(rows, random):
    order = list(range(len(rows[0])))
    random.shuffle(order)
    same(regression(*(column[order] for column in rows)), regression(*rows))


@given(regressions(), st.data())
@settings(max_examples=60)
def test_parts_of_a_regression_merge_to_the_whole(rows, data):
    cut = data.draw(st.integers(0, len(rows[0])))
    first, second = (
        RegressionSums.of(*(column[part] for column in rows)) for part in (slice(cut), slice(cut, None))
    )
    same(first.merge(second), RegressionSums.of(*rows))
    same(second.merge(first), first.merge(second))
    same(first.merge(second).metrics, regression(*rows))


@given(regressions())
@settings(max_examples=60)
def test_a_weight_is_so_many_rows(rows):
    truth, prediction, weights = rows
    times = weights.astype(int)
    repeated = regression(np.repeat(truth, times), np.repeat(prediction, times))
    same(regression(truth, prediction, weights), repeated)


@given(choices(), st.data())
@settings(max_examples=60)
def test_parts_of_a_classification_merge_to_the_whole(rows, data):
    truth, probability = rows
    cut = data.draw(st.integers(0, len(truth)))
    two = [BinarySums.of(truth[part], probability[part]) for part in (slice(cut), slice(cut, None))]
    merged, whole = two[0].merge(two[1]).metrics(auc=0.5), BinarySums.of(truth, probability).metrics(auc=0.5)
    np.testing.assert_array_equal(merged.confusion.counts, whole.confusion.counts)
    for name in ("accuracy", "precision", "recall", "f1", "log_loss", "brier", "bias"):
        assert getattr(merged, name) == pytest.approx(getattr(whole, name), rel=1e-12, abs=1e-12, nan_ok=True)
    both = np.stack([1 - probability, probability], axis=-1)
    several = [
        MulticlassSums.of(truth[part].astype(int), both[part]) for part in (slice(cut), slice(cut, None))
    ]
    expected = MulticlassSums.of(truth.astype(int), both).metrics
    assert several[0].merge(several[1]).metrics.weighted_f1 == pytest.approx(expected.weighted_f1, abs=1e-12)
    # two classes are several classes
    assert expected.log_loss == pytest.approx(whole.log_loss, rel=1e-9)


@given(choices(), st.randoms())
@settings(max_examples=60)
def test_auc_is_the_chance_that_a_positive_row_scores_higher(rows, random):
    truth, probability = rows
    pairs = [(a > b) + (a == b) / 2 for a in probability[truth] for b in probability[~truth]]
    expected = np.mean(pairs) if pairs else np.nan
    order = list(range(len(truth)))
    random.shuffle(order)
    assert binary(truth[order], probability[order]).auc == pytest.approx(expected, nan_ok=True)
    # only the order of the scores counts, and turning it round turns the chance round
    assert Ranking.of(truth, np.exp(probability)).auc == pytest.approx(expected, nan_ok=True)
    assert Ranking.of(truth, -probability).auc == pytest.approx(1 - expected, nan_ok=True)


@given(regressions(), st.data())
@settings(max_examples=60)
def test_tallies_of_any_groups_add_up(rows, data):
    truth, prediction, weights = rows
    losses = np.square(prediction - truth)
    codes = np.array(data.draw(st.lists(st.integers(0, 3), min_size=len(truth), max_size=len(truth))))
    total = grouped(tally(losses, truth, prediction, weights), codes, 4).sum(axis=0)
    expected = regression(truth, prediction, weights)
    assert score(total, root=True) == pytest.approx(expected.rmse)
    assert bias(total) == pytest.approx(expected.bias, nan_ok=True)


@given(
    st.sets(st.integers(17_000, 17_200), min_size=1), st.integers(0, 400), st.integers(1, 30), st.booleans()
)
@settings(max_examples=100)
def test_periods_are_as_long_as_the_batch_and_do_not_overlap(days, start, length, weekday):
    history, batch = np.array(sorted(days)), np.arange(length) + 17_000 + start
    found = periods(history, batch, weekday=weekday)
    used = np.concatenate([np.empty(0, int), *found])
    assert len(np.unique(used)) == len(used)
    assert (np.diff(used) > 0).all()
    for places in found:
        assert 0.8 * length <= len(places) <= length
        assert history[places[-1]] - history[places[0]] < length
        if weekday and len(places) == length:
            assert history[places[0]] % 7 == batch[0] % 7


@given(st.lists(st.floats(0.1, 10), min_size=19, max_size=19), st.floats(0.1, 10), st.floats(0, 5))
@settings(max_examples=60)
def test_worse_never_looks_more_usual(history, now, more):
    weeks, floor = np.array(history)[:, np.newaxis], np.array([1e-9])
    assert p_values(weeks, np.array([now + more]), floor) <= p_values(weeks, np.array([now]), floor)


@pytest.mark.parametrize("shape", ["normal", "heavy", "skew"])
def test_the_false_alarm_rate_is_kept_by_all_figures_together(shape):
    """3,000 good batches against 19 good ones, two figures that go together: at most 5 % look unusual."""
    rng = np.random.default_rng(11)
    draws = {
        "normal": rng.normal,
        "heavy": lambda size: rng.standard_t(2, size),
        "skew": lambda size: rng.gamma(0.5, size=size),
    }
    alarms = 0
    for _ in range(3_000):
        batches = draws[shape](size=(20, 2))
        batches[:, 1] += batches[:, 0]
        alarms += p_values(batches[:-1], batches[-1], np.full(2, 1e-9)).min() <= 0.05
    # three standard errors of 5 % of 3,000
    assert alarms / 3_000 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 3_000)


def test_the_prediction_bound_holds_for_normal_figures():
    rng = np.random.default_rng(12)
    batches = rng.normal(3.0, 0.5, size=(4_000, 9, 2))
    above = sum((batch[-1] > upper_bound(batch[:-1], 0.05)).any() for batch in batches)
    assert 0.03 <= above / 4_000 <= 0.06


def test_the_bootstrap_knows_the_spread_of_clusters():
    """Rows of a cluster err together: the standard error is that of 200 clusters, not of 4,000 rows."""
    rng = np.random.default_rng(13)
    own = rng.normal(size=200)
    rows = tally((own[:, np.newaxis] + rng.normal(size=(200, 20))).ravel(), np.zeros(4_000), np.zeros(4_000))
    codes = np.repeat(np.arange(200), 20)
    spread = score(drawn(grouped(rows, codes, 200), 2_000, rng)).std()
    assert spread == pytest.approx(np.sqrt((1 + 1 / 20) / 200), rel=0.15)
    alone = score(drawn(grouped(rows, np.arange(4_000), 4_000), 500, rng)).std()
    assert alone < spread / 3


def test_many_clusters_together_spread_as_each_alone():
    rng = np.random.default_rng(14)
    rows = tally(rng.gamma(0.5, size=20_000), np.zeros(20_000), np.zeros(20_000))
    codes, count = blocks(np.arange(20_000), 20_000, rng)
    assert count == 2_000
    spread = score(drawn(grouped(rows, codes, count), 2_000, rng)).std()
    assert spread == pytest.approx(np.sqrt(0.5 / 20_000), rel=0.1)
