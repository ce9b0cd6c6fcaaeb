"""Baselines and checks of attributions, with real models in real processes."""

import json
import textwrap

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spalje.errors import BadInput, Corrupt, NotFound, StepFailed
from spalje.execution.environment import resolve
from spalje.execution.script import Cancellation, Meter, ProjectScripts
from spalje.model.package import pack
from spalje.monitor.verdict import Outcome, Verdict
from spalje.pipeline.problem import Problem
from spalje.steps import attribution

PROBLEM = Problem(
    type="regression",
    target="units",
    features=("price", "mailer", "store", "lag_7"),
    categorical=("store",),
    keys=("id", "day"),
    time="day",
)
#: units = -2 price + 3 mailer + 1 in the north + lag_7 / 2, lag_7 unknown counting as 4
MODEL = """
    import pyarrow.compute as pc
    accepts = "arrow"
    def model_fn(model_dir): return None
    def predict_fn(data, model):
        store = pc.equal(pc.fill_null(data["store"].cast("string"), "south"), "north").cast("double")
        lag = pc.divide(pc.fill_null(data["lag_7"].cast("double"), 4.0), 2.0)
        price, mailer = pc.multiply(data["price"], -2.0), pc.multiply(data["mailer"].cast("double"), 3.0)
        return pc.add(pc.add(price, mailer), pc.add(store, lag))
"""
SMALL = {"rows": 300}
LIVE = {"rows": 300, "min_rows": 200}


def batch(seed, rows=1200, days=30, mailers=0.1):
    rng = np.random.default_rng(seed)
    lag = rng.gamma(2.0, size=rows)
    return pa.table(
        {
            "id": np.arange(rows),
            "day": pa.array(np.sort(rng.integers(17_000, 17_000 + days, rows)), pa.int32()).cast(pa.date32()),
            "units": np.zeros(rows),
            "lag_7": pa.array(lag, mask=rng.random(rows) < 0.1),
            "store": pa.array(np.array(["north", "south", None])[rng.integers(0, 3, rows)]),
            "mailer": pa.array((rng.random(rows) < mailers).astype(int), pa.int8()),
            "price": rng.normal(5, 1, rows),
        }
    )


class Bench:
    """A packed model, tables, and the steps on them."""

    def __init__(self, folder):
        self.folder = folder
        environment = resolve("current", folder, folder / "environments")
        (folder / "scratch").mkdir()
        self.log = folder / "step.log"
        self.scripts = ProjectScripts(environment, self.log, folder / "scratch", Meter(), Cancellation())
        self.model = self.packed("model", MODEL)
        self.count = 0

    def packed(self, name, script, problem=PROBLEM):
        for part in ("repository", "trained", "package"):
            (self.folder / name / part).mkdir(parents=True)
        (self.folder / name / "repository" / "inference.py").write_text(textwrap.dedent(script))
        (self.folder / name / "trained" / "model.txt").write_text("a model")
        pack(
            self.folder / name / "trained",
            self.folder / name / "repository" / "inference.py",
            problem,
            self.folder / name / "package",
        )
        return self.folder / name / "package"

    def table(self, *tables):
        folder = self._new()
        for number, table in enumerate(tables):
            pq.write_table(table, folder / f"{number}.parquet")
        return folder

    def baseline(self, *tables, model=None, problem=PROBLEM, **settings):
        out = self._new()
        attribution.write_baseline(
            model or self.model,
            self.table(*tables),
            problem,
            out,
            {"monitor": "attribution", **SMALL, **settings},
            scripts=self.scripts,
            log=self.log,
        )
        return out

    def check(self, baseline, *tables, model=None, **settings):
        out = self._new()
        verdict = attribution.check(
            model or self.model,
            self.table(*tables),
            baseline,
            PROBLEM,
            out,
            {"monitor": "attribution", "policy": "calibrated", **LIVE, **settings},
            scripts=self.scripts,
            log=self.log,
        )
        assert Verdict.model_validate_json((out / "verdict.json").read_text()) == verdict
        return verdict, out

    def _new(self):
        self.count = getattr(self, "count", 0) + 1
        folder = self.folder / f"folder{self.count}"
        folder.mkdir()
        return folder


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("attribution"))


@pytest.fixture(scope="module")
def baseline(bench):
    return bench.baseline(batch(1))


