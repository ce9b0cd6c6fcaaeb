"""How the model predicts; runs wherever the model runs."""

import json
import os
from pathlib import Path
from typing import NamedTuple

import lightgbm as lgb
import numpy as np
import pandas as pd


class Model(NamedTuple):
    """The trees, and what they expect."""

    trees: lgb.Booster
    features: list[str]
    categories: dict[str, pd.Index]


def model_fn(model_dir: str) -> Model:
    """Load what train.py wrote."""
    about = json.loads(Path(model_dir, "model.json").read_text())
    categories = {name: pd.Index(known) for name, known in about["categories"].items()}
    return Model(lgb.Booster(model_file=Path(model_dir, "model.txt")), about["features"], categories)


def predict_fn(data: pd.DataFrame, model: Model) -> np.ndarray:
    """Dollars per row; a category that was never trained on counts as missing."""
    columns = np.empty((len(data), len(model.features)))
    for place, name in enumerate(model.features):
        known = model.categories.get(name)
        columns[:, place] = data[name] if known is None else known.get_indexer(data[name])
    return model.trees.predict(columns, num_threads=int(os.environ.get("SM_NUM_CPUS", "0")))
