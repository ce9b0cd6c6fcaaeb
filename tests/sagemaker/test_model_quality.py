"""Model Monitor's files about model quality: what is not understood stays, what is said is true."""

import json

import numpy as np
import pytest

from spalje.errors import BadInput
from spalje.monitor.measurement import Judged, metrics_of
from spalje.monitor.metric_constraint import MetricConstraint
from spalje.sagemaker import violations
from spalje.sagemaker.model_quality import (
    METRICS,
    ConstraintsFile,
    Metric,
    read_constraints,
    read_statistics,
    statistics,
    write_constraints,
    write_statistics,
    write_violations,
)

STATISTICS = """\
{
  "version": 0.0,
  "dataset": {
    "item_count": 334,
    "evaluation_time": "2020-12-01T02:00:00Z"
  },
  "binary_classification_metrics": {
    "recall": {
      "value": 0.50,
      "standard_deviation": "NaN",
      "unit": [1, 2.50]
    },
    "auc": {
      "value": "NaN",
      "standard_deviation": "NaN"
    },
    "confusion_matrix": {"0":  {"0": 1, "1": 2}, "1": {"0": 0, "1": 1}},
    "au_prc_curve": {"a": [ 1.0,0.5 ]}
  },
  "note": {"by":  "hand"}
}
"""

CONSTRAINTS = """\
{
  "version": 0.0,
  "regression_constraints": {
    "mae": {
      "threshold": 0.0000125,
      "comparison_operator": "GreaterThanThreshold",
      "additional_properties": null
    },
    "mape": {"comparison_operator":"GreaterThanThreshold"},
    "r2": {
      "threshold": "0.3",
      "comparison_operator": "lessThanThreshold"
    }
  },
  "kept": [1.50]
}
"""


def judged(kind, rows, seed=1):
    rng = np.random.default_rng(seed)
    if kind == "regression":
        prediction = rng.gamma(1.0, size=rows)
        return Judged(kind, rng.poisson(prediction).astype(float), prediction), ()
    if kind == "binary":
        prediction = rng.random(rows)
        return Judged(kind, (rng.random(rows) < prediction).astype(float), prediction), ("0", "1")
    chances = rng.dirichlet([1, 1, 1], size=rows)
    return Judged(kind, rng.integers(0, 3, rows).astype(float), chances), ("low", "mid", "high")


def test_statistics_read_and_written_keep_what_is_not_understood():
    file = read_statistics(STATISTICS.encode())
    assert file.type == "binary"
    assert file.items == 334
    assert file.metrics == {"recall": Metric(0.5, None), "auc": Metric(None, None)}
    assert file.values == {"recall": 0.5}
    assert file.shapes["confusion_matrix"]["0"]["1"] == 2
    written = write_statistics(file).decode()
    for kept in (
        '"unit": [1, 2.50]',
        '{"0":  {"0": 1, "1": 2}, "1": {"0": 0, "1": 1}}',
        '{"a": [ 1.0,0.5 ]}',
        '{"by":  "hand"}',
        '"evaluation_time"',
    ):
        assert kept in written
    assert json.loads(written) == json.loads(STATISTICS)
    assert write_statistics(read_statistics(written.encode())).decode() == written


def test_constraints_read_and_written_keep_what_is_not_understood():
    file = read_constraints(CONSTRAINTS.encode())
    assert file.constraints == (
        MetricConstraint(metric="mae", threshold=0.0000125, operator="GreaterThanThreshold"),
        MetricConstraint(metric="r2", threshold=0.3, operator="LessThanThreshold"),
    )
    written = write_constraints(file).decode()
    # plain decimals, as Model Monitor needs them
    assert '"threshold": 0.0000125' in written
    for kept in (
        '"additional_properties": null',
        '{"comparison_operator":"GreaterThanThreshold"}',
        '"kept": [1.50]',
    ):
        assert kept in written
    assert read_constraints(written.encode()).constraints == file.constraints
    assert write_constraints(read_constraints(written.encode())).decode() == written


