"""False alarms on shuffled weeks: rare for a rule that knows how much weeks differ, common for one that does not."""

import json
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest

from spalje.monitor.history import PastBatch
from spalje.monitor.judged_batch import JudgedBatch
from spalje.monitor.measurement import Judged, measure, metrics_of
from spalje.profile.grid import freeze
from spalje.profile.scan import profile_batches
from spalje.replay.placebo import placebo
from spalje.replay.policy import Policy
from spalje.replay.week import Life, Week
from spalje.storage.artifacts import Artifacts
from spalje.storage.history import write_file

MONDAY = date(2017, 1, 2)


def life(folder, weeks, kind="regression"):
    """Weeks that each wobble as a whole, in inputs and in errors, as weeks do."""
    artifacts = Artifacts(folder)
    rng = np.random.default_rng(1)
    tables, judged = [], []
    for number in range(weeks):
        level, hard = rng.normal(0, 0.15), np.exp(rng.normal(0, 0.1))
        x = rng.normal(level, 1.0, size=600)
        tables.append(pa.RecordBatch.from_pydict({"x": x, "z": rng.choice(["a", "b"], size=600)}))
        days = (MONDAY - date(1970, 1, 1)).days + 7 * number + np.arange(600) % 7
        if kind == "regression":
            truth, prediction = x + rng.normal(0, hard, size=600), x
        else:
            prediction = 1 / (1 + np.exp(-x))
            truth = (rng.random(600) < prediction).astype(float)
        judged.append(Judged(kind, truth, prediction, days, np.arange(600) % 30, "store"))
    grids = freeze(profile_batches(tables))
    verdicts = {}
    for number, (table, rows) in enumerate(zip(tables, judged, strict=True)):
        data, quality = artifacts.scratch(), artifacts.scratch()
        write_file(
            data / "checked.batch.json",
            PastBatch(f"w{number}", None, profile_batches([table], (), grids).sketch),
        )
        measured = measure(rows, "rmse" if kind == "regression" else "log_loss", rng)
        (quality / "judged.json").write_text(JudgedBatch.of(measured).model_dump_json())
        (quality / "clusters.json").write_text(json.dumps(measured.by_cluster.tolist()))
        metrics = {name: value for name, value in metrics_of(rows)[0].items() if np.isfinite(value)}
        (quality / "metrics.json").write_text(json.dumps({**metrics, "rows_with_truth": 600}))
        verdicts[MONDAY + timedelta(weeks=number)] = {
            "verdict_data_quality": artifacts.put(data, "verdict").digest,
            "verdict_model_quality": artifacts.put(quality, "verdict").digest,
        }
    return Life(Policy.NEVER, (), 0.0, verdicts), artifacts


def test_ours_keeps_its_level_and_the_others_have_none(tmp_path):
    found = placebo(*life(tmp_path, 30))
    assert found[Policy.CALIBRATED].rate <= 0.06
    assert found[Policy.SAGEMAKER].rate > 0.4, "constraints that equal the baseline"
    assert found[Policy.KS].rate > 0.5, "rows taken as independent"
    assert found[Policy.CALIBRATED].weeks == 600


def test_probabilities_are_shuffled_alike(tmp_path):
    assert placebo(*life(tmp_path, 24, "binary"))[Policy.CALIBRATED].rate <= 0.08


def test_a_handful_of_weeks_says_nothing(tmp_path):
    assert placebo(*life(tmp_path, 7)) == {}


def week(day, *, sums=(8.0, 10.0, -1.0, 20.0), metrics=None, **more):
    return Week(
        day=day, built=day, outcomes={}, blocked=False, alarm=None, rebuilt=None, accepted=False, score="rmse", sums=sums,
        metrics={"mae": 0.5, "mse": 0.8, "rows_with_truth": 10.0} if metrics is None else metrics, cost=0.5, **more,
    )  # fmt: skip


def test_the_figures_of_a_life_are_those_of_all_its_rows_together():
    two = (
        week(MONDAY),
        week(
            MONDAY, sums=(4.0, 30.0, 3.0, 20.0), metrics={"mae": 0.1, "mse": 4 / 30, "rows_with_truth": 30.0}
        ),
    )
    found = Life(Policy.NEVER, (*two, week(MONDAY, sums=None, metrics={})), 2.0).figures
    assert found["mse"] == pytest.approx(12 / 40)
    assert found["rmse"] == pytest.approx(np.sqrt(12 / 40))
    assert found["mae"] == pytest.approx((5 + 3) / 40)
    assert found["bias"] == pytest.approx(2 / 40)
    assert Life(Policy.NEVER, (week(MONDAY, sums=None, metrics={}),), 0.5).figures == {}
