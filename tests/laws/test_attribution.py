"""Laws of attributions: they add up, and depend on what the model does and on nothing else."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spalje.attribution import game
from spalje.attribution.background import Background
from spalje.attribution.board import BITS
from spalje.attribution.design import ENOUGH, leverage_design
from spalje.attribution.exact import explain_exactly
from spalje.attribution.game import play
from spalje.attribution.kernel_shap import attribute
from spalje.attribution.proxy import Proxy

FEW = settings(max_examples=40, deadline=None)


def explain(model, rows, background, design):
    """The design's coalitions played, and what follows."""
    return attribute(play(model, rows, background, design.masks), design, tuple(rows.column_names))


def matrix(table):
    return np.column_stack([column.to_numpy() for column in table.columns])


def table(values):
    return pa.table({f"f{i}": column for i, column in enumerate(values.T)})


@dataclass
class Case:
    """Any game: the model looks its predictions up by which features are above 1/2."""

    rows: pa.Table
    background: Background
    worth: np.ndarray
    budget: int

    @property
    def features(self):
        return self.rows.num_columns

    def function(self, worth=None):
        worth = self.worth if worth is None else worth
        return lambda values: worth[(values > 0.5) @ (1 << np.arange(self.features))]

    def kernel(self, function=None, budget=None):
        design = leverage_design(self.features, budget or self.budget, np.random.default_rng(5))
        return explain(*self._game(function), design)

    def exact(self, function=None):
        return explain_exactly(*self._game(function))

    def _game(self, function):
        function = function or self.function()
        return (lambda tables: (function(matrix(each)) for each in tables)), self.rows, self.background


@st.composite
def cases(draw, least=1, most=7):
    features = draw(st.integers(least, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    backgrounds = draw(st.integers(1, 3))
    scale = draw(st.sampled_from([1e-6, 1.0, 1e9]))
    # few different values, so that rows often equal the background in some features
    cells = rng.integers(0, 3, (draw(st.integers(1, 4)) + backgrounds, features)) / 2
    weights = rng.random(backgrounds) + 0.1
    return Case(
        table(cells[backgrounds:]),
        Background(table(cells[:backgrounds]), weights / weights.sum()),
        scale * rng.normal(size=(2**features, draw(st.integers(1, 2)))),
        draw(st.integers(1, 2**features)),
    )


@FEW
@given(cases())
def test_attributions_add_up_to_the_prediction_at_any_budget(case):
    for found in (case.kernel(), case.exact()):
        scale = np.abs(case.worth).max()
        gain = found.predictions - found.expected
        assert np.abs(found.values.sum(axis=1) - gain).max() <= 1e-9 * scale
        assert np.array_equal(found.predictions, case.function()(matrix(case.rows)))


@FEW
@given(cases(most=8))
def test_the_kernel_agrees_with_the_referee_when_it_has_every_coalition(case):
    apart = case.kernel(budget=2**case.features).values - case.exact().values
    assert np.abs(apart).max() <= 1e-9 * np.abs(case.worth).max()


@FEW
@given(cases(least=2), st.data())
def test_a_feature_that_the_model_ignores_gets_nothing(case, data):
    ignored = data.draw(st.integers(0, case.features - 1))
    function = case.function(case.worth[np.arange(2**case.features) & ~(1 << ignored)])
    for found in (case.exact(function), case.kernel(function, budget=2**case.features)):
        assert np.abs(found.values[:, ignored]).max() <= 1e-9 * np.abs(case.worth).max()


@FEW
@given(cases(least=2))
def test_features_that_do_the_same_get_the_same(case):
    places = np.arange(2**case.features)
    first, second = places & 1, (places >> 1) & 1
    swapped = places & ~3 | first << 1 | second
    function = case.function((case.worth + case.worth[swapped]) / 2)

    def twin(some):
        return some.set_column(1, "f1", some["f0"])

    case = Case(
        twin(case.rows),
        Background(twin(case.background.table), case.background.weights),
        case.worth,
        case.budget,
    )
    for found in (case.exact(function), case.kernel(function, budget=2**case.features)):
        assert np.abs(found.values[:, 0] - found.values[:, 1]).max() <= 1e-9 * np.abs(case.worth).max()


@FEW
@given(cases(), st.floats(-3, 3))
def test_the_attributions_of_a_sum_are_the_sum_of_the_attributions(case, factor):
    other = case.worth[::-1]
    one, two = case.function(), case.function(other)
    both = case.function(case.worth + factor * other)
    for way in (partial(case.kernel, budget=2**case.features), case.exact):
        apart = way(both).values - way(one).values - factor * way(two).values
        assert np.abs(apart).max() <= 1e-8 * np.abs(case.worth).max()


@FEW
@given(st.integers(1, 20), st.integers(1, 200), st.integers(0, 2**32))
def test_a_sum_of_single_features_is_explained_exactly_at_any_budget(features, budget, seed):
    rng = np.random.default_rng(seed)
    rows, back, slopes = (
        rng.normal(size=(4, features)),
        rng.normal(size=(3, features)),
        rng.normal(size=features),
    )
    weights = np.array([0.5, 0.3, 0.2])
    found = explain(
        lambda tables: ((np.tanh(matrix(each)) @ slopes)[:, None] for each in tables),
        table(rows),
        Background(table(back), weights),
        leverage_design(features, budget, rng),
    )
    truth = (np.tanh(rows) - weights @ np.tanh(back)) * slopes
    assert np.allclose(found.values[:, :, 0], truth, atol=1e-9)


@FEW
@given(cases(least=2))
def test_a_feature_that_equals_the_background_gets_nothing(case):
    zeros = np.zeros(case.rows.num_rows)
    rows = case.rows.set_column(0, "f0", pa.array(zeros))
    back = case.background.table.set_column(
        0, "f0", pa.array(zeros[:1].repeat(case.background.table.num_rows))
    )
    case = Case(rows, Background(back, case.background.weights), case.worth, case.budget)
    found = case.kernel(budget=2**case.features)
    assert np.abs(found.values[:, 0]).max() <= 1e-9 * np.abs(case.worth).max()


@FEW
@given(cases(), st.integers(1, 50))
def test_blocks_change_nothing(case, block):
    whole = case.kernel()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(game, "BLOCK", block)
        assert np.allclose(
            case.kernel().values, whole.values, rtol=1e-9, atol=1e-9 * np.abs(case.worth).max()
        )


@FEW
@given(cases())
def test_each_different_synthetic_row_is_predicted_once(case):
    asked = []

    def model(tables):
        for each in tables:
            asked.append(matrix(each))
            yield case.function()(asked[-1])

    explain_exactly(model, case.rows, case.background)
    back, again, rows, *mixed = asked
    assert np.array_equal(back, again)
    total = sum(
        len(
            {tuple(np.where(mask, row, each)) for mask in masks_of(case.features)} - {tuple(row), tuple(each)}
        )
        for row in rows
        for each in back
    )
    assert sum(map(len, mixed)) == total


def masks_of(features):
    return ((np.arange(2**features)[:, None] >> np.arange(features)) & 1).astype(bool)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32))
