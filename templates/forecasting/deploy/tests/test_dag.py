"""The DAGs' own tasks on the small world; Spaljé's part is played here."""

import sys

import pandas as pd
import pytest
from columns import KEYS, TARGET
from run_dag import load

WEEK = "2017-06-19"


@pytest.fixture
def dags(world, tmp_path):
    """The module, its DAGs, and what Spaljé was asked; predictions are the units of a week before."""
    module, dags = load({"today": "2017-07-03", "week": WEEK})
    module.LANDING, module.PYTHON = tmp_path / "landing", sys.executable
    module.delivery = lambda until: str(world())
    asked = []

    def spalje(*words, may=(0,)):
        asked.append(words)
        if words[:3] == ("run", "start", "inference"):
            features = pd.read_parquet(words[-1].removeprefix("--input=features="))
            features.assign(prediction=features["units_lag_7"]).to_parquet(module.fresh_folder("predicted") / "part-0.parquet")
        return {
            ("run", "start"): {"run": {"id": "this one"}},
            ("batch", "list"): [{"number": 1, "content": {"run": "this one", "status": "published", "artifacts": {"predictions": "a" * 64}}}],
            ("artifact", "show"): {"folder": str(tmp_path / "landing" / "predicted")},
            ("batch", "truth"): {},
        }[words[:2]]

    module.spalje = spalje
    return module, {name.removeprefix(f"{module.PROJECT}-"): dag for name, dag in dags.items()}, asked


def test_the_build_dag_makes_tables_and_starts_a_build(dags):
    module, dags, asked = dags
    dags["build"]()
    tables = {name: pd.read_parquet(module.LANDING / "tables" / name) for name in ("train", "validation", "evaluation")}
    assert all({*KEYS, TARGET} < set(table) for table in tables.values())
    assert max(tables["train"]["day"]) < min(tables["evaluation"]["day"])
    assert asked[0][:3] == ("run", "start", "build")


def test_the_inference_dag_hands_on_orders(dags):
    module, dags, asked = dags
    dags["inference"]()
    orders = pd.read_parquet(module.LANDING / "orders" / WEEK)
    assert (orders["order"] >= orders["forecast"]).all()
    assert TARGET not in pd.read_parquet(module.LANDING / "features" / WEEK)


def test_a_blocked_batch_fails_for_good(dags, monkeypatch):
    module, dags, _ = dags
    played = module.spalje

    def blocks(*words, may=(0,)):
        said = played(*words, may=may)
        if words[:2] == ("batch", "list"):
            said[0]["content"]["status"] = "blocked"
        return said

    monkeypatch.setattr(module, "spalje", blocks)
    with pytest.raises(module.AirflowFailException, match="spalje batch show"):
        dags["inference"]()
    assert not (module.LANDING / "orders").exists()


def test_the_truth_dag_delivers_what_was_sold(dags):
    module, dags, asked = dags
    dags["truth"]()
    assert set(pd.read_parquet(module.LANDING / "ground-truth" / WEEK)) == {*KEYS, TARGET}
    assert asked[0][:2] == ("batch", "truth")
