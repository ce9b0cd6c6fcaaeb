"""The model quality monitor's files, from Parquet in to verdict out."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from spalje.errors import BadInput, Corrupt, NotFound
from spalje.monitor.model_quality_baseline import ModelQualityBaseline
from spalje.monitor.verdict import Outcome, Verdict
from spalje.pipeline.problem import Problem
from spalje.sagemaker import model_quality as files
from spalje.sagemaker import violations
from spalje.steps import model_quality, quality_baseline
from spalje.steps.evaluate import read_metrics
from spalje.storage import table

PROBLEM = Problem(
    type="regression",
    target="units",
    features=("price",),
    keys=("store", "article", "day"),
    time="day",
    group="store",
    season="weekday",
)
FIRST = date(2017, 7, 3)
STORES, ARTICLES = 15, 8


def sales(weeks, first=FIRST, *, demand=1.0, seed=1):
    """Predictions with the truth: keys, units, prediction."""
    rng = np.random.default_rng(seed)
    shape = (weeks * 7, STORES, ARTICLES)
    expected = np.broadcast_to(0.2 + np.random.default_rng(0).gamma(0.5, size=(1, STORES, ARTICLES)), shape)
    days = [first + timedelta(days=number) for number in range(weeks * 7)]
    places = np.indices(shape)
    return pa.table(
        {
            "store": pa.array(places[1].ravel(), pa.int16()),
            "article": pa.array([f"a{number}" for number in places[2].ravel()]),
            "day": pa.array([days[number] for number in places[0].ravel()], pa.date32()),
            "units": pa.array(rng.poisson(expected * demand).ravel(), pa.int32()),
            "prediction": expected.ravel(),
        }
    )


@pytest.fixture(scope="module")
def baseline(tmp_path_factory):
    folder = tmp_path_factory.mktemp("baseline")
    table.write(sales(9), folder / "predictions")
    out = folder / "out"
    out.mkdir()
    quality_baseline.write(folder / "predictions", PROBLEM, out, {"monitor": "model_quality"})
    return out


@pytest.fixture
def run(tmp_path, baseline):
    """Check a batch; returns the verdict and the folder written."""

    def checked(rows, truth, problem=PROBLEM, held=baseline, **settings):
        table.write(rows, tmp_path / "predictions")
        table.write(truth, tmp_path / "truth")
        out = tmp_path / "verdict"
        out.mkdir(exist_ok=True)
        said = {"monitor": "model_quality", **settings}
        verdict = model_quality.check(tmp_path / "predictions", tmp_path / "truth", held, problem, out, said)
        assert Verdict.model_validate_json((out / "verdict.json").read_bytes()) == verdict
        return verdict, out

    return checked


MONDAY = date(2017, 9, 4)


def batch(**changes):
    rows = sales(1, MONDAY, **{"seed": 5, **changes})
    return rows.drop_columns(["units"]), rows.select(["store", "article", "day", "units"])


def test_a_baseline_has_three_files(baseline):
    assert sorted(path.name for path in baseline.iterdir()) == [
        "baseline.json",
        "constraints.json",
        "statistics.json",
    ]
    statistics = files.read_statistics((baseline / "statistics.json").read_bytes())
    constraints = files.read_constraints((baseline / "constraints.json").read_bytes()).constraints
    assert statistics.items == 9 * 7 * STORES * ARTICLES
    thresholds = {bound.metric: bound.threshold for bound in constraints}
    assert thresholds["rmse"] == pytest.approx(1.15 * statistics.values["rmse"])
    document = json.loads((baseline / "baseline.json").read_text())
    assert "constraints" not in document
    held = ModelQualityBaseline.model_validate({**document, "constraints": constraints})
    assert (held.score, len(held.days), held.clustered_by) == ("poisson_deviance", 63, "store")
    assert held.days[0].day == FIRST


def test_a_good_week_and_a_bad_one(run):
    good, out = run(*batch())
    assert good.outcome is Outcome.OK
    assert json.loads((out / "constraint_violations.json").read_text()) == {"violations": []}
    bad, out = run(*batch(demand=2.0))
    assert bad.outcome is Outcome.ALARM
    assert "worse than all 9 weeks of the baseline" in bad.summary
    metrics = read_metrics(out)
    assert metrics["coverage"] == 1.0
    assert metrics["rows_with_truth"] == 7 * STORES * ARTICLES
    assert metrics["bias"] == pytest.approx(-0.5, abs=0.1)
    found = violations.read((out / "constraint_violations.json").read_bytes()).violations
    assert {"mae", "rmse"} <= {violation.column for violation in found}


def test_the_same_inputs_give_the_same_files(run):
    seen = []
    for _ in range(2):
        _, out = run(*batch(demand=1.3))
        seen.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert seen[0] == seen[1]


def test_the_order_of_either_table_does_not_matter(run):
    rows, truth = batch(demand=1.3)
    first, _ = run(rows, truth)
    order = np.random.default_rng(1).permutation(rows.num_rows)
    second, _ = run(rows, truth.take(pa.array(order)))
    assert first == second
    third, _ = run(rows.take(pa.array(order)), truth)
    assert third.figures["metrics"] == pytest.approx(first.figures["metrics"])


def test_truth_is_joined_to_its_own_row(run):
    """Predict the truth exactly: any row joined to another's truth would cost something."""
    rows, truth = batch()
    exact = rows.set_column(
        rows.column_names.index("prediction"), "prediction", truth["units"].cast(pa.float64())
    )
    verdict, _ = run(exact, truth.take(pa.array(np.random.default_rng(1).permutation(truth.num_rows))))
    assert verdict.figures["metrics"]["mae"] == 0.0