def test_more_features_than_bits_are_told_apart(seed):
    rng = np.random.default_rng(seed)
    features = BITS + 6
    rows, back = rng.integers(0, 2, (3, features)), rng.integers(0, 2, (2, features))
    slopes = rng.normal(size=features)

    def model(tables):
        return (((matrix(each) @ slopes) ** 2)[:, None] for each in tables)

    design = leverage_design(features, 400, rng)
    found = explain(model, table(rows), Background(table(back), np.array([0.4, 0.6])), design)
    worth = np.stack(
        [
            0.4 * (np.where(design.masks, row, back[0]) @ slopes) ** 2
            + 0.6 * (np.where(design.masks, row, back[1]) @ slopes) ** 2
            for row in rows
        ]
    )
    pairs = len(worth[0]) // 2
    odd = (worth[:, :pairs] - worth[:, pairs:]) / 2
    odd = np.column_stack([(found.predictions - found.expected)[:, 0] / 2, odd])
    least = design.least_squares(worth[:, :, None], found.expected, found.predictions)
    proxy = Proxy.learned(design.masks[:pairs], odd, np.abs(least[:, :, 0]).mean(axis=0))
    direct, errors = proxy.values(design.masks[:pairs], odd)
    assert np.allclose(found.values[:, :, 0], direct)
    assert np.allclose(found.errors[:, :, 0], errors)


@FEW
@given(st.integers(2, 24), st.integers(1, 600), st.integers(0, 2**32))
def test_a_design_holds_pairs_of_different_coalitions_within_its_budget(features, budget, seed):
    design = leverage_design(features, budget, np.random.default_rng(seed))
    masks = {tuple(mask) for mask in design.masks.tolist()}
    assert len(masks) == len(design.masks) <= max(budget, 2 * features)
    if budget >= ENOUGH * features:
        assert len(masks) >= min(budget - 1, 2**features - 2)
    else:
        assert len(masks) == min(2 * features, 2**features - 2)
    pairs = len(design.masks) // 2
    assert (design.masks[:pairs] == ~design.masks[pairs:]).all()
    weight = dict(zip(map(tuple, design.masks.tolist()), design.weights, strict=True))
    for mask in masks:
        assert 0 < sum(mask) < features
        assert weight[mask] == weight[tuple(not member for member in mask)] > 0
    assert design.weights.sum() == pytest.approx(1)