@pytest.mark.parametrize("kind", METRICS)
def test_our_own_files_say_what_we_measured(kind):
    rows, labels = judged(kind, 400)
    file = statistics(rows, labels, np.random.default_rng(2))
    again = read_statistics(write_statistics(file))
    assert again.type == kind
    assert tuple(again.metrics) == METRICS[kind]
    assert again.metrics == file.metrics
    measured, _ = metrics_of(rows)
    for name in set(measured) & set(file.metrics):
        assert file.metrics[name].value == measured[name]
    assert all(
        metric.standard_deviation > 0
        for name, metric in file.metrics.items()
        if not name.startswith("recall_best")
    )
    if labels:
        assert sum(sum(row.values()) for row in again.shapes["confusion_matrix"].values()) == 400
        assert tuple(again.shapes["confusion_matrix"]) == labels


def test_standard_deviations_begin_at_200_rows_and_are_the_same_again():
    for rows, there in ((199, False), (200, True)):
        file = statistics(*judged("regression", rows), np.random.default_rng(2))
        deviation = file.metrics["rmse"].standard_deviation
        assert (deviation is not None) == there
        said = json.loads(write_statistics(file))["regression_metrics"]["rmse"]["standard_deviation"]
        assert said == (deviation if there else "NaN")
        assert write_statistics(file) == write_statistics(
            statistics(*judged("regression", rows), np.random.default_rng(2))
        )


def test_the_standard_deviation_is_of_five_samples_of_four_fifths():
    rows, _ = judged("regression", 500)
    found = [
        statistics(rows, (), np.random.default_rng(seed)).metrics["mae"].standard_deviation
        for seed in range(200)
    ]
    # of a mean of 400 of 500 rows, drawn without replacement
    error = np.abs(rows.prediction - rows.truth).std(ddof=1)
    assert np.sqrt(np.mean(np.square(found))) == pytest.approx(error * np.sqrt(1 / 400 - 1 / 500), rel=0.1)


def test_rows_of_one_class_have_no_curves():
    file = statistics(Judged("binary", np.zeros(5), np.full(5, 0.1)), ("0", "1"), np.random.default_rng(2))
    assert set(file.shapes) == {"confusion_matrix"}
    assert json.loads(write_statistics(file))["binary_classification_metrics"]["auc"]["value"] == "NaN"


def test_violations_are_model_monitors_shape_and_read_by_the_common_reader():
    bound = MetricConstraint(metric="rmse", threshold=0.8, operator="GreaterThanThreshold")
    written = write_violations({"rmse": 0.93}, [bound])
    (entry,) = json.loads(written)["violations"]
    assert entry["metric_name"] == "rmse"
    assert entry["constraint_check_type"] == "GreaterThanThreshold"
    assert entry["description"] == "Metric rmse with 0.93 was GreaterThanThreshold 0.8"
    (read,) = violations.read(written).violations
    assert (read.column, read.value, read.threshold, read.breach) == ("rmse", 0.93, 0.8, False)
    assert json.loads(write_violations({}, [])) == {"violations": []}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"features": []}', "is not about model quality: it has none of regression_constraints, "),
        (
            b'{"regression_constraints": {"mae": {"threshold": 1, "comparison_operator": "Above"}}}',
            "allowed are LessThanThreshold",
        ),
        (b'{"regression_constraints": {"mae": {"threshold": "much"}}}', "threshold should be a number"),
        (b'{"regression_con', "is not the JSON it should be"),
    ],
)
def test_what_cannot_be_used_is_named(data, says):
    with pytest.raises(BadInput, match=r"constraints\.json") as error:
        read_constraints(data)
    assert says in str(error.value)


def test_an_empty_file_of_constraints():
    assert read_constraints(write_constraints(ConstraintsFile("multiclass", ()))).type == "multiclass"


@pytest.mark.parametrize("version", ["0", "0.0", '"1.0"', '"v2"'])
def test_versions_in_any_spelling_stay_as_they_were(version):
    text = '{"version": %s, "%s": {}}'
    statistics = read_statistics((text % (version, "regression_metrics")).encode())
    constraints = read_constraints((text % (version, "regression_constraints")).encode())
    for written in (write_statistics(statistics), write_constraints(constraints)):
        assert f'"version": {version}' in written.decode()


def test_bare_numbers_are_read_too():
    assert read_statistics(b'{"regression_metrics": {"mae": 0.5, "r2": "NaN"}}').metrics == {
        "mae": Metric(0.5),
        "r2": Metric(None),
    }