def midnight(column):
    return column.cast(pa.timestamp("us"))


FITTING = {
    "wider int": ("store", lambda column: column.cast(pa.int64())),
    "unsigned": ("store", lambda column: column.cast(pa.uint8())),
    "whole floats": ("store", lambda column: column.cast(pa.float64())),
    "dictionary": ("article", lambda column: column.dictionary_encode()),
    "large string": ("article", lambda column: column.cast(pa.large_string())),
    "string view": ("article", lambda column: column.cast(pa.string_view())),
    "midnight": ("day", midnight),
    "midnight in ns": ("day", lambda column: midnight(column).cast(pa.timestamp("ns"))),
    "date64": ("day", lambda column: column.cast(pa.date64())),
    "dictionary of days": ("day", lambda column: column.dictionary_encode()),
}


def with_column(rows, name, change):
    return rows.set_column(rows.column_names.index(name), name, change(rows[name]))


@pytest.mark.parametrize("which", FITTING)
def test_keys_of_other_types_meet_when_nothing_is_lost(run, which):
    rows, truth = batch()
    expected, _ = run(rows, truth)
    name, change = FITTING[which]
    for tables in ((rows, with_column(truth, name, change)), (with_column(rows, name, change), truth)):
        found, _ = run(*tables)
        assert found.figures["coverage"] == 1.0
        assert found.figures["metrics"] == pytest.approx(expected.figures["metrics"])


NOT_FITTING = {
    "half stores": ("store", lambda column: pa.array([value + 0.5 for value in column.to_pylist()]), "double", "int16"),
    "text for numbers": ("store", lambda column: column.cast(pa.string()), "string", "int16"),
    "numbers for text": ("article", lambda column: pa.array([int(value[1:]) for value in column.to_pylist()]), "int64", "string"),
    "six o'clock": (
        "day",
        lambda column: pa.array([datetime(day.year, day.month, day.day, 6) for day in column.to_pylist()], pa.timestamp("us")),  # noqa: DTZ001
        "timestamp[us]",
        "date32[day]",
    ),
    "with a zone": (
        "day",
        lambda column: pa.array([datetime(day.year, day.month, day.day, tzinfo=UTC) for day in column.to_pylist()], pa.timestamp("us", "UTC")),
        "timestamp[us, tz=UTC]",
        "date32[day]",
    ),
    "text for days": ("day", lambda column: column.cast(pa.string()), "string", "date32[day]"),
}  # fmt: skip


