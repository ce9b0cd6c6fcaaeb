"""Explanations of any model: what goes in, what comes out, and what may go wrong on the way."""

import json
import subprocess
import sys
import textwrap
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import spalje
from spalje.analysis import explanation
from spalje.analysis.explanation_files import local, read_background, summary, write
from spalje.attribution.background import Background
from spalje.errors import BadInput, NotFound
from spalje.sagemaker.analysis import Analysis

pytestmark = pytest.mark.filterwarnings("ignore")


def numbers(rows=400, features=4, seed=0):
    rng = np.random.default_rng(seed)
    return pa.table({f"x{place}": rng.normal(size=rows) for place in range(features)})


def product(table):
    """``x0 * x1 + 2 * x2``; every other feature does nothing."""
    return (table["x0"] * table["x1"] + 2 * table["x2"]).to_numpy()


def adds_up(found):
    attributions = found.explained
    gain = attributions.predictions - attributions.expected
    return np.abs(attributions.values.sum(axis=1) - gain).max() <= 1e-9 * max(1.0, np.abs(gain).max())


def test_any_function_any_table_any_background():
    table = numbers()
    whole = spalje.explain(table, product, background=3)
    assert adds_up(whole)
    assert whole.features == ("x0", "x1", "x2", "x3")
    assert np.abs(whole.attributions.values[:, 3]).max() < 1e-9
    for other in (table.to_pandas(), pa.table(table).to_reader()):
        assert np.array_equal(
            spalje.explain(other, product, background=whole.background).attributions.values,
            whole.attributions.values,
        )
    given = spalje.explain(table, product, background=table.slice(0, 2))
    assert given.background.table.num_rows == 2
    arrow = spalje.explain(
        table, lambda t: np.asarray(t["x2"]) * 2.0, background=whole.background, frames=False
    )
    assert np.allclose(
        arrow.attributions.values[:, 2, 0],
        2 * (table["x2"].to_numpy() - whole.background.weights @ whole.background.table["x2"].to_numpy()),
    )


def test_a_model_that_is_no_tree_agrees_with_all_coalitions():
    x, y = load_diabetes(return_X_y=True, as_frame=True)
    network = make_pipeline(
        StandardScaler(), MLPRegressor(hidden_layer_sizes=(20,), max_iter=300, random_state=0)
    ).fit(x, y)
    settings = {"background": 4, "rows": 40}
    exact = spalje.explain(x, network, method="exact", **settings)
    spread = exact.attributions.predictions.std()
    for budget, most in ((128, 0.004), (512, 0.0008)):
        kernel = spalje.explain(x, network, method="kernel", coalitions=budget, **settings)
        apart = np.abs(kernel.attributions.values - exact.attributions.values)
        assert apart.mean() < most * spread
        assert kernel.attributions.errors.mean() < 3 * apart.mean()


def test_several_outputs_and_log_odds():
    x, y = load_iris(return_X_y=True, as_frame=True)
    model = LogisticRegression(max_iter=500).fit(x, y)
    found = spalje.explain(x, model.predict_proba, background=2, method="kernel")
    assert found.labels == ("label0", "label1", "label2")
    assert adds_up(found)
    odds = LogisticRegression().fit(x, y == 2)
    linear = spalje.explain(x, lambda t: odds.predict_proba(t)[:, 1], background=3, link="logit")
    mean = linear.background.weights @ linear.background.table.to_pandas().to_numpy()
    assert np.allclose(linear.attributions.values[:, :, 0], odds.coef_[0] * (x.to_numpy() - mean), atol=1e-6)


def test_groups_act_as_one_and_keep_what_is_between_them():
    table = numbers()
    apart = spalje.explain(table, product, background=2, method="exact")
    together = spalje.explain(table, product, background=2, method="exact", groups={"pair": ["x0", "x1"]})
    assert together.features == ("pair", "x2", "x3")
    assert np.allclose(
        together.attributions.values[:, 0], apart.attributions.values[:, :2].sum(axis=1), atol=1e-9
    )


