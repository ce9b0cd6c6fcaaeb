"""From tables to a prediction and its evaluation, through the programs themselves."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from columns import KEYS, TARGET
from inference import model_fn, predict_fn

SRC = Path(__file__).parents[1] / "src"


def run(script, *words, **environ):
    subprocess.run([sys.executable, script, *map(str, words)], cwd=SRC, env={**os.environ, **environ}, check=True)


def test_train_predict_evaluate(tables, tmp_path):
    days = {name: set(pd.read_parquet(tables[name])["day"]) for name in ("train", "validation", "evaluation")}
    assert max(days["train"]) < min(days["validation"]) <= max(days["validation"]) < min(days["evaluation"])

    for name in ("model", "predictions", "report"):
        (tmp_path / name).mkdir()
    channels = {f"SM_CHANNEL_{name.upper()}": str(tables[name]) for name in ("train", "validation")}
    run("train.py", **channels, SM_MODEL_DIR=str(tmp_path / "model"))
    model = model_fn(str(tmp_path / "model"))
    table = pd.read_parquet(tables["evaluation"])
    table["prediction"] = predict_fn(table, model)
    assert np.isfinite(table["prediction"]).all()
    assert np.allclose(predict_fn(table[:5], model), table["prediction"][:5]), "a row's prediction is its own"
    assert np.isfinite(predict_fn(table.assign(kind="new"), model)).all(), "a new category is no reason to fail"

    table[[*KEYS, TARGET, "prediction"]].to_parquet(tmp_path / "predictions" / "part-0.parquet")
    run("evaluate.py", "--predictions", tmp_path / "predictions", "--evaluation", tables["evaluation"], "--report", tmp_path / "report")
    metrics = json.loads((tmp_path / "report" / "metrics.json").read_text())
    assert metrics["rmse"] < metrics["naive_rmse"]
