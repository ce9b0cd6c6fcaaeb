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


def test_features_of_a_day_and_its_truth_have_the_same_rows(tmp_path):
    for folder in ("sales", "later", "features", "truth"):
        (tmp_path / folder).mkdir()
    run("ingest.py", "--sales", tmp_path / "sales", "--until", "2024-03-01")
    run("ingest.py", "--sales", tmp_path / "later", "--until", "2024-03-02")
    run("preprocess.py", "--sales", tmp_path / "sales", "--features", tmp_path / "features", "--day", "2024-03-01")
    run("ground_truth.py", "--sales", tmp_path / "later", "--ground-truth", tmp_path / "truth", "--day", "2024-03-01")
    features, truth = pd.read_parquet(tmp_path / "features"), pd.read_parquet(tmp_path / "truth")
    assert TARGET not in features
    assert features[KEYS].equals(truth[KEYS])


def test_orders_are_whole_units_and_cover_the_prediction():
    orders = propose(pd.DataFrame({"item": [1, 2], "prediction": [1.2, 0.0]}))
    assert orders["order"].tolist() == [2, 0]
