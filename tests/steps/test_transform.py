import textwrap
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spalje.errors import BadInput, StepFailed
from spalje.execution.environment import resolve
from spalje.execution.script import Cancellation, Meter, ProjectScripts
from spalje.lineage.run import Run, Status
from spalje.model.package import pack
from spalje.pipeline.definition import SourceLine, StepSpec
from spalje.pipeline.problem import Problem
from spalje.steps import transform
from spalje.steps.context import StepContext

PROBLEM = Problem(
    type="regression",
    target="units",
    features=("price", "lag_7"),
    keys=("store", "day"),
    time="day",
    group="region",
)
NOW = datetime(2017, 9, 1, tzinfo=UTC)
RUN = Run(
    "produce", "inference", 1, None, "r", "c", "a", "manual", "me", {}, {}, 1, None, Status.RUNNING, NOW
)
SUM = """
    def model_fn(model_dir): return None
    def predict_fn(data, model): return data["price"] + data["lag_7"]
"""


def rows(count, **others):
    return pa.table(
        {
            "note": ["x"] * count,
            "lag_7": np.arange(count, dtype=float),
            "region": ["north"] * count,
            "day": ["2017-09-01"] * count,
            "price": np.full(count, 0.5),
            "store": np.arange(count),
            "units": np.arange(count) * 2.0,
            **others,
        }
    )


@dataclass
class Bench:
    """A workbench: packs a script, writes tables, executes the step."""

    folder: Path
    problem: Problem = PROBLEM
    said: list[str] = field(default_factory=list)
    meter: Meter = field(default_factory=Meter)
    cancellation: Cancellation = field(default_factory=Cancellation)

    def execute(self, script, *tables, timeout_s=None):
        for name in ("repository", "trained", "package", "data", "scratch", "environments"):
            (self.folder / name).mkdir()
        (self.folder / "repository" / "inference.py").write_text(textwrap.dedent(script))
        (self.folder / "trained" / "model.txt").write_text("a model")
        pack(
            self.folder / "trained",
            self.folder / "repository" / "inference.py",
            self.problem,
            self.folder / "package",
        )
        for number, table in enumerate(tables):
            pq.write_table(table, self.folder / "data" / f"{number}.parquet", row_group_size=1000)
        log = self.folder / "transform.log"
        environment = resolve("current", self.folder, self.folder / "environments")
        scratch = self.folder / "scratch"
        context = StepContext(
            run=RUN,
            spec=StepSpec(name="transform", kind="transform", where=SourceLine(file="pipeline.py", line=9)),
            settings={},
            problem=self.problem,
            inputs={"model": self.folder / "package", "data": self.folder / "data"},
            input_digests={},
            source=self.folder / "repository",
            scratch=scratch,
            scripts=ProjectScripts(environment, log, scratch, self.meter, self.cancellation, timeout_s),
            log=log,
            now=NOW,
            say=self.said.append,
        )
        return transform.execute(context), scratch / "predictions"


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


def test_predictions_stand_beside_keys_group_and_truth_in_the_order_of_the_rows(bench):
    result, folder = bench.execute(SUM, rows(2500), rows(1500))
    [file] = folder.iterdir()
    written = pq.read_table(file)
    assert written.column_names == ["store", "day", "region", "units", "prediction"]
    whole = pa.concat_tables([rows(2500), rows(1500)])
    assert written.drop_columns("prediction").equals(whole.select(["store", "day", "region", "units"]))
    assert np.array_equal(written["prediction"], whole["lag_7"].to_numpy() + 0.5)
    assert result.metrics == {"rows": 4000.0}
    assert bench.said == ["4,000 rows predicted"]


def test_data_without_truth_has_predictions_without_it(bench):
    _, folder = bench.execute(SUM, rows(5).drop_columns("units"))
    assert pq.read_table(folder).column_names == ["store", "day", "region", "prediction"]


def test_several_predictions_per_row_are_several_columns(bench):
    script = """
    import numpy as np
    def model_fn(model_dir): return None
    def predict_fn(data, model): return np.column_stack([data["price"], 1 - data["price"]])
    """
    _, folder = bench.execute(script, rows(5))
    assert pq.read_table(folder).column_names[-2:] == ["prediction_0", "prediction_1"]


def test_the_inference_id_goes_with_the_predictions(bench):
    bench.problem = PROBLEM.model_copy(update={"inference_id": "order"})
    _, folder = bench.execute(SUM, rows(5, order=[f"o-{number}" for number in range(5)]))
    written = pq.read_table(folder)
    assert written.column_names == ["store", "day", "order", "region", "units", "prediction"]
    assert written["order"].to_pylist()[4] == "o-4"


def test_a_missing_inference_id_is_named(bench):
    bench.problem = PROBLEM.model_copy(update={"inference_id": "notes"})
    with pytest.raises(BadInput, match=r"no column 'notes'\. Did you mean 'note'"):
        bench.execute(SUM, rows(5))


def test_data_without_rows_has_predictions_without_rows(bench):
    result, folder = bench.execute(SUM, rows(0))
    written = pq.read_table(folder)
    assert written.column_names == ["store", "day", "region", "units", "prediction"]
    assert written.num_rows == 0
    assert result.metrics == {"rows": 0.0}


def test_row_groups_stay_bounded(bench):
    _, folder = bench.execute(
        "accepts = 'arrow'\n"
        + textwrap.dedent(SUM.replace('data["price"] + data["lag_7"]', "data['price']")),
        rows(300_000),
    )
    [file] = folder.iterdir()
    metadata = pq.read_metadata(file)
    assert metadata.num_rows == 300_000
    assert max(metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)) <= 131_072


@pytest.mark.parametrize("column", ["lag_7", "store", "region"])
def test_a_missing_column_is_named(bench, column):
    table = rows(5)
    renamed = [f"{name}s" if name == column else name for name in table.column_names]
    with pytest.raises(BadInput, match=f"no column '{column}'. Did you mean '{column}s'"):
        bench.execute(SUM, table.rename_columns(renamed))


def test_a_prediction_called_like_a_key_is_refused(bench):
    script = """
    import pandas as pd
    def model_fn(model_dir): return None
    def predict_fn(data, model): return pd.DataFrame({"low": data["price"], "day": data["price"]})
    """
    with pytest.raises(BadInput, match="calls a column of its predictions 'day'"):
        bench.execute(script, rows(5))


def test_a_prediction_that_is_not_finite_names_step_and_row(bench):
    script = """
    def model_fn(model_dir): return None
    def predict_fn(data, model): return (data["lag_7"] - 3) / (data["lag_7"] - 3)
    """
    with pytest.raises(BadInput, match=r"the data of step 'transform'\); the first is missing in row 3"):
        bench.execute(script, rows(5))


def test_the_process_is_timed_and_paid_for_as_the_steps_own(bench):
    bench.execute(SUM, rows(5))
    assert bench.meter.wall_s > 0
    assert bench.meter.cpu_s > 0
    assert bench.meter.peak_mib > 0


def test_the_steps_time_limit_holds_for_the_model(bench):
    with pytest.raises(StepFailed, match=r"time limit of 1 s"):
        bench.execute(
            "import time\ndef model_fn(d): time.sleep(600)\ndef predict_fn(data, model): ...",
            rows(5),
            timeout_s=1,
        )


def test_a_cancelled_run_stops_the_model(bench):
    bench.cancellation.ask()
    with pytest.raises(StepFailed, match="killed by SIGKILL"):
        bench.execute(
            "import time\ndef model_fn(d): time.sleep(600)\ndef predict_fn(data, model): ...", rows(5)
        )
