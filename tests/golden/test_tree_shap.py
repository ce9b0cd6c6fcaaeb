"""Exact values of trees against the libraries that grew them, against shap, and against all coalitions."""

import warnings

import lightgbm
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeRegressor

import spalje
from spalje.attribution import lightgbm_text, tree_shap, xgboost_json
from spalje.attribution.background import Background
from spalje.attribution.tree_shap import TreeShap
from spalje.errors import BadInput

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import shap

pytestmark = pytest.mark.filterwarnings("ignore")
QUIET = {"verbose": -1, "num_threads": 1, "seed": 1, "deterministic": True}


def mixed(rows=2500, seed=3):
    """Numbers with gaps, numbers of few values, categories and flags."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "price": rng.normal(5, 1, rows),
            "lag": np.where(rng.random(rows) < 0.15, np.nan, rng.gamma(2.0, size=rows)),
            "store": pd.Categorical(rng.choice([f"store {n}" for n in range(7)], rows)),
            "week": rng.integers(1, 5, rows),
            "campaign": rng.random(rows) < 0.3,
            "noise": np.round(rng.normal(size=rows), 1),
        }
    )
    effect = rng.normal(size=7)[frame["store"].cat.codes]
    y = (
        -frame["price"]
        + effect * (frame["week"] > 2)
        + frame["campaign"] * frame["lag"].fillna(-1)
        + 0.1 * rng.normal(size=rows)
    )
    return frame, y


def even(rows):
    return np.full(rows, 1 / rows)


@pytest.fixture(scope="module")
def boosted():
    """LightGBM on numbers with gaps and categories."""
    frame, y = mixed()
    data = lightgbm.Dataset(frame, y, categorical_feature=["store", "week"])
    return lightgbm.train({**QUIET, "num_leaves": 63, "min_data_in_leaf": 5}, data, 40), frame


@pytest.mark.parametrize("objective", ["regression", "binary", "multiclass", "rf", "zero_as_missing"])
def test_lightgbms_text_predicts_and_explains_by_paths_what_lightgbm_does(objective):
    frame, y = mixed()
    settings = {"num_leaves": 40, "min_data_in_leaf": 5, **QUIET}
    label = y
    if objective == "binary":
        settings["objective"], label = "binary", (y > y.median()).astype(int)
    if objective == "multiclass":
        settings |= {"objective": "multiclass", "num_class": 3}
        label = pd.qcut(y, 3, labels=False)
    if objective == "rf":
        settings |= {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}
    if objective == "zero_as_missing":
        settings["zero_as_missing"] = True
    numbers = frame.assign(store=frame["store"].cat.codes).to_numpy(float)
    numbers[::11, 3] = 0.0
    booster = lightgbm.train(settings, lightgbm.Dataset(numbers, label, categorical_feature=[2]), 20)
    trees = lightgbm_text.read(booster.model_to_string()).trees
    cells = numbers[:200].T.copy()
    raw = booster.predict(numbers[:200], raw_score=objective != "rf").reshape(200, -1)
    assert np.allclose(trees.predict(cells), raw, atol=1e-12)
    if objective == "rf":
        return  # LightGBM explains the sum of a forest's trees and predicts their mean
    paths = TreeShap.path_dependent(trees, np.arange(6))
    theirs = booster.predict(numbers[:200], pred_contrib=True).reshape(200, -1, 7)
    assert np.allclose(paths.values(cells).transpose(0, 2, 1), theirs[:, :, :-1], atol=1e-9)
    assert np.allclose(paths.expected, theirs[0, :, -1], atol=1e-9)


def test_interventional_values_are_those_of_shap():
    """shap keeps them as 32-bit floats."""
    x, y = load_diabetes(return_X_y=True)
    booster = lightgbm.train({**QUIET, "num_leaves": 31}, lightgbm.Dataset(x, y), 50)
    trees = lightgbm_text.read(booster.model_to_string()).trees
    back = x[100:120]
    ours = TreeShap.interventional(trees, np.arange(10), back.T.copy(), even(20))
    theirs = shap.TreeExplainer(booster, back, feature_perturbation="interventional")
    found = theirs.shap_values(x[:80], check_additivity=False)
    assert np.allclose(ours.values(x[:80].T.copy())[:, :, 0], found, atol=1e-4)


@pytest.mark.parametrize("tabled", [0, 2, 8])
def test_leaves_with_and_without_a_table_give_the_same(boosted, tabled, monkeypatch):
    booster, frame = boosted
    trees = lightgbm_text.read(booster.model_to_string()).trees
    cells = frame.assign(store=frame["store"].cat.codes).to_numpy(float).T.copy()
    weights = np.array([0.5, 0.2, 0.3])

    def both():
        inner = TreeShap.interventional(trees, np.arange(6), cells[:, :3], weights).values(cells[:, 10:60])
        return inner, TreeShap.path_dependent(trees, np.arange(6)).values(cells[:, 10:60])

    usual = both()
    monkeypatch.setattr(tree_shap, "TABLED", tabled)
    for one, two in zip(usual, both(), strict=True):
        assert np.allclose(one, two, atol=1e-12)


def models():
    """Models of every kind that is known, with the frame they are of."""
    frame, y = mixed()
    codes = frame.assign(
        store=frame["store"].cat.codes.astype(float), campaign=frame["campaign"].astype(float)
    )
    filled = codes.fillna(-1.0)
    high = (y > y.median()).astype(int)
    yield "lightgbm", lightgbm.LGBMRegressor(verbose=-1, n_estimators=30, n_jobs=1).fit(frame, y), frame, {}
    yield "xgboost", xgboost.XGBRegressor(n_estimators=30, n_jobs=1).fit(codes, y), codes, {}
    booster = xgboost.train({"nthread": 1}, xgboost.DMatrix(codes, y), 20)
    yield "xgboost booster", lambda table: booster.predict(xgboost.DMatrix(table)), codes, {}
    for model in (
        DecisionTreeRegressor(max_depth=9, random_state=0),
        RandomForestRegressor(20, max_depth=7, random_state=0),
        ExtraTreesRegressor(20, min_samples_leaf=4, random_state=0),
        GradientBoostingRegressor(n_estimators=30, random_state=0),
    ):
        yield type(model).__name__, model.fit(filled, y), filled, {}
    yield "HistGradientBoosting", HistGradientBoostingRegressor(random_state=0).fit(codes, y), codes, {}
    forest = RandomForestClassifier(10, max_depth=6, random_state=0).fit(filled, high)
    yield "probabilities of a forest", forest.predict_proba, filled, {}
    yield "one probability", lambda table: forest.predict_proba(table)[:, 1], filled, {}
    odds = lightgbm.LGBMClassifier(verbose=-1, n_estimators=20, n_jobs=1).fit(frame, high)
    yield "log-odds", lambda table: odds.predict_proba(table)[:, 1], frame, {"link": "logit"}
    counts = lightgbm.LGBMRegressor(objective="poisson", verbose=-1, n_estimators=20, n_jobs=1)
    yield "logarithm", counts.fit(frame, np.exp(y / 4)), frame, {"link": "log"}
    boosting = GradientBoostingClassifier(n_estimators=20, random_state=0).fit(filled, high)
    yield "decision function", boosting.decision_function, filled, {}
    text = frame.assign(store=frame["store"].astype(str), lag=frame["lag"].fillna(-1.0))
    numeric = [name for name in text.columns if name != "store"]
    for encoder in (OneHotEncoder(), OrdinalEncoder()):
        parts = ColumnTransformer([("store", encoder, ["store"]), ("rest", StandardScaler(), numeric)])
        pipeline = make_pipeline(parts, RandomForestRegressor(10, max_depth=6, random_state=0)).fit(text, y)
        yield f"pipeline with {type(encoder).__name__}", pipeline, text, {}


@pytest.mark.parametrize(
    ("name", "model", "frame", "settings"), [pytest.param(*m, id=m[0]) for m in models()]
)
def test_tree_agrees_with_all_coalitions_and_with_the_kernel(name, model, frame, settings):
    rows = frame.iloc[300:312]
    back = Background(
        pa.Table.from_pandas(frame.iloc[:4], preserve_index=False), np.array([0.4, 0.3, 0.2, 0.1])
    )
    known = {"background": back, **settings}
    found = spalje.explain(rows, model, method="auto", **known)
    assert found.method == "tree", found.reason
    exact = spalje.explain(rows, model, method="exact", **known)
    kernel = spalje.explain(rows, model, method="kernel", coalitions=62, **known)
    scale = np.abs(exact.attributions.values).max()
    for other in (exact, kernel):
        assert np.abs(found.attributions.values - other.attributions.values).max() <= 2e-5 * scale
        assert np.allclose(found.attributions.expected, other.attributions.expected, atol=2e-5 * scale)
    for each in (found, exact, kernel):
        gain = each.attributions.predictions - each.attributions.expected
        assert np.abs(each.attributions.values.sum(axis=1) - gain).max() <= 1e-9 * max(1.0, scale)


def test_rows_that_lie_exactly_on_a_split(boosted):
    """A threshold is in the left half for LightGBM and scikit-learn, in the right half for XGBoost."""
    x = np.repeat(np.arange(6.0), 50)[:, None]
    x = np.column_stack([x, x[::-1]])
    y = (x[:, 0] > 2) * 1.0 + (x[:, 1] >= 4) * x[:, 0]
    on = pa.table({"a": np.arange(6.0), "b": np.arange(6.0)[::-1].copy()})
    for model in (
        lightgbm.LGBMRegressor(verbose=-1, n_estimators=5, n_jobs=1, min_child_samples=5).fit(x, y),
        xgboost.XGBRegressor(n_estimators=5, n_jobs=1).fit(x, y),
        RandomForestRegressor(5, random_state=0).fit(x, y),
    ):

        def predict(table, model=model):
            return model.predict(table.to_numpy())

        back = Background(on.slice(2, 2), np.array([0.5, 0.5]))
        tree = spalje.explain(on, predict, method="tree", background=back)
        exact = spalje.explain(on, predict, method="exact", background=back)
        assert np.allclose(tree.attributions.values, exact.attributions.values, atol=1e-6)


def test_several_classes():
    data = load_wine(as_frame=True)
    model = RandomForestClassifier(10, max_depth=4, random_state=0).fit(data.data, data.target)
    settings = {"background": 3, "rows": 20}
    found = spalje.explain(data.data, model.predict_proba, **settings)
    assert found.method == "tree"
    assert found.attributions.values.shape == (20, 13, 3)
    assert np.allclose(found.attributions.values.sum(axis=2), 0.0, atol=1e-9)
    kernel = spalje.explain(data.data, model.predict_proba, method="kernel", coalitions=2000, **settings)
    assert np.abs(found.attributions.values - kernel.attributions.values).max() < 0.005


def test_a_group_is_one_player(boosted):
    booster, frame = boosted
    groups = {"advertising": ["price", "campaign"], "place": ["store", "week"]}
    settings = {"groups": groups, "background": 3, "rows": 15}
    tree, exact = (spalje.explain(frame, booster, method=method, **settings) for method in ("tree", "exact"))
    assert tree.features == ("advertising", "lag", "place", "noise")
    assert np.allclose(tree.attributions.values, exact.attributions.values, atol=1e-9)


def test_a_column_for_each_of_many_categories():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"store": [f"store {n}" for n in rng.integers(0, 60, 900)], "x": rng.normal(size=900)}
    )
    y = rows["store"].str.len() * rows["x"] + rows["store"].str.endswith("7") * 2
    parts = ColumnTransformer([("store", OneHotEncoder(), ["store"]), ("rest", "passthrough", ["x"])])
    model = make_pipeline(parts, RandomForestRegressor(5, random_state=0)).fit(rows, y)
    found = spalje.explain(rows, model, rows=200, background=rows.iloc[:5])
    exact = spalje.explain(rows, model, rows=200, background=rows.iloc[:5], method="exact")
    assert found.method == "tree", found.reason
    assert np.allclose(found.attributions.values, exact.attributions.values, atol=1e-5)


def test_columns_for_more_categories_than_can_be_tried_are_not_guessed():
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"store": [f"store {n}" for n in rng.integers(0, 400, 3000)], "x": rng.normal(size=3000)}
    )
    y = rows["store"].str.len() * rows["x"] + rows["store"].str.endswith("7") * 2
    parts = ColumnTransformer([("store", OneHotEncoder(), ["store"]), ("rest", "passthrough", ["x"])])
    model = make_pipeline(parts, RandomForestRegressor(5, max_depth=8, random_state=0)).fit(rows, y)
    settings = {"rows": 1000, "background": rows.iloc[:3]}
    found = spalje.explain(rows, model, **settings)
    assert found.method == "kernel"
    assert "too many to be tried" in found.reason or "one by one" in found.reason
    exact = spalje.explain(rows, model, method="exact", **settings)
    assert np.allclose(found.attributions.values, exact.attributions.values, atol=1e-9)


def test_what_is_not_separable_is_refused_with_the_reason():
    """Trees that see the ratio of two features do not tell what either adds."""
    data = load_iris(as_frame=True).data
    data.columns = ["a", "b", "c", "d"]
    forest = RandomForestRegressor(5, random_state=0).fit(data[["a", "b"]].assign(r=data.a / data.c), data.d)

    def predict(table):
        return forest.predict(table[["a", "b"]].assign(r=table.a / table.c))

    rows = data[["a", "b", "c"]]
    with pytest.raises(BadInput, match=r"depends on several features: a, c"):
        spalje.explain(rows, predict, method="tree", background=2)
    found = spalje.explain(rows, predict, background=2)
    assert found.method == "kernel"
    assert "several features" in found.reason


def test_a_probability_is_not_what_its_trees_add_up_to():
    x, y = load_breast_cancer(return_X_y=True, as_frame=True)
    model = lightgbm.LGBMClassifier(verbose=-1, n_estimators=10, n_jobs=1).fit(x.iloc[:, :5], y)

    def predict(table):
        return model.predict_proba(table)[:, 1]

    with pytest.raises(BadInput, match="link='logit'"):
        spalje.explain(x.iloc[:50, :5], predict, method="tree", background=2)


def test_bad_model_files_are_refused():
    with pytest.raises(BadInput, match="LightGBM"):
        lightgbm_text.read("no model")
    with pytest.raises(BadInput, match="XGBoost"):
        xgboost_json.read("{}")
    linear = xgboost.train({"booster": "gblinear"}, xgboost.DMatrix(np.eye(5), np.arange(5.0)), 2)
    with pytest.raises(BadInput, match="linear"):
        xgboost_json.read(bytes(linear.save_raw("json")).decode())
    x = np.random.default_rng(0).normal(size=(200, 2))
    leaves = lightgbm.train({**QUIET, "linear_tree": True}, lightgbm.Dataset(x, x[:, 0]), 2)
    with pytest.raises(BadInput, match="linear"):
        lightgbm_text.read(leaves.model_to_string())
