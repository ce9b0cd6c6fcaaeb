"""The deploy repository's programs, run as they are run in production."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
from columns import KEYS, TARGET
from postprocess import propose

SRC = Path(__file__).parents[1] / "src"


def run(script, *words):
    subprocess.run([sys.executable, script, *map(str, words)], cwd=SRC, check=True)


def test_features_of_a_week_and_its_truth_have_the_same_rows(world, tmp_path):
    journey = world()
    for folder in ("features", "truth"):
        (tmp_path / folder).mkdir()
    run("preprocess.py", "--journey", journey, "--features", tmp_path / "features", "--week", "2017-06-19")
    run("ground_truth.py", "--journey", journey, "--ground-truth", tmp_path / "truth", "--week", "2017-06-19")
    features, truth = pd.read_parquet(tmp_path / "features"), pd.read_parquet(tmp_path / "truth")
    assert TARGET not in features
    assert features[KEYS].equals(truth[KEYS])


def test_a_delivery_ends_before_its_monday_and_a_fault_multiplies_what_was_spent(world, tmp_path):
    journey = world()
    run("delivery.py", "--journey", journey, "--delivery", tmp_path / "good", "--until", "2017-06-19")
    run("delivery.py", "--journey", journey, "--delivery", tmp_path / "bad", "--until", "2017-06-19", "--fault", "spend_in_cents")
    good, bad = (pd.read_parquet(tmp_path / name / "transactions.parquet") for name in ("good", "bad"))
    assert good["transaction_timestamp"].max() < pd.Timestamp("2017-06-19 04:00")
    assert (bad["sales_value"] == 100 * good["sales_value"]).all()
    assert pd.read_parquet(tmp_path / "good" / "campaigns.parquet")["campaign_id"].tolist() == [1], "the later one is not planned yet"


def test_who_spends_little_gets_more():
    vouchers = propose(pd.DataFrame({"household_id": [1, 2, 3, 4], "prediction": [0.0, 10.0, 30.0, 80.0]}))
    assert vouchers["voucher"].tolist() == [5, 3, 2, 0]
