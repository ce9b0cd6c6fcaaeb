"""The deploy repository's programs, run as they are run in production."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
from postprocess import propose

SRC = Path(__file__).parents[1] / "src"


def run(script, *words):
    subprocess.run([sys.executable, script, *map(str, words)], cwd=SRC, check=True)


def test_features_of_a_week_and_its_truth_have_the_same_rows(world, tmp_path):
    journey = world()
    for folder in ("features", "truth"):
        (tmp_path / folder).mkdir()
    few = ("--stores", 4, "--categories", 2, "--week", "2017-06-19")
    run("preprocess.py", "--journey", journey, "--features", tmp_path / "features", *few)
    run("ground_truth.py", "--journey", journey, "--ground-truth", tmp_path / "truth", *few)
    features, truth = pd.read_parquet(tmp_path / "features"), pd.read_parquet(tmp_path / "truth")
    assert "units" not in features
    assert features[["store_id", "product_category", "day"]].equals(truth[["store_id", "product_category", "day"]])


def test_a_delivery_ends_before_its_monday_and_a_fault_multiplies_a_third_of_the_stores(world, tmp_path):
    journey = world()
    run("delivery.py", "--journey", journey, "--delivery", tmp_path / "good", "--until", "2017-06-19")
    run("delivery.py", "--journey", journey, "--delivery", tmp_path / "bad", "--until", "2017-06-19", "--fault", "units_times_ten")
    good, bad = (pd.read_parquet(tmp_path / name / "transactions.parquet") for name in ("good", "bad"))
    assert good["transaction_timestamp"].max() < pd.Timestamp("2017-06-19 04:00")
    changed = good["quantity"] != bad["quantity"]
    assert set(good.loc[changed, "store_id"]) == {3}
    assert (bad.loc[changed, "quantity"] == 10 * good.loc[changed, "quantity"]).all()
    assert good.loc[changed, "transaction_timestamp"].min() >= pd.Timestamp("2017-05-22 04:00")


def test_orders_are_whole_units_and_cover_the_forecast():
    week = pd.DataFrame({"store_id": [1, 1, 2], "product_category": ["APPLES"] * 3, "prediction": [1.2, 0.9, 0.0]})
    orders = propose(week)
    assert orders["order"].tolist() == [3, 0]
