"""Quality metrics against scikit-learn and SciPy, and against the examples in Model Monitor's documentation."""

import json

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from spalje.quality.binary import binary
from spalje.quality.confusion import Confusion
from spalje.quality.loss import CLIP
from spalje.quality.multiclass import MulticlassSums, multiclass
from spalje.quality.prediction_bound import student_quantile
from spalje.quality.ranking import Ranking
from spalje.quality.regression import regression
from spalje.sagemaker.model_quality import read_statistics

RNG = np.random.default_rng(20_170_904)
ROWS = 5_000
WEIGHTS = pytest.mark.parametrize("weights", [None, RNG.gamma(2.0, size=ROWS)], ids=["plain", "weighted"])
EXACT = {"rel": 1e-12, "abs": 1e-12}


@WEIGHTS
def test_regression(weights):
    expected = RNG.gamma(0.5, 2.0, size=ROWS) + 0.01
    truth = RNG.poisson(expected).astype(float)
    found = regression(truth, expected, weights)
    said = {"sample_weight": weights}
    assert found.mae == pytest.approx(sk.mean_absolute_error(truth, expected, **said), **EXACT)
    assert found.mse == pytest.approx(sk.mean_squared_error(truth, expected, **said), **EXACT)
    assert found.rmse == pytest.approx(sk.root_mean_squared_error(truth, expected, **said), **EXACT)
    assert found.r2 == pytest.approx(sk.r2_score(truth, expected, **said), **EXACT)
    assert found.poisson_deviance == pytest.approx(sk.mean_poisson_deviance(truth, expected, **said), **EXACT)
    weight = np.ones(ROWS) if weights is None else weights
    assert found.wape == pytest.approx(
        np.average(abs(expected - truth), weights=weight) / np.average(truth, weights=weight)
    )
    assert found.bias == pytest.approx(
        np.average(expected, weights=weight) / np.average(truth, weights=weight) - 1
    )


@pytest.mark.parametrize("prediction", [[2.0, 2.0, 2.0], [2.0, 2.0, 3.0]])
def test_r2_of_a_constant_truth(prediction):
    truth = np.array([2.0, 2.0, 2.0])
    assert regression(truth, np.array(prediction)).r2 == sk.r2_score(truth, prediction)


@WEIGHTS
def test_binary(weights):
    # rounded, so that many scores tie; 0 and 1 are among them
    probability = RNG.random(ROWS).round(2)
    truth = RNG.random(ROWS) < 0.2 + 0.5 * probability
    found = binary(truth, probability, weights, threshold=0.4)
    predicted, said = probability >= 0.4, {"sample_weight": weights}
    assert found.accuracy == pytest.approx(sk.accuracy_score(truth, predicted, **said), **EXACT)
    assert found.precision == pytest.approx(sk.precision_score(truth, predicted, **said), **EXACT)
    assert found.recall == pytest.approx(sk.recall_score(truth, predicted, **said), **EXACT)
    assert found.f1 == pytest.approx(sk.f1_score(truth, predicted, **said), **EXACT)
    assert found.auc == pytest.approx(sk.roc_auc_score(truth, probability, **said), **EXACT)
    assert found.log_loss == pytest.approx(sk.log_loss(truth, probability, **said), **EXACT)
    assert found.brier == pytest.approx(sk.brier_score_loss(truth, probability, **said), **EXACT)
    np.testing.assert_allclose(
        found.confusion.counts, sk.confusion_matrix(truth, predicted, **said), rtol=1e-12
    )
    for beta in (0.5, 2.0):
        assert found.confusion.f(beta)[1] == pytest.approx(
            sk.fbeta_score(truth, predicted, beta=beta, **said), **EXACT
        )


