"""Champion and challenger, through the step: a real model in its own process beside real predictions."""

import json
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spalje.errors import BadInput, NotFound
from spalje.execution.environment import resolve
from spalje.execution.script import Cancellation, Meter, ProjectScripts
from spalje.lineage.run import Run, Status
from spalje.model.package import pack
from spalje.pipeline.definition import SourceLine, StepSpec
from spalje.pipeline.problem import Problem
from spalje.steps.compare import execute
from spalje.steps.context import StepContext

PROBLEM = Problem(type="regression", target="y", features=("x",), keys=("id",), group="store")
NOW = datetime(2017, 9, 1, tzinfo=UTC)
RUN = Run("produce", "build", 2, None, "r", "c", "a", "push", "me", {}, {}, 1, None, Status.RUNNING, NOW)
CHAMPION = "def model_fn(model_dir): ...\ndef predict_fn(data, model): return data['x'] * 0.8\n"


@pytest.fixture
def data():
    """600 rows of 20 stores; the truth is x, and what is around it."""
    rng = np.random.default_rng(5)
    x = rng.uniform(1, 5, size=600)
    return pa.table(
        {"id": np.arange(600), "store": np.arange(600) % 20, "x": x, "y": x + rng.normal(0, 0.1, size=600)}
    )


def compared(folder, data, predictions, champion=CHAMPION, **settings):
    """The report of comparing a champion's script with predictions for data."""
    for name in ("champion", "model", "source", "data", "predictions", "scratch", "environments"):
        (folder / name).mkdir()
    if champion is not None:
        (folder / "source" / "inference.py").write_text(champion)
        (folder / "model" / "model.txt").write_text("a model")
        pack(folder / "model", folder / "source" / "inference.py", PROBLEM, folder / "champion")
    pq.write_table(data, folder / "data" / "part-0.parquet")
    pq.write_table(predictions, folder / "predictions" / "part-0.parquet")
    log = folder / "compare.log"
    scripts = ProjectScripts(
        resolve("current", folder, folder / "environments"), log, folder, Meter(), Cancellation(), None, print
    )
    spec = StepSpec(name="compare", kind="compare", where=SourceLine(file="pipeline.py", line=1))
    context = StepContext(
        run=RUN,
        spec=spec,
        settings=settings,
        problem=PROBLEM,
        inputs={name: folder / name for name in ("champion", "data", "predictions")},
        input_digests={},
        source=folder,
        scratch=folder / "scratch",
        scripts=scripts,
        log=log,
        now=NOW,
    )
    result = execute(context)
    report = folder / "scratch" / "report"
    found = json.loads((report / "comparison.json").read_text())
    assert result.outcome == found["outcome"]
    assert json.loads((report / "metrics.json").read_text()) == dict(result.metrics)
    return found


def predicted(data, factor):
    return data.drop_columns(["x"]).append_column("prediction", pa.array(np.asarray(data["x"]) * factor))


@pytest.mark.parametrize(("factor", "outcome"), [(1.0, "better"), (0.5, "worse"), (0.8, "alike")])
def test_the_better_model_is_told_from_the_worse(tmp_path, data, factor, outcome):
    found = compared(tmp_path, data, predicted(data, factor))
    assert found["outcome"] == outcome
    metrics = json.loads((tmp_path / "scratch" / "report" / "metrics.json").read_text())
    assert (metrics["better"], metrics["worse"]) == (float(outcome == "better"), float(outcome == "worse"))
    assert found["score"] == "rmse"
    assert found["rows"] == 600
    assert found["clustered_by"] == "store"
    assert (found["difference"] < 0) == (factor == 1.0)
    champion, challenger = found["metrics"]["rmse"]
    assert champion == pytest.approx(found["champion"])
    assert challenger == pytest.approx(found["challenger"])


def test_without_a_version_that_serves_it_says_so(tmp_path, data):
    found = compared(tmp_path, data, predicted(data, 1.0), champion=None)
    assert found == {"outcome": "alone", "summary": "No version serves yet to compare with."}
    assert json.loads((tmp_path / "scratch" / "report" / "metrics.json").read_text()) == {
        "better": 0.0,
        "worse": 0.0,
    }


def test_a_champion_that_cannot_predict_these_rows_fails_no_build(tmp_path, data):
    broken = "def model_fn(model_dir): ...\ndef predict_fn(data, model): raise ValueError('no price')\n"
    found = compared(tmp_path, data, predicted(data, 1.0), champion=broken)
    assert found["outcome"] == "unclear"
    assert "cannot predict these rows" in found["summary"]
    assert "no price" in found["summary"]


def test_a_champion_of_other_features_fails_no_build(tmp_path, data):
    found = compared(tmp_path, data.rename_columns(["id", "store", "z", "y"]), predicted(data, 1.0))
    assert found["outcome"] == "unclear"
    assert "'x'" in found["summary"] or " x" in found["summary"]


def test_rows_without_truth_are_left_out(tmp_path, data):
    hidden = data.set_column(3, "y", pa.array([*[None] * 500, *data["y"].to_pylist()[500:]], pa.float64()))
    assert compared(tmp_path, hidden, predicted(hidden, 1.0))["rows"] == 100


def test_predictions_for_other_rows_are_refused(tmp_path, data):
    with pytest.raises(BadInput, match="'id' differs"):
        compared(tmp_path, data, predicted(data.take(list(range(599, -1, -1))), 1.0))


def test_a_score_of_another_problem_is_refused(tmp_path, data):
    with pytest.raises(NotFound, match="log_loss"):
        compared(tmp_path, data, predicted(data, 1.0), score="log_loss")
