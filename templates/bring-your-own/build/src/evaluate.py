"""How good the predictions are, beside a naive one.

CONTRACT of an evaluate step: ``--predictions FOLDER`` is a table with the keys, the truth and the column
``prediction``; further inputs come as in any process step. It writes ``metrics.json``, a flat JSON object of finite
numbers, to ``--report FOLDER``: these stand beside the model version, and ``when=evaluate.metric("rmse") < 5`` in the
recipe can make its registration depend on them. What else it writes there (``report.md``, plots) is kept for people.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from columns import KEYS, TARGET


def main() -> None:
    """Read predictions and the evaluation table, write the report."""
    options = argparse.ArgumentParser(description=__doc__)
    for folder in ("predictions", "evaluation", "report"):
        options.add_argument(f"--{folder}", type=Path, required=True)
    given = options.parse_args()
    naive = pd.read_parquet(given.evaluation, columns=[*KEYS, "sold_mean_7"])
    table = pd.read_parquet(given.predictions).merge(naive, on=KEYS, validate="one_to_one")
    truth = table[TARGET].to_numpy()
    metrics = {**score(truth, table["prediction"], ""), **score(truth, table["sold_mean_7"], "naive_")}
    (given.report / "metrics.json").write_text(json.dumps(metrics, indent=1))
    lines = ["# Evaluation", "", "| | model | mean of 7 days |", "|---|---:|---:|"]
    lines += [f"| {name} | {metrics[name]:.3f} | {metrics[f'naive_{name}']:.3f} |" for name in ("rmse", "mae", "bias")]
    (given.report / "report.md").write_text("\n".join([*lines, ""]))


def score(truth: np.ndarray, predicted: np.ndarray, prefix: str) -> dict[str, float]:
    """Root of the mean squared error, mean absolute error, and the share by which predictions are too high in all."""
    error = np.asarray(predicted) - truth
    return {
        f"{prefix}rmse": float(np.sqrt(np.mean(error**2))),
        f"{prefix}mae": float(np.mean(np.abs(error))),
        f"{prefix}bias": float(error.sum() / truth.sum()),
    }


if __name__ == "__main__":
    main()
