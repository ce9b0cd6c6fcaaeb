"""From a delivery to a prediction, through the programs themselves."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from inference import model_fn, predict_fn

SRC = Path(__file__).parents[1] / "src"


def run(script, *words, **environ):
    subprocess.run([sys.executable, script, *map(str, words)], cwd=SRC, env={**os.environ, **environ}, check=True)


def test_preprocess_train_predict_evaluate(world, tmp_path):
    folders = {name: tmp_path / name for name in ("train", "validation", "evaluation", "model", "predictions", "report")}
    for folder in folders.values():
        folder.mkdir()
    tables = [word for name in ("train", "validation", "evaluation") for word in (f"--{name}", folders[name])]
    run("preprocess.py", "--journey", world(), *tables, "--stores", 4, "--categories", 2, "--evaluation-weeks", 3)
    weeks = {name: set(pd.read_parquet(folders[name])["day"]) for name in ("train", "validation", "evaluation")}
    assert max(weeks["train"]) < min(weeks["validation"]) <= max(weeks["validation"]) < min(weeks["evaluation"])

    run("train.py", "--rounds", 20, SM_CHANNEL_TRAIN=str(folders["train"]), SM_CHANNEL_VALIDATION=str(folders["validation"]), SM_MODEL_DIR=str(folders["model"]))
    model = model_fn(str(folders["model"]))
    table = pd.read_parquet(folders["evaluation"])
    table["prediction"] = predict_fn(table, model)
    assert np.isfinite(table["prediction"]).all()
    strange = table.assign(product_category="DRAGON FRUIT")
    assert np.isfinite(predict_fn(strange, model)).all(), "a new category is no reason to fail"

    table[["store_id", "product_category", "day", "units", "prediction"]].to_parquet(folders["predictions"] / "part-0.parquet")
    run("evaluate.py", "--predictions", folders["predictions"], "--evaluation", folders["evaluation"], "--report", folders["report"])
    metrics = json.loads((folders["report"] / "metrics.json").read_text())
    assert metrics["wape_category_week"] >= 0
    assert "store × category × week" in (folders["report"] / "report.md").read_text()
