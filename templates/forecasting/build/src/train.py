"""Train a gradient-boosted model of units sold, a count with many zeros: hence the Tweedie objective."""

import argparse
import json
import os
from pathlib import Path

import lightgbm as lgb
import pandas as pd
from columns import CATEGORICAL, KEYS, TARGET


def main() -> None:
    """Read channels and hyperparameters, write the model."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--learning_rate", type=float, default=0.1)
    options.add_argument("--num_leaves", type=int, default=31)
    options.add_argument("--rounds", type=int, default=300)
    options.add_argument("--tweedie_variance_power", type=float, default=1.6, help="1 is Poisson, 2 is gamma")
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()

    train, validation = (read(os.environ[f"SM_CHANNEL_{name}"]) for name in ("TRAIN", "VALIDATION"))
    features = [name for name in train.columns if name not in {*KEYS, TARGET}] + CATEGORICAL
    categories = {name: sorted(train[name].unique()) for name in CATEGORICAL}
    encode(train, categories)
    encode(validation, categories)
    parameters = {
        "objective": "tweedie",
        "tweedie_variance_power": given.tweedie_variance_power,
        "metric": ["poisson", "rmse"],
        "learning_rate": given.learning_rate,
        "num_leaves": given.num_leaves,
        "min_data_in_leaf": 500,
        "lambda_l2": 100,
        "feature_fraction": 0.6,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "cat_smooth": 50,
        "cat_l2": 50,
        "seed": given.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": int(os.environ.get("SM_NUM_CPUS", "1")),
        "verbose": -1,
    }
    data = lgb.Dataset(train[features], train[TARGET], categorical_feature=CATEGORICAL)
    held_out = lgb.Dataset(validation[features], validation[TARGET], reference=data)
    model = lgb.train(
        parameters,
        data,
        given.rounds,
        [held_out],
        ["validation"],
        callbacks=[lgb.early_stopping(30, first_metric_only=True, verbose=False), show],
    )
    folder = Path(os.environ["SM_MODEL_DIR"])
    model.save_model(folder / "model.txt", num_iteration=model.best_iteration)
    (folder / "model.json").write_text(json.dumps({"features": features, "categories": categories}, indent=1))
    print(f"{model.best_iteration} trees on {len(train):,} rows and {len(features)} features")


def read(channel: str) -> pd.DataFrame:
    """All files of a channel."""
    return pd.concat([pd.read_parquet(path) for path in sorted(Path(channel).glob("*.parquet"))], ignore_index=True)


def encode(table: pd.DataFrame, categories: dict[str, list[str]]) -> None:
    """Replace names of categories by their places; a name that was never trained on becomes missing."""
    for name, known in categories.items():
        table[name] = pd.Categorical(table[name], known).codes


def show(env: lgb.callback.CallbackEnv) -> None:
    """Print the curves, every tenth round."""
    if (env.iteration + 1) % 10 == 0:
        scores = "  ".join(f"{data}-{metric}: {value:.5f}" for data, metric, value, *_ in env.evaluation_result_list)
        print(f"[{env.iteration + 1}] {scores}", flush=True)


if __name__ == "__main__":
    main()
