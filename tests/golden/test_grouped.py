"""Figures by group, of quantiles, of calibration and of Tweedie's family: those of scikit-learn, group by group."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as theirs
from sklearn.calibration import calibration_curve

from spalje.monitor.measurement import Judged, losses, measure, metrics_of
from spalje.monitor.segment import Segmentation, segments
from spalje.quality.calibration_curve import CalibrationCurve
from spalje.quality.grouped import BLOCK, GroupedBinary, GroupedRegression, areas
from spalje.quality.loss import tweedie_deviances
from spalje.quality.quantile import pinball_losses, quantile_metrics
from spalje.quality.regression import regression
from spalje.quality.score_counts import ScoreCounts

GROUPS = 20


@pytest.fixture(scope="module")
def sales():
    rng = np.random.default_rng(1)
    rows = 5 * BLOCK + 17
    mean = rng.gamma(0.5, 2.0, size=rows) + 1e-3
    return rng.poisson(mean).astype(float), mean, rng.integers(0, GROUPS, size=rows)


@pytest.fixture(scope="module")
def answers():
    rng = np.random.default_rng(2)
    rows = 3 * BLOCK + 5
    chance = np.round(rng.beta(1, 3, size=rows), 3)  # many ties
    return rng.random(rows) < chance, chance, rng.integers(0, GROUPS, size=rows)


def near(ours, reference):
    assert ours == pytest.approx(reference, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("workers", [1, 2])
def test_regression_by_group_is_scikit_learns(sales, workers):
    truth, prediction, codes = sales
    sums = GroupedRegression.of(truth, prediction, codes, GROUPS, workers=workers)
    for group in (*range(GROUPS), None):
        rows = np.ones(len(truth), bool) if group is None else codes == group
        found = (sums.whole if group is None else sums).metrics
        ours = {name: values[group or 0] for name, values in found.items()}
        y, p = truth[rows], prediction[rows]
        near(ours["mae"], theirs.mean_absolute_error(y, p))
        near(ours["mse"], theirs.mean_squared_error(y, p))
        near(ours["rmse"], theirs.root_mean_squared_error(y, p))
        near(ours["r2"], theirs.r2_score(y, p))
        near(ours["poisson_deviance"], theirs.mean_poisson_deviance(y, p))
        near(ours["wape"], np.abs(p - y).sum() / y.sum())
        near(ours["bias"], (p - y).sum() / y.sum())


def test_binary_by_group_is_scikit_learns(answers):
    truth, chance, codes = answers
    sums = GroupedBinary.of(truth, chance, codes, GROUPS, threshold=0.3, workers=2)
    for group in (*range(GROUPS), None):
        rows = np.ones(len(truth), bool) if group is None else codes == group
        found = (sums.whole if group is None else sums).metrics
        ours = {name: values[group or 0] for name, values in found.items()}
        y, p = truth[rows], chance[rows]
        hard = p >= 0.3
        near(ours["accuracy"], theirs.accuracy_score(y, hard))
        near(ours["precision"], theirs.precision_score(y, hard))
        near(ours["recall"], theirs.recall_score(y, hard))
        near(ours["f1"], theirs.f1_score(y, hard))
        near(ours["auc"], theirs.roc_auc_score(y, p))
        near(ours["log_loss"], theirs.log_loss(y, p))
        near(ours["brier"], theirs.brier_score_loss(y, p))
        near(ours["bias"], (p.sum() - y.sum()) / y.sum())


def test_large_offsets_lose_no_digits():
    rng = np.random.default_rng(3)
    truth = 1e9 + rng.normal(size=4000)
    prediction = truth + rng.normal(0, 0.3, size=4000)
    sums = GroupedRegression.of(truth, prediction, np.arange(4000) % 3, 3)
    for group in range(3):
        rows = np.arange(4000) % 3 == group
        assert sums.metrics["r2"][group] == pytest.approx(
            theirs.r2_score(truth[rows], prediction[rows]), rel=1e-9
        )
    assert sums.whole.metrics["r2"][0] == pytest.approx(theirs.r2_score(truth, prediction), rel=1e-9)


def test_groups_without_rows_and_of_one_kind():
    truth, chance = np.array([True, True, False]), np.array([0.9, 0.8, 0.1])
    sums = GroupedBinary.of(truth, chance, np.array([0, 0, 2]), 4).metrics
    assert np.isnan(sums["auc"]).all()
    assert np.isnan(sums["log_loss"][[1, 3]]).all()
    assert sums["precision"][[1, 2, 3]].tolist() == [0.0, 0.0, 0.0]
    numbers = GroupedRegression.of(
        np.array([1.0, 1.0, 2.0]), np.array([1.0, 1.0, 3.0]), np.array([0, 0, 2]), 4
    ).metrics
    assert numbers["r2"][0] == 1.0
    assert np.isnan(numbers["mae"][[1, 3]]).all()
    assert np.isnan(numbers["r2"][2]), "of a single row"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), st.integers(0, 4)), min_size=1
    )
)
def test_areas_are_counts_of_pairs(rows):
    truth, score, codes = (np.array(column) for column in zip(*rows, strict=True))
    found = areas(truth, score.astype(float), codes, 5)
    for group in range(5):
        yes, no = score[truth & (codes == group)], score[~truth & (codes == group)]
        if len(yes) == 0 or len(no) == 0:
            assert np.isnan(found[group])
            continue
        pairs = (yes[:, None] > no).sum() + 0.5 * (yes[:, None] == no).sum()
        assert found[group] == pytest.approx(pairs / (len(yes) * len(no)), rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 60))
def test_bounds_hold_the_area_and_counts_add_up(seed, cells):
    rng = np.random.default_rng(seed)
    truth, score = rng.random(200) < 0.3, rng.random(200)
    whole = ScoreCounts.of(truth, score, cells)
    low, high = whole.auc
    if truth.any() and not truth.all():
        assert low - 1e-12 <= theirs.roc_auc_score(truth, score) <= high + 1e-12
    parts = ScoreCounts.of(truth[:70], score[:70], cells).merge(ScoreCounts.of(truth[70:], score[70:], cells))
    np.testing.assert_array_equal(parts.positive, whole.positive)
    np.testing.assert_array_equal(parts.negative, whole.negative)


@pytest.mark.parametrize("power", [0.0, 1.0, 1.2, 1.5, 1.9, 2.0, 2.5, 3.0])
def test_tweedie_deviances_are_scikit_learns(power):
    rng = np.random.default_rng(4)
    truth, prediction = rng.gamma(1.0, 2.0, size=300) + 0.01, rng.gamma(1.0, 2.0, size=300) + 0.01
    if 1 <= power < 2:
        truth[:50] = 0.0
    near(
        tweedie_deviances(truth, prediction, power).mean(),
        theirs.mean_tweedie_deviance(truth, prediction, power=power),
    )


@pytest.mark.parametrize(
    ("power", "truth", "prediction"), [(1.5, -1.0, 1.0), (1.5, 1.0, 0.0), (2.0, 0.0, 1.0)]
)
def test_what_tweedie_does_not_allow_is_no_number(power, truth, prediction):
    assert np.isnan(tweedie_deviances(np.array([truth]), np.array([prediction]), power)).all()


def test_pinball_losses_are_scikit_learns():
    rng = np.random.default_rng(5)
    truth = rng.normal(size=500)
    quantiles = np.sort(rng.normal(size=(500, 3)), axis=1)
    levels = (0.1, 0.5, 0.9)
    ours = pinball_losses(truth, quantiles, levels).mean(axis=0)
    for place, level in enumerate(levels):
        near(ours[place], theirs.mean_pinball_loss(truth, quantiles[:, place], alpha=level))
    found = quantile_metrics(truth, quantiles, levels)
    near(found["pinball"], ours.mean())
    assert found["crossing"] == 0.0
    assert found["below_0.1"] <= found["below_0.5"] <= found["below_0.9"]
    assert quantile_metrics(truth, quantiles[:, ::-1], levels)["crossing"] > 0.99


def test_a_regression_of_quantiles_is_judged_by_its_middle_and_by_all():
    rng = np.random.default_rng(6)
    truth = rng.exponential(size=400)
    quantiles = np.tile([0.1, 0.69, 2.3], (400, 1))
    judged = Judged("regression", truth, quantiles, quantiles=(0.1, 0.5, 0.9))
    found, _ = metrics_of(judged)
    near(found["mae"], theirs.mean_absolute_error(truth, quantiles[:, 1]))
    near(found["pinball"], pinball_losses(truth, quantiles, (0.1, 0.5, 0.9)).mean())
    measured = measure(judged, "pinball", rng)
    near(measured.total[0] / measured.total[1], found["pinball"])
    assert found["coverage_0.1_0.9"] == pytest.approx(0.8, abs=0.06)


@pytest.mark.parametrize(("width", "strategy"), [("equal", "uniform"), ("quantile", "quantile")])
def test_calibration_curves_are_scikit_learns(answers, width, strategy):
    truth, chance, _ = answers
    chance = np.clip(chance + np.random.default_rng(1).uniform(-1e-6, 1e-6, len(chance)), 0, 1)
    curve = CalibrationCurve.of(truth, chance, width=width)
    share, predicted = calibration_curve(truth, chance, n_bins=10, strategy=strategy)
    there = curve.rows > 0
    np.testing.assert_allclose(curve.mean_predicted[there], predicted, rtol=1e-12)
    np.testing.assert_allclose(curve.share_positive[there], share, rtol=1e-12)
    half = len(truth) // 2
    parts = [
        CalibrationCurve.over(curve.edges, truth[part], chance[part])
        for part in (slice(half), slice(half, None))
    ]
    assert parts[0].merge(parts[1]).error == pytest.approx(curve.error, rel=1e-12)


@pytest.mark.parametrize("kind", ["regression", "binary", "multiclass"])
def test_segments_say_what_their_rows_say_alone(kind):
    rng = np.random.default_rng(7)
    rows, name = (
        3000,
        {"regression": "poisson_deviance", "binary": "log_loss", "multiclass": "log_loss"}[kind],
    )
    prediction = (
        rng.dirichlet([1, 1, 1], size=rows) if kind == "multiclass" else rng.uniform(0.05, 0.95, size=rows)
    )
    truth = rng.integers(0, 3 if kind == "multiclass" else 2, size=rows).astype(float)
    store, codes = rng.integers(0, 25, size=rows), rng.integers(-1, 4, size=rows)
    judged = Judged(kind, truth, prediction, clusters=store, clustered_by="store")
    found = segments(judged, name, Segmentation(codes, ("a", "b", "c", "d", "e")), np.random.default_rng(1))
    assert [segment.name for segment in found] == ["a", "b", "c", "d"]
    for place, segment in enumerate(found):
        part = Judged(kind, truth[codes == place], prediction[codes == place])
        assert segment.rows == len(part)
        near(segment.score, losses(part, name).mean())
        assert segment.low < segment.score < segment.high
        alone, _ = metrics_of(part)
        for metric, value in segment.metrics.items():
            near(value, alone[metric])


def test_the_interval_of_a_segment_holds_its_true_score_as_often_as_stated():
    held = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        store = np.repeat(np.arange(40), 30)
        hard = rng.gamma(4.0, 0.25, size=40)[store]
        truth = rng.normal(0, np.sqrt(hard))
        judged = Judged("regression", truth, np.zeros(1200), clusters=store, clustered_by="store")
        by = Segmentation(rng.integers(0, 2, size=1200), ("a", "b"))
        held += [segment.low**2 <= 1.0 <= segment.high**2 for segment in segments(judged, "rmse", by, rng)]
    assert 0.92 <= np.mean(held) <= 0.98


def test_one_row_and_one_group():
    found = regression(np.array([2.0]), np.array([3.0]))
    (only,) = segments(Judged("regression", np.array([2.0]), np.array([3.0])), "rmse",
                       Segmentation(np.array([0]), ("all",)), np.random.default_rng(1))  # fmt: skip
    assert only.metrics["mae"] == found.mae
    assert np.isnan(only.low)
