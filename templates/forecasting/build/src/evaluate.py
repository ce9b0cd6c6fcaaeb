"""How good the forecasts are, at three levels, beside two naive forecasts that cost nothing."""

import argparse
import json
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd

matplotlib.use("Agg")
from matplotlib import pyplot as plt

#: name at the end of a metric -> what a row is summed over
LEVELS = {
    "store_category_day": ["store_id", "product_category", "day"],
    "store_category_week": ["store_id", "product_category", "week"],
    "category_week": ["product_category", "week"],
}
#: name at the start of a metric -> the column with that forecast
FORECASTS = {"": "prediction", "naive_last_week_": "units_lag_7", "naive_mean_28_": "units_mean_28"}
TITLES = {"": "model", "naive_last_week_": "same weekday last week", "naive_mean_28_": "mean of 28 days"}


def main() -> None:
    """Read predictions and the evaluation table, write the report."""
    options = argparse.ArgumentParser(description=__doc__)
    for folder in ("predictions", "evaluation", "report"):
        options.add_argument(f"--{folder}", type=Path, required=True)
    given = options.parse_args()
    keys = LEVELS["store_category_day"]
    naive = pd.read_parquet(given.evaluation, columns=[*keys, "units_lag_7", "units_mean_28"])
    table = pd.read_parquet(given.predictions).merge(naive, on=keys, validate="one_to_one")
    day = pd.to_datetime(table["day"])
    table["week"] = day - pd.to_timedelta(day.dt.day_of_week, "D")
    metrics = evaluate(table)
    (given.report / "metrics.json").write_text(json.dumps(metrics, indent=1))
    (given.report / "report.md").write_text(report(table, metrics))
    draw(table, given.report / "weeks.png")


def evaluate(table: pd.DataFrame) -> dict[str, float]:
    """Every metric of every forecast at every level."""
    metrics = {}
    for level, by in LEVELS.items():
        summed = table.groupby(by, observed=True)[["units", *FORECASTS.values()]].sum()
        for prefix, column in FORECASTS.items():
            for name, value in score(summed["units"].to_numpy(float), summed[column].to_numpy(float)).items():
                metrics[f"{prefix}{name}_{level}"] = value
    return metrics


def score(units: np.ndarray, forecast: np.ndarray) -> dict[str, float]:
    """WAPE, bias, RMSE and mean Poisson deviance.

    WAPE is the sum of absolute errors over the sum of units; bias the share by which the forecasts are too
    high in all. The deviance takes forecasts of at least 0.01 units, so that a naive zero stays finite.
    """
    mean = np.maximum(forecast, 0.01)
    ratio = np.where(units > 0, units / mean, 1)
    return {
        "wape": float(np.abs(units - forecast).sum() / units.sum()),
        "bias": float(forecast.sum() / units.sum() - 1),
        "rmse": float(np.sqrt(np.mean((units - forecast) ** 2))),
        "poisson_deviance": float(2 * np.mean(units * np.log(ratio) - (units - mean))),
    }


def report(table: pd.DataFrame, metrics: dict[str, float]) -> str:
    """The evaluation for a person, as Markdown."""
    lines = [
        "# Evaluation",
        "",
        f"{table['week'].nunique()} weekly forecasts, {table['day'].min()} to {table['day'].max()}, each made on its "
        f"Monday morning by a model trained on earlier weeks only: {table['store_id'].nunique()} stores, "
        f"{table['product_category'].nunique()} categories, {len(table):,} rows.",
    ]
    for name, title in (("wape", "WAPE (smaller is better)"), ("bias", "Bias"), ("rmse", "RMSE, units"), ("poisson_deviance", "Mean Poisson deviance")):
        lines += ["", f"## {title}", "", "| level | " + " | ".join(TITLES.values()) + " |", "|---|" + "---:|" * len(TITLES)]
        for level in LEVELS:
            cells = " | ".join(f"{metrics[f'{prefix}{name}_{level}']:.3f}" for prefix in TITLES)
            lines.append(f"| {level.replace('_', ' × ')} | {cells} |")
    return "\n".join([*lines, "", "![Units per week](weeks.png)", ""])


def draw(table: pd.DataFrame, path: Path) -> None:
    """Units per week, sold and forecast, all stores and the six largest categories."""
    largest = table.groupby("product_category")["units"].sum().nlargest(6).index
    figure, axes = plt.subplots(2, 3, figsize=(11, 5), sharex=True, layout="constrained")
    for axis, category in zip(axes.flat, largest, strict=False):
        weeks = table[table["product_category"] == category].groupby("week")[["units", *FORECASTS.values()]].sum()
        axis.plot(weeks.index, weeks["units"], color="black", lw=2, label="sold")
        for (prefix, column), colour in zip(FORECASTS.items(), ("#1b7837", "#bbbbbb", "#8888cc"), strict=True):
            axis.plot(weeks.index, weeks[column], color=colour, lw=2 if prefix == "" else 1, label=TITLES[prefix])
        axis.set_title(category.title(), fontsize=9)
        axis.set_ylim(bottom=0)
        axis.tick_params(labelsize=7, axis="both")
        axis.tick_params(axis="x", rotation=45)
    axes[0, 0].legend(fontsize=7, frameon=False)
    figure.suptitle("Units per week", fontsize=11)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
