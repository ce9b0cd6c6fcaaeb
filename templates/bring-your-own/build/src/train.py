"""Train a model: here least squares with a little shrinkage; bring your own.

CONTRACT of a train step, that of SageMaker's script mode: ``channels={"train": …}`` are folders of Parquet named by
SM_CHANNEL_TRAIN and so on; the model is written, in whatever files you like, to SM_MODEL_DIR; plots and the like to
SM_OUTPUT_DATA_DIR. Hyperparameters come as options, ``--name value``. SM_NUM_CPUS says how many threads to use.

Lines that match the patterns of ``metrics`` in the recipe become training curves.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
from columns import CATEGORICAL, NUMBERS, TARGET
from inference import design


def main() -> None:
    """Read channels and hyperparameters, write the model."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--shrinkage", type=float, default=1.0)
    given = options.parse_args()
    train, validation = (pd.read_parquet(os.environ[f"SM_CHANNEL_{name}"]) for name in ("TRAIN", "VALIDATION"))
    model = {
        "numbers": NUMBERS,
        "categories": {name: sorted(train[name].unique()) for name in CATEGORICAL},
        "mean": train[NUMBERS].mean().tolist(),
        "scale": (train[NUMBERS].std() + 1e-9).tolist(),
    }
    columns = design(train, model)
    penalty = given.shrinkage * np.eye(columns.shape[1])
    penalty[0, 0] = 0
    model["weights"] = np.linalg.solve(columns.T @ columns + penalty, columns.T @ train[TARGET]).tolist()
    error = validation[TARGET] - design(validation, model) @ np.array(model["weights"])
    print(f"validation-rmse: {np.sqrt(np.mean(error**2)):.5f}")
    Path(os.environ["SM_MODEL_DIR"], "model.json").write_text(json.dumps(model, indent=1))


if __name__ == "__main__":
    main()
