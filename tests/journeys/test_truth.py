"""Ground truth as it comes: late, in parts, twice, corrected and about the wrong things; through the real command line."""

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import small_project
from command import Command, Said

from spalje.execution.order import Order
from spalje.lineage.run import Status
from spalje.registry.batch import Evaluation
from spalje.sagemaker.ground_truth import write

FILES = {
    "spalje.toml": """
        [project]
        name = "small"
        environment = "current"

        [problem]
        type = "regression"
        target = "units"
        features = ["x"]
        keys = ["store", "day"]
        time = "day"
        inference_id = "order"
    """,
    "pipeline.py": """
        from spalje.pipeline import (
            ApprovedVersion, Baseline, Check, Decide, EarlierBatches, Evaluate, Input, Parameter, Pipeline, Process,
            PublishedBatch, Register, Train, Transform,
        )

        first = Parameter("first", type="date", default="2017-01-02")
        build_rows = Process("rows", script="src/rows.py", outputs={"rows": "table"}, parameters={"first": first, "days": 28})
        train = Train("train", script="src/train.py", inference="src/inference.py", channels={"rows": build_rows})
        transform = Transform("transform", model=train["model"], data=build_rows)
        evaluate = Evaluate("evaluate", script="src/evaluate.py", predictions=transform)
        quality_bar = Baseline("model_quality", monitor="model_quality", predictions=transform)
        register = Register("register", model=train["model"], evaluation=evaluate, baselines=[quality_bar])
        build = Pipeline("build", steps=[build_rows, train, transform, evaluate, quality_bar, register])

        approved = ApprovedVersion()
        rows = Process(
            "rows",
            script="src/rows.py",
            outputs={"rows": "table", "fine": "verdict"},
            parameters={"first": first, "days": 7},
        )
        predict = Transform("predict", model=approved["model"], data=rows["rows"])
        publish = Decide("publish", verdicts=[rows["fine"]], features=rows["rows"], predictions=predict)
        inference = Pipeline("inference", steps=[rows, predict, publish])

        truth = Input("ground_truth", kind="table")
        check = Check(
            "check_model_quality",
            monitor="model_quality",
            baseline=approved["model_quality"],
            predictions=PublishedBatch()["predictions"],
            ground_truth=truth,
            history=EarlierBatches()["model_quality"],
            margin=0.5,
        )
        decide = Decide("decide", verdicts=[check], ground_truth=truth)
        quality = Pipeline("quality", steps=[check, decide])
    """,
    "src/rows.py": """
        import json, random, sys
        from datetime import date, timedelta
        from pathlib import Path

        import pyarrow as pa
        import pyarrow.parquet as pq

        given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
        first = date.fromisoformat(given["--first"])
        chance = random.Random(str(first))
        found = [
            {"store": store, "day": first + timedelta(days=day), "x": 5.0 + store, "order": f"{first}/{store}/{day}"}
            for day in range(int(given["--days"]))
            for store in range(10)
        ]
        if "--fine" in given:
            Path(given["--fine"], "verdict.json").write_text(json.dumps({"outcome": "ok", "summary": "Fine."}))
        else:
            found = [{**row, "units": row["x"] + chance.choice([-1.0, 0.0, 1.0])} for row in found]
        table = pa.Table.from_pylist(found)
        columns = {"store": pa.int16(), "day": pa.date32()}
        for name, kind in columns.items():
            table = table.set_column(table.column_names.index(name), name, table[name].cast(kind))
        pq.write_table(table, Path(given["--rows"], "part-0.parquet"))
    """,
    "src/train.py": "import os, pathlib\npathlib.Path(os.environ['SM_MODEL_DIR'], 'model.txt').write_text('x')\n",
    "src/inference.py": """
        accepts = "arrow"

        def model_fn(folder):
            return None

        def predict_fn(data, model):
            return data["x"]
    """,
    "src/evaluate.py": """
        import json, sys
        from pathlib import Path

        given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
        Path(given["--report"], "metrics.json").write_text(json.dumps({"rmse": 0.8}))
    """,
}
FIRST = date(2017, 1, 2)
#: What is predicted for store 0; for store 1 one more, and so on.
LEAST = 5.0