def analysis_of(folder):
    return json.loads((folder / "analysis.json").read_text())["explanations"]["kernel_shap"]["label0"]


def test_a_baseline_has_global_attributions_in_clarifys_form(baseline):
    found = analysis_of(baseline)
    values = found["global_shap_values"]
    assert list(values) == list(PROBLEM.features)
    assert values["price"] > values["lag_7"] > 0
    local = pq.read_table(baseline / "local.parquet")
    for feature in PROBLEM.features:
        assert values[feature] == pytest.approx(np.abs(local[f"{feature}_label0"].to_numpy()).mean())


def test_local_attributions_stand_beside_keys_and_add_up(baseline):
    local = pq.read_table(baseline / "local.parquet")
    assert local.num_rows == 300
    assert local.column_names[:3] == ["id", "day", "__prediction_label0__"]
    total = sum(local[f"{feature}_label0"].to_numpy() for feature in PROBLEM.features)
    expected = analysis_of(baseline)["expected_value"]
    assert np.allclose(total, local["__prediction_label0__"].to_numpy() - expected)


def test_the_background_is_weighted_rows_in_the_features_own_types(baseline):
    background = pq.read_table(baseline / "background.parquet")
    assert background.column_names == [*PROBLEM.features, "__weight__"]
    assert 1 <= background.num_rows <= 5
    assert sum(background["__weight__"].to_pylist()) == pytest.approx(1)
    assert background.schema.field("mailer").type == pa.int8()
    assert set(background["store"].to_pylist()) <= {"north", "south", None}


def test_the_number_of_clusters_can_be_said(bench):
    assert pq.read_table(bench.baseline(batch(1), clusters=7) / "background.parquet").num_rows == 7


def test_the_same_data_give_the_same_files_whatever_the_files_of_the_table(bench, baseline):
    again = bench.baseline(batch(1).slice(0, 500), batch(1).slice(500))
    for name in ("analysis.json", "baseline.json", "background.parquet", "local.parquet"):
        assert (again / name).read_bytes() == (baseline / name).read_bytes()
    other = bench.baseline(batch(1), seed=1)
    assert (other / "baseline.json").read_bytes() != (baseline / "baseline.json").read_bytes()


def test_noise_is_known_for_rows_and_days(baseline):
    noise = json.loads((baseline / "baseline.json").read_text())["noise"]
    assert {each["span"] for each in noise} == {1, 7, 28}
    first = [each["tv"] for each in noise if each["span"] == 1]
    assert first[0] > first[-1]


def test_a_batch_like_the_baseline_is_ok(bench, baseline):
    verdict, out = bench.check(baseline, batch(2))
    assert verdict.outcome is Outcome.OK, verdict.summary
    assert verdict.figures["rows"] == 300
    assert verdict.figures["span"] == 30
    assert json.loads((out / "constraint_violations.json").read_text()) == {
        "version": "1.0",
        "violations": [],
    }
    assert analysis_of(out)["global_shap_values"] == pytest.approx(
        analysis_of(baseline)["global_shap_values"], rel=0.3
    )
    assert pq.read_metadata(out / "local.parquet").num_rows == 300


def test_a_campaign_that_moves_predictions_is_an_alarm_that_names_it(bench, baseline):
    verdict, _ = bench.check(baseline, batch(2, mailers=0.9))
    assert verdict.outcome is Outcome.ALARM
    assert "mailer" in [violation.column for violation in verdict.violations]
    assert not verdict.blocks


def test_a_violation_of_sagemakers_rule_is_written_in_clarifys_form(bench):
    only_lag = bench.baseline(batch(1).set_column(6, "price", pa.array(np.full(1200, 5.0))))
    table = batch(2)
    table = table.set_column(6, "price", pa.array(table["price"].to_numpy() * 10))
    table = table.set_column(3, "lag_7", pa.array(np.full(1200, 4.0)))
    verdict, out = bench.check(only_lag, table, policy="sagemaker")
    assert verdict.outcome is Outcome.ALARM
    [violation] = json.loads((out / "constraint_violations.json").read_text())["violations"]
    assert violation == {
        "label": "label0",
        "metric_name": "shap",
        "constraint_check_type": "feature_attribution_drift_check",
        "description": f"Feature attribution drift {verdict.figures['ndcg']['label0']} exceeds threshold 0.9",
    }


