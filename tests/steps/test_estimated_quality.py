"""Quality before the truth is known, through the steps: a baseline with features, an estimate, the truth, what moved."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spalje.errors import BadInput, Corrupt, NotFound
from spalje.monitor.estimated_quality import LABEL
from spalje.monitor.verdict import Outcome
from spalje.pipeline.problem import Problem
from spalje.steps import estimated_quality, model_quality, quality_baseline
from spalje.steps.expectation import Expectation

REGRESSION = Problem(
    type="regression", target="units", features=("price", "fruit"), categorical=("fruit",),
    keys=("store", "day"), time="day", group="store",
)  # fmt: skip
MONDAY = np.datetime64("2017-09-04")


def sales(weeks, seed, *, first=MONDAY, low=1.0, demand=1.0, problem=REGRESSION):
    """Rows of 40 stores a day: units around a mean that falls with the price and depends on the fruit."""
    rng = np.random.default_rng(seed)
    days = np.repeat(first + np.arange(7 * weeks), 40)
    store = np.tile(np.arange(40), 7 * weeks)
    price = rng.uniform(low, 5.0, size=len(days))
    fruit = rng.choice(["fig", "kiwi"], size=len(days))
    mean = np.where(fruit == "fig", 6.0, 2.0) * np.exp(-0.3 * price)
    columns = {"store": store, "day": pa.array(days), "price": price, "fruit": fruit}
    if problem.type == "regression":
        moody = np.where(fruit == "fig", rng.gamma(1.0, 1.0, size=len(days)), 1.0)
        return pa.table({**columns, "units": rng.poisson(demand * moody * mean), "prediction": mean})
    chance = 1 - np.exp(-mean)
    came = rng.random(len(days)) < np.clip(demand * chance, 0, 1)
    if problem.type == "binary":
        return pa.table({**columns, "units": came, "prediction": chance})
    two = came + (came & (rng.random(len(days)) < 0.5)).astype(int)
    half = np.stack([1 - chance, chance / 2, chance / 2], axis=-1)
    names = {f"prediction_{place}": half[:, place] for place in range(3)}
    return pa.table({**columns, "units": two, **names})


def hard(rows):
    """Those that are hard to predict: cheap figs."""
    return rows.filter(
        pa.compute.and_(pa.compute.equal(rows["fruit"], "fig"), pa.compute.less(rows["price"], 2.0))
    )


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


class Stage:
    def __init__(self, folder):
        self.folder = folder

    def put(self, name, rows):
        (self.folder / name).mkdir(exist_ok=True)
        pq.write_table(rows, self.folder / name / "part-0.parquet")
        return self.folder / name

    def out(self, name):
        (self.folder / name).mkdir(exist_ok=True)
        return self.folder / name

    def parts(self, name, rows, problem):
        """Features, predictions and truth of rows, as three tables."""
        predictions = [column for column in rows.column_names if column.startswith("prediction")]
        return (
            self.put(f"{name}-data", rows.select([*problem.keys, *problem.features])),
            self.put(f"{name}-predictions", rows.select([*problem.keys, *predictions])),
            self.put(f"{name}-truth", rows.select([*problem.keys, problem.target])),
        )

    def baseline(self, problem=REGRESSION, weeks=8, data=True):
        rows = sales(weeks, 1, first=MONDAY - np.timedelta64(7 * weeks), problem=problem)
        features, _, _ = self.parts("base", rows, problem)
        predictions = self.put("base-whole", rows.drop_columns(["price", "fruit"]))
        quality_baseline.write(
            predictions, problem, self.out("baseline"), {}, data=features if data else None
        )
        return self.folder / "baseline"

    def estimate(self, rows, problem=REGRESSION, earlier=None, name="batch"):
        features, predictions, _ = self.parts(name, rows, problem)
        return estimated_quality.check(
            features,
            predictions,
            self.folder / "baseline",
            problem,
            self.out("estimated"),
            {},
            earlier=earlier,
        )

    def judge(self, rows, problem=REGRESSION, name="batch", **more):
        features, predictions, truth = self.parts(name, rows, problem)
        return model_quality.check(
            predictions, truth, self.folder / "baseline", problem, self.out("judged"), {},
            data=features, estimated=self.out("estimated"), **more,
        )  # fmt: skip


@pytest.mark.parametrize("kind", ["regression", "binary", "multiclass"])
def test_an_estimate_is_near_what_the_truth_says_when_only_inputs_moved(stage, kind):
    problem = REGRESSION.model_copy(update={"type": kind})
    stage.baseline(problem)
    for rows in (sales(1, 3, problem=problem), hard(sales(8, 2, problem=problem))):
        estimated = stage.estimate(rows, problem).figures
        judged = stage.judge(rows, problem)
        realised = judged.figures["metrics"][estimated["name"]]
        assert estimated["score"] == pytest.approx(realised, rel=0.12, abs=0.04)
        assert estimated["low"] < realised < estimated["high"]
        assert judged.figures["estimated"]["score"] == estimated["score"], (
            "the truth stands beside the estimate"
        )
        assert estimated["label"] == LABEL


def test_it_is_blind_where_what_the_model_learned_no_longer_holds(stage):
    """As it says of itself: and then the truth tells that it was the relation that moved."""
    stage.baseline()
    calm, doubled = sales(1, 3), sales(1, 3, demand=2.0)
    assert stage.estimate(doubled).figures["score"] == pytest.approx(stage.estimate(calm).figures["score"])
    judged = stage.judge(doubled)
    assert judged.outcome is Outcome.ALARM
    assert judged.figures["shift"]["word"] == "relation"
    assert "what the model learned no longer holds" in judged.summary


def test_harder_inputs_are_told_from_another_relation(stage):
    stage.baseline()
    found = stage.judge(hard(sales(8, 4))).figures["shift"]
    assert found["word"] == "inputs"
    assert found["covariate_low"] > 0
    assert found["concept_low"] < 0 < found["concept_high"]
    assert found["covariate"] + found["concept"] == pytest.approx(found["total"])
    assert stage.judge(sales(1, 5)).figures["shift"]["word"] == "neither"


def test_much_worse_inputs_alarm_before_the_truth_is_known(stage):
    stage.baseline()
    figs = hard(sales(2, 6))
    verdict = stage.estimate(figs)
    assert verdict.outcome is Outcome.ALARM
    assert [violation.check for violation in verdict.violations] == ["estimated_poisson_deviance"]
    assert not verdict.blocks
    assert LABEL in verdict.summary
    assert stage.estimate(sales(1, 7)).outcome is Outcome.OK


def test_its_own_past_accuracy_is_shown_and_widens_what_it_takes(stage):
    stage.baseline()
    earlier = stage.out("earlier")
    for number in range(5):
        verdict = stage.estimate(sales(1, 20 + number), name=f"past-{number}")
        (earlier / f"{number}.verdict.json").write_text(verdict.model_dump_json())
        realised = verdict.figures["score"] * (1.5 if number % 2 else 0.5)
        judged = {"score": "poisson_deviance", "sums": [realised, 1.0, 0.0, 1.0], "outcome": "ok"}
        (earlier / f"{number}.judged.json").write_text(json.dumps(judged))
    found = stage.estimate(sales(1, 8), earlier=earlier)
    assert "In 5 earlier batches the estimate was off by" in found.summary
    assert found.figures["off"] == pytest.approx(np.mean([1.0, 1 / 3, 1.0, 1 / 3, 1.0]))
    assert len(found.figures["past"]) == 5
    figs = hard(sales(2, 6))
    assert stage.estimate(figs, earlier=earlier).outcome is Outcome.WARNING, (
        "so bad an estimator alarms nobody"
    )


def test_a_baseline_without_features_estimates_nothing(stage):
    stage.baseline(data=False)
    with pytest.raises(BadInput, match="made without features"):
        stage.estimate(sales(1, 3))
    assert "shift" not in stage.judge(sales(1, 3)).figures


def test_data_of_other_rows_is_refused(stage):
    stage.baseline()
    rows = sales(1, 3)
    features, _, _ = stage.parts("one", rows.take(list(range(rows.num_rows - 1, -1, -1))), REGRESSION)
    _, predictions, _ = stage.parts("two", rows, REGRESSION)
    with pytest.raises(BadInput, match="The rows of data and predictions are not the same"):
        estimated_quality.check(
            features, predictions, stage.folder / "baseline", REGRESSION, stage.out("o"), {}
        )


def test_categories_and_nulls_that_were_never_seen_are_no_error(stage):
    stage.baseline()
    rows = sales(1, 3)
    strange = rows.set_column(3, "fruit", pa.array(["durian", None] * (rows.num_rows // 2)))
    strange = strange.set_column(2, "price", pa.array([None] * rows.num_rows, pa.float64()))
    assert np.isfinite(stage.estimate(strange).figures["score"])


def test_an_expectation_is_the_same_after_a_round_trip(stage):
    folder = stage.baseline()
    one = Expectation.read(folder)
    one.write(stage.out("again"))
    two = Expectation.read(stage.folder / "again")
    rows = sales(1, 3)
    prediction = rows["prediction"].to_numpy()
    assert one.of(rows, prediction, np.arange(5)) == two.of(rows, prediction, np.arange(5))
    (folder / "expectation.json").write_text('{"score": 1}')
    with pytest.raises(Corrupt, match="is no expectation of losses"):
        Expectation.read(folder)


def test_segments_come_from_predictions_data_and_the_calendar(stage):
    stage.baseline()
    rows = sales(1, 3)
    features, predictions, truth = stage.parts("batch", rows, REGRESSION)
    out = stage.out("judged")
    names = ["store", "fruit", "weekday"]
    verdict = model_quality.check(
        predictions, truth, stage.folder / "baseline", REGRESSION, out, {"segments": names}, data=features
    )
    groups = json.loads((out / "segments.json").read_text())
    assert list(groups) == list(verdict.figures["segments"]) == names
    assert [len(groups[name]) for name in names] == [40, 2, 7]
    assert [group["name"] for group in groups["weekday"]][:2] == ["Monday", "Tuesday"]
    fig = next(group for group in groups["fruit"] if group["name"] == "fig")
    error = (rows["prediction"].to_numpy() - rows["units"].to_numpy())[
        np.array(rows["fruit"].to_pylist()) == "fig"
    ]
    assert fig["metrics"]["mae"] == pytest.approx(np.abs(error).mean())
    assert fig["rows"] == len(error)
    with pytest.raises(NotFound, match="colour"):
        model_quality.check(
            predictions,
            truth,
            stage.folder / "baseline",
            REGRESSION,
            out,
            {"segments": ["colour"]},
            data=features,
        )


def test_quantiles_are_judged_by_their_pinball_loss(stage):
    problem = REGRESSION.model_copy(update={"quantiles": (0.1, 0.5, 0.9)})

    def predicted(seed, weeks, spread=1.0):
        rows = sales(weeks, seed, first=MONDAY if weeks == 1 else MONDAY - np.timedelta64(7 * weeks))
        mean = rows["prediction"].to_numpy()
        rows = rows.drop_columns(["prediction"])
        for place, factor in enumerate((0.0, 0.8, 2.2)):
            rows = rows.append_column(f"prediction_{place}", pa.array(mean * factor * spread))
        return rows

    base = predicted(1, 8)
    features, _, _ = stage.parts("base", base, problem)
    whole = stage.put("base-whole", base.drop_columns(["price", "fruit"]))
    quality_baseline.write(whole, problem, stage.out("baseline"), {}, data=features)
    good = stage.judge(predicted(2, 1), problem)
    assert good.figures["score"] == "pinball"
    assert good.outcome is Outcome.OK
    assert good.figures["metrics"]["coverage_0.1_0.9"] > 0.7
    assert stage.estimate(predicted(2, 1), problem).figures["score"] == pytest.approx(
        good.figures["metrics"]["pinball"], rel=0.15
    )
    assert stage.judge(predicted(3, 1, spread=2.5), problem).outcome is Outcome.ALARM
    with pytest.raises(BadInput, match="3 quantiles have as many columns"):
        stage.judge(predicted(2, 1).drop_columns(["prediction_1"]), problem)