def test_cells_of_every_type_keep_it_on_their_way_through_a_process(tmp_path):
    script = """
        import pandas as pd
        def model_fn(folder): return None
        def predict_fn(data, model):
            assert str(data["store"].dtype) == "category", data["store"].dtype
            assert data["open"].dtype == bool, data["open"].dtype
            assert data["day"].map(lambda d: d.year).between(2020, 2030).all()
            return (
                data["store"].eq("north").astype(float) + data["open"] * 2.0 + data["lag"].fillna(7.0)
                + data["day"].map(lambda d: d.toordinal() % 7).astype(float) + data["price"].astype(float)
            )
    """
    (tmp_path / "inference.py").write_text(textwrap.dedent(script))
    rng = np.random.default_rng(0)
    table = pa.table(
        {
            "store": pa.array(rng.choice(["north", "south", "east"], 60)).dictionary_encode(),
            "open": rng.random(60) < 0.5,
            "lag": pa.array(rng.normal(size=60), mask=rng.random(60) < 0.3),
            "day": [date(2026, 1, 1) + timedelta(days=int(n)) for n in rng.integers(0, 30, 60)],
            "price": pa.array([Decimal(int(n)) / 4 for n in rng.integers(1, 9, 60)], pa.decimal128(8, 2)),
        }
    )
    found = spalje.explain(table, tmp_path / "inference.py", background=table.slice(0, 3), method="kernel")
    assert adds_up(found)
    assert found.notes[0].startswith("It took")
    missing = np.array(table["lag"].to_pylist(), dtype=float)
    lag = np.where(np.isnan(missing), 7.0, missing)
    assert np.allclose(found.attributions.values[:, 2, 0], lag - lag[:3].mean())


def test_a_segment_against_another():
    table = numbers(600).append_column("place", pa.array(["here", "there", "there"] * 200))
    features = ["x0", "x1", "x2", "x3"]
    there = table.filter(pa.compute.equal(table["place"], "there")).select(features)
    found = spalje.explain(
        table, product, features=features, where={"place": "here"}, background=there, method="exact"
    )
    assert found.total == 200
    assert adds_up(found)
    one = spalje.explain(table.slice(0, 1), product, features=features, background=there.slice(0, 1))
    row, other = table.slice(0, 1), there.slice(0, 1)
    assert one.attributions.values[0, 2, 0] == pytest.approx(
        2 * (row["x2"][0].as_py() - other["x2"][0].as_py())
    )