@WEIGHTS
def test_multiclass(weights):
    probabilities = RNG.dirichlet([1.0, 2.0, 0.5, 1.0], size=ROWS)
    truth = np.array([RNG.choice(4, p=row) for row in probabilities])
    found, predicted = multiclass(truth, probabilities, weights), probabilities.argmax(axis=1)
    said = {"sample_weight": weights, "average": "weighted"}
    assert found.accuracy == pytest.approx(
        sk.accuracy_score(truth, predicted, sample_weight=weights), **EXACT
    )
    assert found.weighted_precision == pytest.approx(sk.precision_score(truth, predicted, **said), **EXACT)
    assert found.weighted_recall == pytest.approx(sk.recall_score(truth, predicted, **said), **EXACT)
    assert found.weighted_f1 == pytest.approx(sk.f1_score(truth, predicted, **said), **EXACT)
    assert found.log_loss == pytest.approx(sk.log_loss(truth, probabilities, sample_weight=weights), **EXACT)
    bare = MulticlassSums.of_labels(truth, predicted, 4, weights).metrics
    assert bare.weighted_f1 == found.weighted_f1
    assert np.isnan(bare.log_loss)


def test_a_class_never_predicted_counts_as_in_scikit_learn():
    truth, predicted = np.array([0, 1, 2, 2]), np.array([0, 0, 2, 2])
    found = Confusion.of(truth, predicted, 3)
    expected = sk.precision_score(truth, predicted, average="weighted", zero_division=0)
    assert found.weighted(found.precision) == pytest.approx(expected)


def test_curves():
    score = RNG.random(400).round(2)
    truth = RNG.random(400) < score
    false, true, _ = sk.roc_curve(truth, score, drop_intermediate=False)
    np.testing.assert_allclose(Ranking.of(truth, score).roc(), (false, true), rtol=1e-12)
    precision, recall, _ = sk.precision_recall_curve(truth, score)
    ours = Ranking.of(truth, score).precision_recall()
    np.testing.assert_allclose(ours, (precision[::-1], recall[::-1]), rtol=1e-12)


def test_the_hardest_mistake_costs_what_it_costs_in_scikit_learn():
    found = binary(np.array([True, False]), np.array([0.0, 0.0]))
    assert found.log_loss == pytest.approx(sk.log_loss([1, 0], [0.0, 0.0], labels=[0, 1]), rel=1e-12)
    assert found.log_loss == pytest.approx(-np.log(CLIP) / 2, rel=1e-12)


@pytest.mark.parametrize("freedom", [2, 3, 8, 18, 60])
def test_student_quantile(freedom):
    for share in (0.9, 0.95, 0.975, 0.995):
        assert student_quantile(share, freedom) == pytest.approx(stats.t.ppf(share, freedom), rel=1e-5)


#: The examples of docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-metrics.html: what
#: came, then what was predicted, and the figures given for them.
DOCUMENTED = {
    "binary": (
        [[1, 2], [0, 1]],
        {"recall": 1.0, "precision": 1 / 3, "accuracy": 0.5, "f0_5": 0.3846153846153846, "f1": 0.5, "f2": 0.7142857142857143},
        {"recall": 1.0, "precision": 0.25, "accuracy": 0.25, "f0_5": 0.29411764705882354, "f1": 0.4, "f2": 0.625},
    ),
    "multiclass": (
        [[1180, 510], [268, 138]],
        {
            "accuracy": 0.6288167938931297, "recall": 0.6288167938931297, "precision": 0.6983172269629505,
            "f0_5": 0.6803947317178771, "f1": 0.6571162346664904, "f2": 0.6384024354394601,
        },
        {
            "accuracy": 0.19370229007633588, "recall": 0.19370229007633588, "precision": 0.03752057718081697,
            "f0_5": 0.04473443104152011, "f1": 0.06286421244683643, "f2": 0.10570313141262414,
        },
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", DOCUMENTED)
def test_documented_examples(kind):
    counts, own, constant = DOCUMENTED[kind]
    confusion = Confusion(np.array(counts, float))
    for seen, expected in ((confusion, own), (confusion.constant, constant)):
        by_class = {
            "recall": seen.recall,
            "precision": seen.precision,
            "f0_5": seen.f(0.5),
            "f1": seen.f(),
            "f2": seen.f(2),
        }
        found = {
            name: seen.weighted(values) if kind == "multiclass" else values[1]
            for name, values in by_class.items()
        }
        assert {"accuracy": seen.accuracy, **found} == pytest.approx(expected, rel=1e-12)


def test_documented_statistics_are_read():
    said = {
        "regression_metrics": {
            "mae": {"value": 0.3711832061068702, "standard_deviation": 0.0037566388129940394}
        }
    }
    assert (
        read_statistics(json.dumps(said).encode()).metrics["mae"].standard_deviation == 0.0037566388129940394
    )