def week(number: int) -> date:
    return FIRST + timedelta(days=28 + 7 * number)


def truth(number: int, stores=range(10), days=range(7), error: float = 1.0) -> list[dict]:
    """What really happened in a week: what was predicted, and some more or less by turns."""
    return [
        {
            "store": store,
            "day": week(number) + timedelta(days=day),
            "units": LEAST + store + error * (-1) ** (store + day),
        }
        for day in days
        for store in stores
    ]


class Shop:
    """A workspace with a model in use and some weeks predicted, and somebody who delivers what happened."""

    def __init__(self, folder: Path, weeks: int) -> None:
        self.folder = folder
        self.workspace = small_project.create(folder, FILES)
        self.spalje = Command(self.workspace.folder, folder)
        self.workspace.run(Order("small", "build", "tests"))
        assert self.spalje("model", "approve", "small/1", "--reason", "good").code == 0
        for number in range(weeks):
            self.predict(week(number))

    def predict(self, first: date) -> None:
        ended = self.workspace.run(Order("small", "inference", "tests", {"first": str(first)}))
        assert ended.status is Status.SUCCEEDED, ended

    def deliver(self, rows: list[dict] | Path, *words: str, name: str = "truth.parquet") -> Said:
        file = rows if isinstance(rows, Path) else self.folder / name
        if isinstance(rows, list) and name.endswith(".csv"):
            with file.open("w") as out:
                writer = csv.DictWriter(out, rows[0])
                writer.writeheader()
                writer.writerows(rows)
        elif isinstance(rows, list):
            pq.write_table(pa.Table.from_pylist(rows), file)
        return self.spalje("batch", "truth", str(file), "--project", "small", *words)

    def evaluations(self, number: int) -> list[Evaluation]:
        return list(self.workspace.metadata.batches.evaluations(f"small/{number}"))

    def runs(self) -> int:
        return len(self.workspace.metadata.runs.list(project="small", pipeline="quality", limit=100))


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Shop:
    return Shop(tmp_path_factory.mktemp("shop"), weeks=4)


def test_truth_comes_in_parts_twice_and_corrected(shop) -> None:
    part = shop.deliver(truth(0, stores=range(5)))
    assert part.code == 0, part.error
    assert "small/1 insufficient  coverage 50 %  decision investigate  Truth is known for 50 %" in part.out
    assert "  35 new, 0 corrected, 0 unchanged" in part.out

    whole = shop.deliver(truth(0), name="truth.csv")
    assert "coverage 100 %" in whole.out
    assert "  35 new, 0 corrected, 35 unchanged" in whole.out
    assert [evaluation.coverage for evaluation in shop.evaluations(1)] == [0.5, 1.0]

    runs = shop.runs()
    again = shop.deliver(list(reversed(truth(0))))
    assert (again.code, shop.runs()) == (0, runs)
    assert "Nothing new" in again.out
    assert "coverage 100 %" in again.out, "coverage is always shown"

    corrected = shop.deliver(
        [*truth(0, stores=[3], days=[2], error=-4.0), *truth(0, stores=[4], days=[2], error=2.0)]
    )
    assert (
        "0 new, 2 corrected, 0 unchanged; the largest correction: 7 to 12 (store=3, day=2017-02-01)"
        in corrected.out
    )
    third = shop.evaluations(1)[2]
    known = pq.read_table(shop.workspace.artifacts.open(third.ground_truth)).to_pylist()
    expected = {(row["store"], row["day"]): row["units"] for row in truth(0)}
    expected |= {(3, week(0) + timedelta(2)): 12.0, (4, week(0) + timedelta(2)): 11.0}
    assert {(row["store"], row["day"]): row["units"] for row in known} == expected
    assert third.metrics["rows_with_truth"] == 70


