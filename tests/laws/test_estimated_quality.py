"""Laws of what is learned about losses: curves that rise, trees that come back the same, parts that add up."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from spalje.quality.boosted_trees import CELLS, BoostedTrees
from spalje.quality.confidence import Confidence
from spalje.quality.isotonic import Isotonic
from spalje.quality.loss_model import LossModel
from spalje.quality.residuals import Residuals
from spalje.quality.shift import Rows, decompose

numbers = st.floats(-100, 100, allow_nan=False)


@given(st.lists(st.tuples(st.integers(0, 8), numbers, st.floats(0.1, 5)), min_size=1, max_size=40))
def test_isotonic_curves_are_scikit_learns(points):
    x, y, weights = (np.array(column, float) for column in zip(*points, strict=True))
    ours = Isotonic.fit(x, y, weights)(x)
    theirs = IsotonicRegression().fit(x, y, sample_weight=weights).predict(x)
    np.testing.assert_allclose(ours, theirs, atol=1e-9, rtol=1e-9)
    assert (np.diff(ours[np.argsort(x, kind="stable")]) >= -1e-12).all()


def table(seed, rows=400, features=3):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, features))
    x[rng.random(x.shape) < 0.1] = np.nan
    y = np.where(np.isnan(x[:, 0]), 3.0, x[:, 0]) + rng.normal(size=rows)
    return x, y


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.sampled_from(["squared", "logistic"]))
def test_trees_come_back_the_same_from_json(seed, loss):
    x, y = table(seed)
    target = y if loss == "squared" else (y > 0).astype(float)
    trees = BoostedTrees.fit(x, target, np.random.default_rng(seed), loss=loss, rounds=10)
    again = BoostedTrees.from_dict(json.loads(json.dumps(trees.to_dict(), allow_nan=False)))
    np.testing.assert_array_equal(again.predict(x), trees.predict(x))
    assert all(len(edges) <= CELLS - 2 for edges in trees.edges)
    same = BoostedTrees.fit(x, target, np.random.default_rng(seed), loss=loss, rounds=10)
    np.testing.assert_array_equal(same.predict(x), trees.predict(x))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000))
def test_a_feature_in_another_unit_is_learned_alike(seed):
    """By a power of two, which is exact: a sum is rounded, and a value on an edge may then cross it."""
    x, y = table(seed)
    one = BoostedTrees.fit(x, y, np.random.default_rng(1), rounds=10)
    two = BoostedTrees.fit(4.0 * x, y, np.random.default_rng(1), rounds=10)
    np.testing.assert_allclose(one.predict(x), two.predict(4.0 * x), atol=1e-9)


def test_nothing_to_learn_is_the_mean():
    rng = np.random.default_rng(1)
    y = rng.normal(size=200)
    for x in (np.zeros((200, 2)), np.full((200, 2), np.nan), np.empty((200, 1)) * np.nan):
        trees = BoostedTrees.fit(x, y, rng)
        np.testing.assert_allclose(trees.predict(x), y.mean(), atol=1e-12)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_expected_losses_are_never_negative_where_losses_are_not(seed):
    x, y = table(seed)
    losses = {"squared": y**2 * (y > 1), "error": y}
    days = np.arange(400) // 20
    model, seen = LossModel.fit(x, losses, np.random.default_rng(seed), days=days)
    far = np.array([[1e9, -1e9, np.nan], [np.nan, np.nan, np.nan]])
    assert (model.expected(far)[:, 0] >= 0).all()
    assert (seen[:, 0] >= 0).all()
    assert model.expected(x)[:, 1].min() < 0
    again = LossModel.from_dict(json.loads(json.dumps(model.to_dict(), allow_nan=False)))
    np.testing.assert_array_equal(again.expected(x), model.expected(x))
    np.testing.assert_array_equal(
        again.residuals.spread(np.arange(5), 50), model.residuals.spread(np.arange(5), 50)
    )


@given(st.lists(st.tuples(st.integers(0, 9), numbers), min_size=1, max_size=60))
def test_residuals_of_days_add_up(rows):
    days, values = np.array([day for day, _ in rows]), np.array([[value] for _, value in rows])
    found = Residuals.of(values, days, None)
    assert found.weights.sum() == len(rows)
    assert found.sums.sum() == pytest.approx(values.sum(), abs=1e-9)
    assert (np.diff(found.days) > 0).all()


def test_a_smaller_batch_is_less_certain():
    rng = np.random.default_rng(1)
    found = Residuals.of(rng.normal(size=(3000, 1)), np.arange(3000) // 100, None)
    spread = [float(found.spread(np.arange(3), rows)[0]) for rows in (3000, 300, 30, 3)]
    assert spread == sorted(spread)
    assert spread[2] == pytest.approx(1 / np.sqrt(30), rel=0.25)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000), st.floats(-0.5, 0.5))
def test_the_parts_of_a_difference_add_up(seed, moved):
    rng = np.random.default_rng(seed)

    def rows(low, factor):
        x = rng.uniform(low, 2.0, size=(600, 2))
        return Rows(x, factor * x[:, 0] * rng.exponential(size=600), x[:, 0], rng.integers(0, 20, size=600))

    found = decompose(rows(0.0, 1.0), rows(max(0.0, moved), 1.0 + moved), 0.01, rng)
    assert found.inputs.value + found.relation.value == pytest.approx(found.total, abs=1e-9)
    assert 0 <= found.overlap <= 1


def test_each_word_is_said_where_it_is_true():
    words = {"neither": (0.0, 1.0), "inputs": (1.0, 1.0), "relation": (0.0, 1.6), "both": (1.0, 1.6)}
    for word, (low, factor) in words.items():
        right = []
        for seed in range(20):
            rng = np.random.default_rng(seed)

            def rows(low, factor, rng=rng):
                x = rng.uniform(low, 2.0, size=(2000, 1))
                return Rows(
                    x,
                    factor * (0.2 + x[:, 0]) * rng.exponential(size=2000),
                    0.2 + x[:, 0],
                    np.arange(2000) % 40,
                )

            right.append(decompose(rows(0.0, 1.0), rows(low, factor), 0.01, rng).word == word)
        assert np.mean(right) >= 0.85, word


def test_the_intervals_of_the_parts_hold_what_is_true():
    """Of x uniform from 0.5 to 2 in place of 0 to 2, with 1.2 times the loss: inputs +0.25, relation +0.25."""
    held = []
    for seed in range(200):
        rng = np.random.default_rng(seed)

        def rows(low, factor, rng=rng):
            x = rng.uniform(low, 2.0, size=(800, 1))
            return Rows(x, factor * x[:, 0] * rng.exponential(size=800), x[:, 0], None)

        found = decompose(rows(0.0, 1.0), rows(0.5, 1.2), 0.0, rng)
        held.append(
            (found.inputs.low < 0.25 < found.inputs.high, found.relation.low < 0.25 < found.relation.high)
        )
    assert np.mean(held, axis=0).min() >= 0.9


def test_wrong_expectations_are_put_right_by_weights():
    """The loss model says the same everywhere; the density ratio alone finds what the inputs explain."""
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)

        def rows(low, rng=rng):
            x = rng.uniform(low, 2.0, size=(3000, 1))
            return Rows(x, x[:, 0] * rng.exponential(size=3000), np.ones(3000), None)

        found.append(decompose(rows(0.0), rows(1.0), 0.0, rng).inputs.value)
    assert np.mean(found) == pytest.approx(0.5, abs=0.08)


def test_probabilities_of_classes_add_up_after_correction():
    rng = np.random.default_rng(1)
    chances = rng.dirichlet([1, 1, 1], size=500)
    truth = (chances.cumsum(axis=1) > rng.random((500, 1))).argmax(axis=1)
    confidence = Confidence.fit(truth, chances)
    np.testing.assert_allclose(confidence.corrected(chances).sum(axis=1), 1.0)
    again = Confidence.from_dict(json.loads(json.dumps(confidence.to_dict())))
    np.testing.assert_array_equal(again.corrected(chances), confidence.corrected(chances))
