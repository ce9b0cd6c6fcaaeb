"""How the model predicts; runs wherever the model runs, packed together with what train.py wrote.

CONTRACT: ``model_fn`` gets the folder that was SM_MODEL_DIR. ``predict_fn`` gets the columns of ``features`` in
spalje.toml as a pandas DataFrame (a pyarrow Table, if this file says ``accepts = "arrow"``), and gives one finite number
per row: an array, or a DataFrame where there are several (a column per class, or per quantile). It must not depend on
how many rows it is given at once, and cope with a category that was never trained on: the monitors ask it both.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd


def model_fn(model_dir: str) -> dict[str, Any]:
    """Load what train.py wrote."""
    return json.loads(Path(model_dir, "model.json").read_text())


def predict_fn(data: pd.DataFrame, model: dict[str, Any]) -> np.ndarray:
    """Units per row."""
    return np.maximum(design(data, model) @ np.array(model["weights"]), 0)


def design(data: pd.DataFrame, model: dict[str, Any]) -> np.ndarray:
    """The features as columns of numbers: one, numbers on one scale, and a column per known category."""
    numbers = (data[model["numbers"]].to_numpy(float) - model["mean"]) / model["scale"]
    names = [(data[name] == known).to_numpy(float) for name, all_known in model["categories"].items() for known in all_known]
    return np.column_stack([np.ones(len(data)), numbers, *names])