def test_what_is_written_can_be_read_again(tmp_path):
    table = numbers().append_column("id", pa.array(range(400)))
    found = spalje.explain(table, product, keys=["id"], rows=100, background=2)
    assert write(found, tmp_path, "A title") == ()
    known = json.loads((tmp_path / "explanation.json").read_text())
    assert known["features"][0]["name"] == "x2"
    assert known["rows"] == 100
    assert known["rows_total"] == 400
    output = known["features"][0]["outputs"]["label0"]
    assert output["low"] < output["mean_abs"] < output["high"]
    analysis = Analysis.read(tmp_path / "analysis.json")
    assert analysis.values["label0"]["x2"] == pytest.approx(output["mean_abs"])
    assert analysis.expected["label0"] == pytest.approx(found.attributions.expected[0])
    rows = pq.read_table(tmp_path / "local.parquet")
    assert rows.column_names[:2] == ["id", "__prediction_label0__"]
    assert np.array_equal(rows["x2_label0"].to_numpy(), found.attributions.values[:, 2, 0])
    behind = read_background(tmp_path / "background.parquet")
    assert behind.table.equals(found.background.table.replace_schema_metadata(None))
    assert np.allclose(behind.weights, found.background.weights)
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    for name in ("bar", "beeswarm", "dependence-1", "waterfall-1"):
        assert (tmp_path / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        assert "<svg" in (tmp_path / "figures" / f"{name}.svg").read_text()


def test_clarifys_file_is_read_whatever_else_is_in_it(tmp_path):
    file = tmp_path / "analysis.json"
    theirs = {
        "version": "1.0",
        "pre_training_bias_metrics": {"label": "y"},
        "explanations": {
            "kernel_shap": {"label0": {"global_shap_values": {"a": 0.5, "b": 1}, "expected_value": 2.5}},
            "pdp": [1],
        },
    }
    file.write_text(json.dumps(theirs))
    assert Analysis.read(file).document() == theirs
    for bad in ("", "[]", '{"explanations": {}}', '{"explanations": {"kernel_shap": {"label0": 3}}}'):
        file.write_text(bad)
        with pytest.raises(BadInput, match=r"analysis\.json of Clarify"):
            Analysis.read(file)


SLOW = """
    def model_fn(folder): return None
    def predict_fn(data, model): return data["x0"] * data["x1"] + 2 * data["x2"]
"""


def test_what_was_stopped_goes_on_where_it_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(explanation, "BLOCK", 50)
    (tmp_path / "inference.py").write_text(textwrap.dedent(SLOW))
    table, out = numbers(300), tmp_path / "out"
    settings = {"background": 3, "method": "kernel", "coalitions": 10, "partial": out}

    def stop(done, _total):
        if done >= 150:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        spalje.explain(table, tmp_path / "inference.py", told=stop, **settings)
    assert len(list((out / "partial").glob("*.npz"))) >= 2
    told = []
    found = spalje.explain(
        table, tmp_path / "inference.py", told=lambda done, _: told.append(done), **settings
    )
    assert told[0] >= 100
    assert any("had been explained before" in note for note in found.notes)
    assert not (out / "partial").exists()
    anew = spalje.explain(table, tmp_path / "inference.py", **settings)
    assert np.array_equal(anew.attributions.values, found.attributions.values)
    assert not any("before" in note for note in anew.notes)


def test_other_settings_or_another_model_start_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(explanation, "BLOCK", 50)
    script, out = tmp_path / "model" / "inference.py", tmp_path / "out"
    script.parent.mkdir()
    script.write_text(textwrap.dedent(SLOW))
    settings = {"background": 3, "method": "kernel", "partial": out}

    def stop(done, _total):
        if done >= 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        spalje.explain(numbers(200), script, told=stop, **settings)
    for change in ({"seed": 1}, {"coalitions": 12}, {}):
        if not change:
            script.write_text(textwrap.dedent(SLOW).replace("2 *", "3 *"))
        found = spalje.explain(numbers(200), script, **settings | change)
        assert not any("before" in note for note in found.notes), change


def test_other_weights_of_the_same_background_start_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(explanation, "BLOCK", 50)
    (tmp_path / "inference.py").write_text(textwrap.dedent(SLOW))
    table, out = numbers(200), tmp_path / "out"

    def stop(done, _total):
        if done >= 100:
            raise KeyboardInterrupt

    behind = [Background(table.slice(0, 2), np.array(weights)) for weights in ([0.5, 0.5], [0.9, 0.1])]
    settings = {"method": "kernel", "partial": out}
    with pytest.raises(KeyboardInterrupt):
        spalje.explain(table, tmp_path / "inference.py", background=behind[0], told=stop, **settings)
    found = spalje.explain(table, tmp_path / "inference.py", background=behind[1], **settings)
    assert not any("before" in note for note in found.notes)


def test_blocks_of_rows_change_little(monkeypatch):
    whole = spalje.explain(numbers(300, 10), product_of_ten, background=2, coalitions=400)
    monkeypatch.setattr(explanation, "LARGE_BLOCK", 100)
    parts = spalje.explain(numbers(300, 10), product_of_ten, background=2, coalitions=400)
    apart = np.abs(parts.attributions.values - whole.attributions.values)
    assert apart.mean() < 2 * whole.attributions.errors.mean()
    assert adds_up(parts)


def test_a_model_that_fails_on_some_rows_is_asked_for_the_others(tmp_path):
    script = """
        def model_fn(folder): return None
        def predict_fn(data, model):
            if (data["x0"] > 2.2).any() and (data["x1"] < 0).any():
                bad = data[(data["x0"] > 2.2) & (data["x1"] < 0)]
                if len(bad): raise ValueError("no such shop")
            return data["x0"] + data["x1"] + data["x2"]
    """
    (tmp_path / "inference.py").write_text(textwrap.dedent(script))
    rng = np.random.default_rng(1)
    table = pa.table({name: rng.normal(size=300) for name in ("x0", "x1", "x2")})
    found = spalje.explain(table, tmp_path / "inference.py", background=table.slice(0, 6), method="kernel")
    assert adds_up(found)
    assert any("no such shop" in note and "failed on" in note for note in found.notes)
    lost = ~found.there
    high = (table["x0"].to_numpy() > 2.2) & (table["x1"].to_numpy() < 0)
    assert np.array_equal(lost, high)
    if lost.any():
        assert any("could not be explained" in note for note in found.notes)
        assert local(found)["x0_label0"].null_count == lost.sum()
    json.dumps(summary(found), allow_nan=False)


def test_a_model_that_gives_nan_for_some_rows():
    def holes(table):
        values = table["x0"] + table["x1"]
        return np.where((table["x0"] > 1) & (table["x1"] < -1), np.nan, values)

    found = spalje.explain(numbers(300, 3), holes, background=5, method="kernel")
    assert adds_up(found)
    assert any("no finite number" in note for note in found.notes)
    with pytest.raises(BadInput, match="background"):
        spalje.explain(numbers(30), lambda t: t["x0"] * np.nan, background=2)


def test_a_model_that_fails_on_everything_is_refused():
    def fails(_table):
        raise RuntimeError("not today")

    with pytest.raises(BadInput, match="not today"):
        spalje.explain(numbers(30), fails, background=2)


def test_a_random_model_is_remarked_upon():
    rng = np.random.default_rng(0)
    found = spalje.explain(numbers(50), lambda t: t["x0"] + rng.normal(size=len(t)), background=2)
    assert any("random" in note for note in found.notes)
    exact = spalje.explain(
        numbers(50), lambda t: t["x0"] + rng.normal(size=len(t)), background=2, method="exact"
    )
    assert any("random" in note for note in exact.notes)
    assert not any("random" in note for note in spalje.explain(numbers(50), product, background=2).notes)


@pytest.mark.parametrize("method", ["kernel", "exact"])
def test_features_that_are_constant_double_empty_or_alone(method):
    rng = np.random.default_rng(0)
    x = rng.normal(size=80)
    table = pa.table(
        {"x": x, "again": x, "same": np.ones(80), "empty": pa.nulls(80), "none": pa.nulls(80, pa.float64())}
    )

    def model(t):
        return 3 * t["x"] + t["again"] + t["same"]

    found = spalje.explain(table, model, background=2, method=method)
    assert adds_up(found)
    values = found.attributions.values[:, :, 0]
    assert np.allclose(values[:, 0], 3 * values[:, 1], atol=1e-9)
    assert np.abs(values[:, 2:]).max() < 1e-9
    alone = spalje.explain(table.select(["x"]), lambda t: t["x"] ** 2, background=2, method=method)
    assert adds_up(alone)
    flat = spalje.explain(
        table.select(["x", "same"]), lambda t: np.zeros(len(t)), background=2, method=method
    )
    assert not flat.attributions.values.any()
    assert flat.shares().tolist() == [0.0, 0.0]


def test_a_thousand_features():
    rng = np.random.default_rng(0)
    table = pa.table({f"x{place}": rng.normal(size=12) for place in range(1000)})
    slopes = rng.normal(size=1000) * (rng.random(1000) < 0.05)

    def model(t):
        values = t.to_numpy()
        return values @ slopes + values[:, 0] * values[:, 1]

    found = spalje.explain(table, model, background=1, coalitions=2000)
    assert adds_up(found)
    rows, back = table.to_pandas().to_numpy(), found.background.table.to_pandas().to_numpy()[0]
    expected = (rows - back) * slopes
    apart = np.abs(found.attributions.values[:, 2:, 0] - expected[:, 2:])
    assert apart.max() < 1e-6


def test_a_category_that_the_background_does_not_have():
    table = pa.table({"store": ["a", "b", "new"] * 10, "x": np.arange(30.0)})
    worth = {"a": 1.0, "b": 2.0}

    def model(t):
        return t["store"].map(worth).fillna(10.0) + t["x"]

    found = spalje.explain(table, model, background=table.slice(0, 2), method="exact")
    assert found.attributions.values[2, 0, 0] == pytest.approx(10.0 - 1.5)


def test_coalitions_are_added_until_the_error_is_met():
    table = numbers(200, 14)

    def model(t):
        values = t.to_numpy()
        return np.where((values[:, :5] > 0).sum(axis=1) > 2, values[:, 5], values[:, 6] * values[:, 7])

    used = []
    for error in (0.05, 0.01, 0.002):
        found = spalje.explain(table, model, background=2, method="kernel", error=error)
        assert found.attributions.errors.mean() <= 1.5 * error * found.attributions.predictions.std()
        used.append(found.coalitions)
    assert used[0] < used[-1]


def test_the_cost_is_told_before_it_is_spent():
    told = []
    table = numbers(100, 10)
    spalje.explain(table, product_of_ten, background=3, method="kernel", coalitions=200, cost=told.append)
    (cost,) = told
    assert (cost.rows, cost.evaluations) == (100, 100 * 200 * 3)
    assert cost.seconds > 0
    found = spalje.explain(table, product_of_ten, background=3, method="kernel", coalitions=200)
    assert found.evaluations <= cost.evaluations


def product_of_ten(table):
    return table.to_numpy().prod(axis=1)


def test_memory_does_not_grow_with_rows(tmp_path):
    """The peak of a process that explains 400 rows and of one that explains 4,000."""
    program = textwrap.dedent(
        """
        import resource, sys
        import numpy as np, pyarrow as pa, spalje
        rng = np.random.default_rng(0)
        table = pa.table({f"x{n}": rng.normal(size=int(sys.argv[1])) for n in range(12)})
        found = spalje.explain(table, lambda t: np.asarray(t["x0"]) * np.asarray(t["x1"]), background=10,
                               method="kernel", coalitions=300, rows=None, frames=False)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        """
    )
    peaks = [
        int(
            subprocess.run(
                [sys.executable, "-c", program, rows], capture_output=True, check=True, text=True
            ).stdout
        )
        for rows in ("400", "4000")
    ]
    assert peaks[1] < 1.4 * peaks[0]


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"method": "magic"}, NotFound, "magic"),
        ({"link": "probit"}, NotFound, "probit"),
        ({"background": 0}, BadInput, "1 to 1,000"),
        ({"method": "tree"}, BadInput, "no decision trees"),
        ({"groups": {"a": ["x9"]}}, BadInput, "x9"),
        ({"groups": {"a": ["x0"], "b": ["x0"]}}, BadInput, "'a' and 'b'"),
        ({"groups": {"x1": ["x0"]}}, BadInput, "called like"),
        ({"features": ["x0", "zz"]}, BadInput, "zz"),
        ({"where": {"x0": "green"}}, BadInput, "green"),
        ({"where": {"x0": "77"}}, BadInput, "no rows"),
        ({"link": "log"}, BadInput, "log"),
        ({"background": numbers(0)}, BadInput, "no rows"),
        ({"background": pa.table({"x0": [1.0]})}, BadInput, "x1"),
    ],
)
def test_what_cannot_be_is_refused_in_plain_words(settings, error, said):
    with pytest.raises(error, match=said):
        spalje.explain(numbers(40), lambda t: t["x0"] - 100, **{"background": 2, **settings})