@pytest.mark.parametrize("which", NOT_FITTING)
def test_keys_that_would_lose_something_are_refused_with_both_types(run, which):
    rows, truth = batch()
    name, change, theirs, ours = NOT_FITTING[which]
    with pytest.raises(BadInput) as error:
        run(rows, with_column(truth, name, change))
    assert f"'{name}' is {theirs} in the ground truth and {ours} in the predictions" in str(error.value)
    assert error.value.do == f"Deliver '{name}' as {ours}."


def test_a_store_number_that_is_too_large_for_ours_is_only_unknown(run):
    rows, truth = batch()
    far = truth.slice(0, 1)
    far = with_column(far, "store", lambda _: pa.array([70_000], pa.int64()))
    truth = pa.concat_tables([with_column(truth, "store", lambda column: column.cast(pa.int64())), far])
    verdict, out = run(rows, truth)
    assert verdict.figures["coverage"] == 1.0
    assert read_metrics(out)["truth_without_prediction"] == 1
    assert verdict.summary.endswith(" 1 rows of truth about these dates have no prediction.")


def test_truth_about_other_dates_is_no_matter(run):
    rows, truth = batch()
    later = sales(1, MONDAY + timedelta(days=7)).select(truth.column_names)
    verdict, _ = run(rows, pa.concat_tables([truth, later]))
    assert verdict.figures["truth_about_other_dates"] == 7 * STORES * ARTICLES
    assert verdict.figures["truth_without_prediction"] == 0
    assert "have no prediction" not in verdict.summary


def test_duplicates_in_the_truth_are_refused_by_name_when_they_differ(run):
    rows, truth = batch()
    again = [truth, truth.slice(10, 1), truth.slice(3, 2), truth.slice(3, 1)]
    assert run(rows, pa.concat_tables(again)) == run(rows, truth)
    other = truth.slice(3, 1).set_column(3, "units", pa.array([70], pa.int32()))
    with pytest.raises(BadInput) as error:
        run(rows, pa.concat_tables([*again, other]))
    assert str(error.value) == (
        "The ground truth says different things about the same row: "
        f"store=0, article=a3, day=2017-09-04 is {truth['units'][3]} and 70."
    )


def test_coverage_counts_rows_without_truth(run):
    rows, truth = batch(demand=2.0)
    unknown = pa.array(
        [None if number % 4 == 0 else value for number, value in enumerate(truth["units"].to_pylist())],
        pa.int32(),
    )
    some = truth.set_column(3, "units", unknown)
    verdict, out = run(rows, some)
    assert verdict.outcome is Outcome.INSUFFICIENT
    assert verdict.figures["coverage"] == 0.75
    assert read_metrics(out)["coverage"] == 0.75
    assert json.loads((out / "constraint_violations.json").read_text()) == {"violations": []}
    assert run(rows, truth.slice(0, int(truth.num_rows * 0.9)))[0].outcome is Outcome.ALARM
    nan = truth.set_column(3, "units", pa.array([np.nan] * truth.num_rows))
    verdict, out = run(rows, nan)
    assert verdict.outcome is Outcome.INSUFFICIENT
    assert read_metrics(out) == {
        "coverage": 0.0,
        "rows": 840.0,
        "rows_with_truth": 0.0,
        "truth_without_prediction": 0.0,
    }


def test_null_keys_in_the_truth_match_nothing(run):
    rows, truth = batch()
    lost = with_column(truth, "article", lambda column: pa.array([None, None, *column.to_pylist()[2:]]))
    verdict, _ = run(rows, lost)
    assert verdict.figures["rows"] == truth.num_rows - 2
    assert verdict.figures["truth_without_prediction"] == 2


def test_an_empty_truth_is_no_verdict(run):
    rows, truth = batch()
    assert run(rows, truth.slice(0, 0))[0].outcome is Outcome.INSUFFICIENT
    assert run(rows.slice(0, 0), truth)[0].outcome is Outcome.INSUFFICIENT