def test_a_delivery_about_several_batches_is_judged_oldest_first_and_each_learns_from_the_one_before(
    shop,
) -> None:
    rows = [
        *truth(2),
        *truth(1),
        *truth(1, stores=[17, 18]),
        *truth(9),
        {**truth(1)[0], "store": 1, "units": None},
    ]
    told = shop.deliver(rows, "--json").json
    assert [(each["batch"], each["new"], each["coverage"]) for each in told["delivery"]["batches"]] == [
        ("small/2", 70, 1.0),
        ("small/3", 70, 1.0),
    ]
    delivery = told["delivery"]
    assert (delivery["unknown"], delivery["unknown_keys"][0]) == (14, "store=17, day=2017-02-06")
    assert (delivery["other_dates"], delivery["other_first"], delivery["other_last"]) == (
        70,
        "2017-04-03",
        "2017-04-09",
    )
    assert delivery["not_yet_known"] == 1
    assert (
        [run["batch"] for run in told["runs"]]
        == [batch["id"] for batch in told["batches"]]
        == ["small/2", "small/3"]
    )
    seen = [
        len(list(shop.workspace.artifacts.open(run["inputs"]["earlier.model_quality"]).iterdir()))
        for run in told["runs"]
    ]
    assert seen[1] == seen[0] + 1, "the second learns from the first"
    said = shop.deliver(rows)
    assert "14 rows are about what was not predicted: store=17, day=2017-02-06; store=18" in said.out
    assert (
        "70 rows are about days that no published batch predicts (2017-04-03 to 2017-04-09): not taken"
        in said.out
    )
    assert "1 row is without a value as yet." in said.out


def test_model_monitors_records_are_read_and_written(shop) -> None:
    predicted = pa.Table.from_pylist(
        [{**row, "order": f"{week(3)}/{row['store']}/{(row['day'] - week(3)).days}"} for row in truth(3)]
    )
    write(predicted, ["order"], "units", shop.folder / "monitor", datetime(2017, 3, 6, 6, tzinfo=UTC))
    ended = shop.deliver(shop.folder / "monitor")
    assert "  70 new, 0 corrected, 0 unchanged" in ended.out, ended
    assert "Nothing new" in shop.deliver(truth(3)).out, "the same on the business keys"
    later = predicted.slice(0, 1).set_column(2, "units", pa.array([40.0]))
    write(later, ["order"], "units", shop.folder / "monitor", datetime(2017, 3, 6, 7, tzinfo=UTC))
    assert (
        "0 new, 1 corrected, 69 unchanged; the largest correction: 6 to 40"
        in shop.deliver(shop.folder / "monitor").out
    )


def test_truth_that_cannot_be_is_refused_and_nothing_is_lost(shop) -> None:
    runs = shop.runs()
    early = shop.deliver(truth(5))
    assert early.code == 4
    assert (
        "no published batch of small predicts those dates. Published: 2017-02-20 to 2017-02-26 (small/4)"
        in early.error
    )
    assert "Deliver it again afterwards" in early.error
    monday = datetime.now(UTC).date() + timedelta(days=1)
    future = shop.deliver([{"store": 1, "day": monday, "units": 3.0}])
    assert (future.code, "the truth cannot be known" in future.error) == (4, True), future
    words = shop.deliver([{**row, "units": "many"} for row in truth(0)], name="truth.csv")
    assert (words.code, "truth.csv, line 2, column 'units': invalid value 'many'" in words.error) == (3, True)
    assert shop.runs() == runs


def test_a_delivery_waits_for_what_is_being_learned(shop) -> None:
    runs, before = shop.runs(), shop.workspace.metadata.truths.list("small")
    with shop.workspace.executor().heartbeat.hold("pipeline/small/quality"):
        busy = shop.deliver(truth(3, error=2.0))
    assert (busy.code, "'pipeline/small/quality' is held by" in busy.error) == (1, True), busy
    assert (shop.runs(), shop.workspace.metadata.truths.list("small")) == (runs, before)