def test_a_small_batch_is_explained_whole(bench, baseline):
    verdict, _ = bench.check(baseline, batch(2, rows=60, days=1))
    assert verdict.outcome is Outcome.OK, verdict.summary
    assert (verdict.figures["rows"], verdict.figures["span"]) == (60, 1)
    assert verdict.figures["allowed"] > 0.05


def test_an_empty_batch_says_nothing(bench, baseline):
    verdict, out = bench.check(baseline, batch(2).slice(0, 0))
    assert verdict.outcome is Outcome.INSUFFICIENT
    assert json.loads((out / "constraint_violations.json").read_text())["violations"] == []


def test_types_may_differ_between_training_and_batch(bench, baseline):
    table = batch(2)
    table = table.set_column(4, "store", table["store"].combine_chunks().dictionary_encode())
    table = table.set_column(5, "mailer", table["mailer"].cast(pa.float64()))
    table = table.set_column(3, "lag_7", pa.array(np.full(1200, 2), pa.int64()))
    verdict, _ = bench.check(baseline, table.slice(0, 700), table.slice(700))
    assert verdict.figures["shares"].keys() == set(PROBLEM.features)


def test_a_baseline_of_no_rows_is_refused(bench):
    with pytest.raises(BadInput, match="has no rows: there is nothing to explain"):
        bench.baseline(batch(1).slice(0, 0))


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"sample": 100}, NotFound, "no setting of the attribution monitor 'sample'. Did you mean 'samples'"),
        ({"samples": 1}, BadInput, "samples=1"),
        ({"aggregate": "mode"}, BadInput, "aggregate='mode'"),
    ],
)
def test_a_baseline_setting_that_is_not_allowed_is_named(bench, settings, error, message):
    with pytest.raises(error, match=message):
        bench.baseline(batch(1), **settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rows": 100}, r"rows \(100\) must be at least min_rows \(200\)"),
        ({"policy": "strict"}, "policy='strict'"),
    ],
)
def test_a_check_setting_that_is_not_allowed_is_named(bench, baseline, settings, message):
    with pytest.raises(BadInput, match=message):
        bench.check(baseline, batch(2), **settings)


def test_a_baseline_of_another_model_is_refused(bench, baseline):
    problem = PROBLEM.model_copy(update={"features": ("price", "mailer"), "categorical": ()})
    other = bench.packed(
        "other", "def model_fn(d): pass\ndef predict_fn(data, model): return data['price']", problem
    )
    with pytest.raises(BadInput, match="feature 'lag_7' is in one of the two only"):
        bench.check(baseline, batch(2), model=other)


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("baseline.json", None, BadInput, "no attribution baseline: it has no baseline.json"),
        ("background.parquet", None, BadInput, "it has no background.parquet"),
        ("baseline.json", b"{", Corrupt, "baseline.json is not an attribution baseline"),
        ("background.parquet", b"PAR1 and no more", BadInput, "background.parquet"),
    ],
)
def test_a_damaged_baseline_is_told(bench, baseline, tmp_path, name, content, error, message):
    for file in baseline.iterdir():
        if file.name != name:
            (tmp_path / file.name).write_bytes(file.read_bytes())
        elif content is not None:
            (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=message):
        bench.check(tmp_path, batch(2))


def test_a_model_that_fails_on_synthetic_rows_says_so(bench):
    script = """
    def model_fn(model_dir): return [0]
    def predict_fn(data, model):
        model[0] += 1
        if model[0] > 2:
            raise ValueError("no such store")
        return data["price"]
    """
    with pytest.raises(
        StepFailed, match=r"synthetic rows that explain the baseline: ValueError: no such store"
    ):
        bench.baseline(batch(1), model=bench.packed("failing", script))


def test_several_outputs_are_several_labels(bench):
    script = """
    import pandas as pd
    def model_fn(model_dir): return None
    def predict_fn(data, model):
        return pd.DataFrame({"low": data["price"] - data["mailer"], "high": data["price"] + data["mailer"]})
    """
    model = bench.packed("two", script)
    baseline = bench.baseline(batch(1), model=model)
    labels = json.loads((baseline / "analysis.json").read_text())["explanations"]["kernel_shap"]
    assert list(labels) == ["label0", "label1"]
    verdict, out = bench.check(baseline, batch(2), model=model)
    assert verdict.figures["ndcg"].keys() == {"label0", "label1"}
    assert "mailer_label1" in pq.read_table(out / "local.parquet").column_names