def test_files_of_model_monitor_alone_decide_under_its_policy(run, tmp_path):
    held = tmp_path / "theirs"
    held.mkdir()
    said = {
        "version": 0.0,
        "regression_constraints": {"rmse": {"threshold": 0.1, "comparison_operator": "GreaterThanThreshold"}},
    }
    (held / "constraints.json").write_text(json.dumps(said))
    verdict, out = run(*batch(), held=held, policy="sagemaker")
    assert verdict.outcome is Outcome.ALARM
    assert len(json.loads((out / "constraint_violations.json").read_text())["violations"]) == 1
    assert run(*batch(), held=held, policy="sagemaker", thresholds={"rmse": 5.0})[0].outcome is Outcome.OK
    with pytest.raises(BadInput, match=r"has no baseline\.json"):
        run(*batch(), held=held)


def test_thresholds_of_the_settings_win(run, tmp_path):
    assert run(*batch(), policy="sagemaker")[0].outcome is Outcome.OK
    assert run(*batch(), policy="sagemaker", thresholds={"rmse": 0.1})[0].outcome is Outcome.ALARM
    with pytest.raises(NotFound, match="Did you mean 'rmse'"):
        run(*batch(), thresholds={"rsme": 0.1})


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"policy": "loose"}, "policy is 'loose'"),
        ({"alpha": 2.0}, "alpha is 2.0"),
        ({"margn": 0.1}, "Did you mean 'margin'"),
    ],
)
def test_settings_that_are_none(run, settings, says):
    with pytest.raises((BadInput, NotFound)) as error:
        run(*batch(), **settings)
    assert says in str(error.value)


def test_a_damaged_baseline_is_corrupt(run, tmp_path, baseline):
    held = tmp_path / "damaged"
    held.mkdir()
    (held / "constraints.json").write_bytes((baseline / "constraints.json").read_bytes())
    for text in ("{", "[]", '{"format": 1}'):
        (held / "baseline.json").write_text(text)
        with pytest.raises(Corrupt, match=r"baseline\.json is not a model quality baseline"):
            run(*batch(), held=held)


def test_a_baseline_of_another_problem_is_refused(run, baseline):
    other = PROBLEM.model_copy(update={"type": "binary"})
    with pytest.raises(BadInput, match="is about a regression problem; this one is binary"):
        run(*batch(), problem=other)


def test_a_baseline_needs_truth(tmp_path):
    rows = sales(1)
    table.write(rows.drop_columns(["units"]), tmp_path / "without")
    with pytest.raises(BadInput, match="has no column 'units'"):
        quality_baseline.write(tmp_path / "without", PROBLEM, tmp_path, {})
    table.write(rows.set_column(3, "units", pa.nulls(rows.num_rows, pa.int32())), tmp_path / "nulls")
    with pytest.raises(BadInput, match="has a truth in 'units'"):
        quality_baseline.write(tmp_path / "nulls", PROBLEM, tmp_path, {})


@pytest.mark.parametrize(
    ("column", "values", "says"),
    [
        ("units", ["a"] * 840, "'units' holds string, and truth of this problem are numbers"),
        (
            "units",
            [float("inf")] * 840,
            "'units' is not a finite number in 840 of 840 rows; the first is inf",
        ),
        (
            "prediction",
            [None] + [1.0] * 839,
            "'prediction' is not a finite number in 1 of 840 rows; the first is missing",
        ),
    ],
)
def test_values_that_cannot_be_judged(tmp_path, column, values, says):
    table.write(with_column(sales(1), column, lambda _: pa.array(values)), tmp_path / "odd")
    with pytest.raises(BadInput) as error:
        quality_baseline.write(tmp_path / "odd", PROBLEM, tmp_path, {})
    assert says in str(error.value)


CHURN = Problem(type="binary", target="churned", features=("x",), keys=("id",))
RIPENESS = Problem(type="multiclass", target="state", features=("x",), keys=("id",))


def round_trip(tmp_path, rows, problem, settings=None):
    """Baseline and check of the same rows: nothing can be worse."""
    table.write(rows, tmp_path / "predictions")
    table.write(rows.select([*problem.keys, problem.target]), tmp_path / "truth")
    held, out = tmp_path / "held", tmp_path / "out"
    held.mkdir()
    out.mkdir()
    quality_baseline.write(tmp_path / "predictions", problem, held, settings or {})
    verdict = model_quality.check(tmp_path / "predictions", tmp_path / "truth", held, problem, out, {})
    assert verdict.outcome is Outcome.OK
    return verdict, files.read_statistics((held / "statistics.json").read_bytes())