def test_what_is_no_model_is_refused_in_plain_words(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "model.txt").write_text("trees")
    for model, said in (
        (tmp_path / "nowhere", "no model"),
        (tmp_path / "empty", "it is empty"),
        (tmp_path / "model.txt", "folder or a Python script"),
        (3, "no model"),
    ):
        with pytest.raises(BadInput, match=said):
            spalje.explain(numbers(10), model)
    with pytest.raises(BadInput, match="12 features or groups"):
        spalje.explain(numbers(10, 13), product_of_ten, method="exact", background=1)
    weightless = tmp_path / "background.parquet"
    pq.write_table(numbers(2), weightless)
    with pytest.raises(BadInput, match="no weighted rows"):
        read_background(weightless)


def test_the_same_seed_gives_the_same_and_rows_are_drawn_evenly():
    table = numbers(3000).append_column("id", pa.array(range(3000)))
    one, two = (spalje.explain(table, product, keys=["id"], rows=500, background=2) for _ in range(2))
    assert np.array_equal(one.attributions.values, two.attributions.values)
    ids = one.keys["id"].to_numpy()
    assert np.array_equal(ids, np.sort(ids))
    assert len(np.unique(ids)) == 500
    assert abs(ids.mean() - 1500) < 150


def test_a_background_that_was_made_before_is_taken_as_it_is():
    table = numbers(20)
    behind = Background(table.slice(0, 2), np.array([0.75, 0.25]))
    found = spalje.explain(table, product, background=behind)
    expected = 0.75 * product(table.slice(0, 1).to_pandas()) + 0.25 * product(table.slice(1, 1).to_pandas())
    assert found.attributions.expected[0] == pytest.approx(float(expected[0]))


def test_pandas_categories_reach_a_function_as_they_are():
    frame = pd.DataFrame({"s": pd.Categorical(["a", "b"] * 20), "x": np.arange(40.0)})
    found = spalje.explain(frame, lambda t: t["s"].cat.codes * 2.0 + t["x"], background=frame.iloc[:1])
    assert found.attributions.values[1, 0, 0] == pytest.approx(2.0)


def test_progress_is_told_as_it_is_made():
    told = []
    table = numbers(400, 10)
    settings = {"background": 5, "method": "kernel", "coalitions": 400}
    spalje.explain(table, product_of_ten, told=lambda *each: told.append(each), **settings)
    done = [rows for rows, _ in told]
    assert done == sorted(done)
    assert done[0] == 0
    assert done[-1] == 400
    assert len(set(done)) > 5
    assert {total for _, total in told} == {400}
