"""How good the predictions are, beside two naive ones that cost nothing."""

import argparse
import json
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

matplotlib.use("Agg")
from matplotlib import pyplot as plt

#: name at the start of a metric -> the column with that prediction
PREDICTIONS = {"": "prediction", "naive_last_week_": "spend_last_week", "naive_mean_8_": "spend_mean_8"}
TITLES = {"": "model", "naive_last_week_": "last week", "naive_mean_8_": "mean of 8 weeks"}
METRICS = {"rmse": "RMSE, dollars", "tweedie_deviance": "Mean Tweedie deviance", "wape": "WAPE", "bias": "Bias"}


def main() -> None:
    """Read predictions and the evaluation table, write the report."""
    options = argparse.ArgumentParser(description=__doc__)
    for folder in ("predictions", "evaluation", "report"):
        options.add_argument(f"--{folder}", type=Path, required=True)
    given = options.parse_args()
    keys = ["household_id", "week"]
    naive = pd.read_parquet(given.evaluation, columns=[*keys, "spend_last_week", "spend_mean_8"])
    table = pd.read_parquet(given.predictions).merge(naive, on=keys, validate="one_to_one")
    metrics = evaluate(table)
    (given.report / "metrics.json").write_text(json.dumps(metrics, indent=1))
    (given.report / "report.md").write_text(report(table, metrics))
    draw(table, given.report / "tenths.png")


def evaluate(table: pd.DataFrame) -> dict[str, float]:
    """Every metric of every prediction."""
    metrics = {}
    for prefix, column in PREDICTIONS.items():
        for name, value in score(table["spend"].to_numpy(float), table[column].to_numpy(float)).items():
            metrics[f"{prefix}{name}"] = value
    return metrics


def score(spend: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """RMSE, mean Tweedie deviance of power 1.5, WAPE and bias.

    The first two are smallest for who predicts the expected spend. WAPE, the sum of absolute errors over the sum of
    spend, is not: it favours who predicts the middle of many zeros, too little. Bias is the share by which the
    predictions are too high in all. The deviance takes predictions of at least a dollar, so that a naive zero stays finite.
    """
    mean = np.maximum(predicted, 1)
    deviance = 2 * (-4 * np.sqrt(spend) + 2 * spend / np.sqrt(mean) + 2 * np.sqrt(mean))
    return {
        "wape": float(np.abs(spend - predicted).sum() / spend.sum()),
        "bias": float(predicted.sum() / spend.sum() - 1),
        "rmse": float(np.sqrt(np.mean((spend - predicted) ** 2))),
        "tweedie_deviance": float(np.mean(deviance)),
    }


def report(table: pd.DataFrame, metrics: dict[str, float]) -> str:
    """The evaluation for a person, as Markdown."""
    lines = [
        "# Evaluation",
        "",
        f"{table['week'].nunique()} weeks, {table['week'].min()} to {table['week'].max()}, each predicted on its Monday "
        f"morning by a model trained on earlier weeks only: {table['household_id'].nunique():,} households, {len(table):,} rows.",
        "",
        "| smaller is better; bias: near 0 | " + " | ".join(TITLES.values()) + " |",
        "|---|" + "---:|" * len(TITLES),
    ]
    for name, title in METRICS.items():
        lines.append(f"| {title} | " + " | ".join(f"{metrics[f'{prefix}{name}']:.3f}" for prefix in TITLES) + " |")
    return "\n".join([*lines, "", "![Spent and predicted, by tenths](tenths.png)", ""])


def draw(table: pd.DataFrame, path: Path) -> None:
    """What was spent beside what was predicted, households in tenths by prediction; and the same by week."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    tenth = pd.qcut(table["prediction"].rank(method="first"), 10, labels=False)
    means = table.groupby(tenth)[["spend", "prediction"]].mean()
    left.plot(means["prediction"], means["spend"], "o-", color="#1b7837", label="model")
    left.axline((0, 0), slope=1, color="#bbbbbb", lw=1)
    left.set(title="A week's mean, households in tenths", xlabel="predicted, dollars", ylabel="spent, dollars")
    weeks = table.groupby("week")[["spend", *PREDICTIONS.values()]].mean()
    right.plot(weeks.index, weeks["spend"], color="black", lw=2, label="spent")
    for (prefix, column), colour in zip(PREDICTIONS.items(), ("#1b7837", "#bbbbbb", "#8888cc"), strict=True):
        right.plot(weeks.index, weeks[column], color=colour, lw=2 if prefix == "" else 1, label=TITLES[prefix])
    right.set(title="Mean per household, by week", ylim=(0, None))
    right.tick_params(axis="x", rotation=45, labelsize=7)
    right.legend(fontsize=8, frameon=False)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