@pytest.mark.parametrize(("no", "yes"), [(False, True), (0, 1), (0.0, 1.0), ("no", "yes")])
@pytest.mark.parametrize("dictionary", [False, True])
def test_a_yes_in_any_spelling(tmp_path, no, yes, dictionary):
    came = pa.array([yes, no] * 50)
    came = came.dictionary_encode() if dictionary else came
    rows = pa.table({"id": range(100), "churned": came, "prediction": [0.8, 0.3] * 50})
    settings = {"classes": ["no", "yes"]} if yes == "yes" else {}
    verdict, statistics = round_trip(tmp_path, rows, CHURN, settings)
    assert verdict.figures["metrics"]["accuracy"] == 1.0
    assert statistics.values["auc"] == 1.0


def test_two_columns_of_probabilities_as_predict_proba_gives_them(tmp_path):
    rows = pa.table(
        {
            "id": range(100),
            "churned": [1, 0] * 50,
            "prediction_0": [0.2, 0.7] * 50,
            "prediction_1": [0.8, 0.3] * 50,
        }
    )
    assert round_trip(tmp_path, rows, CHURN)[0].figures["metrics"]["brier"] == pytest.approx(0.065)


def chances(names):
    """Columns of probabilities for 90 rows whose classes take turns; the likeliest is the true one."""
    return {
        name: [0.6 if row % 3 == number else 0.2 for row in range(90)] for number, name in enumerate(names)
    }


def test_classes_by_the_names_of_the_columns(tmp_path):
    names = ("green", "ripe", "over")
    rows = pa.table({"id": range(90), "state": names * 30, **chances(names)})
    verdict, statistics = round_trip(tmp_path, rows, RIPENESS)
    assert verdict.figures["metrics"]["accuracy"] == 1.0
    assert tuple(statistics.shapes["confusion_matrix"]) == names


def test_classes_by_number_and_bare_classes(tmp_path):
    rows = {"id": range(90), "state": [0, 1, 2] * 30}
    columns = chances([f"prediction_{number}" for number in range(3)])
    (tmp_path / "chances").mkdir()
    (tmp_path / "bare").mkdir()
    assert (
        round_trip(tmp_path / "chances", pa.table(rows | columns), RIPENESS)[0].figures["score"] == "log_loss"
    )
    verdict, statistics = round_trip(
        tmp_path / "bare", pa.table(rows | {"prediction": [0.0, 1.0, 1.0] * 30}), RIPENESS
    )
    assert verdict.figures["score"] == "error_rate"
    assert statistics.values["accuracy"] == pytest.approx(2 / 3)
    assert statistics.shapes["confusion_matrix"]["2"] == {"0": 0, "1": 30, "2": 0}


def test_a_class_nobody_knows(tmp_path):
    rows = pa.table({"id": [1, 2], "churned": ["yes", "maybe"], "prediction": [0.8, 0.3]})
    table.write(rows, tmp_path / "predictions")
    with pytest.raises(BadInput, match="'maybe' in some rows; the classes are no, yes"):
        quality_baseline.write(tmp_path / "predictions", CHURN, tmp_path, {"classes": ["no", "yes"]})


def test_scores_that_are_no_probabilities(tmp_path):
    table.write(
        pa.table({"id": [1, 2], "churned": [0, 1], "prediction": [-1.5, 2.0]}), tmp_path / "predictions"
    )
    with pytest.raises(BadInput, match=r"'prediction' goes from -1\.5 to 2; probabilities go from 0 to 1"):
        quality_baseline.write(tmp_path / "predictions", CHURN, tmp_path, {})


def test_a_score_of_another_type_of_problem(tmp_path):
    table.write(
        pa.table({"id": [1, 2], "churned": [0, 1], "prediction": [0.5, 0.2]}), tmp_path / "predictions"
    )
    with pytest.raises(NotFound, match="score of a binary problem 'rmse'"):
        quality_baseline.write(tmp_path / "predictions", CHURN, tmp_path, {"score": "rmse"})
