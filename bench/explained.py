"""What attributions are measured on: a LightGBM model of 30 features, rows to explain, backgrounds, the truth.

The features are normal, skewed, uniform and whole numbers, some of them correlated; 22 of them bear on the target, by
themselves, bent, and two or three together. The truth is exact interventional values: shap's TreeExplainer against one
background row at a time, which leaves nothing to sampling, added up by the rows' weights; ``…_equal`` by equal weights,
for tools that know none. All of it is checked: values must add up to what the model predicts.

``python -m bench.explained FOLDER`` makes the folder; it runs in the environment of the peer ``shap``.
"""

import json
import os
import shutil
import sys
from pathlib import Path

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shap
from numpy.random import Generator
from numpy.typing import NDArray
from sklearn.cluster import KMeans

#: Part of the folder's name: raise it with every change of what is drawn.
VERSION = 1
SEED = 20_261_125
FEATURES, USED = 30, 22
TRAINED, EXPLAINED, CLUSTERED = 100_000, 1_000, 10_000
TREES, LEAVES = 100, 31
BACKGROUNDS = (10, 100)
#: Values that add up to the prediction but for this share of the predictions' standard deviation are right: shap keeps
#: leaves in single precision.
CLOSE = 1e-6

Floats = NDArray[np.float64]
NAMES = [f"feature_{number:02}" for number in range(FEATURES)]


def drawn(rng: Generator, rows: int) -> Floats:
    """Features: each of about unit spread, neighbours correlated."""
    hidden = rng.normal(size=(rows, FEATURES))
    hidden[:, 1:] = 0.9 * hidden[:, 1:] + 0.43 * hidden[:, :-1]
    hidden[:, 5:10] = np.exp(0.6 * hidden[:, 5:10])
    hidden[:, 10:15] = rng.uniform(-2, 2, size=(rows, 5))
    hidden[:, 15:18] = np.round(2 * hidden[:, 15:18]) / 2
    return hidden


def target(x: Floats, rng: Generator) -> Floats:
    """What the model learns; the last eight features have no part in it."""
    alone = 1.5 * x[:, 0] + np.abs(x[:, 1]) - 0.8 * x[:, 2] ** 2 + np.sin(2 * x[:, 3]) + np.log1p(x[:, 5])
    alone = alone + 0.5 * x[:, 15] + np.where(x[:, 16] > 0.5, 1.0, 0.0) + 0.3 * x[:, 20] - 0.4 * x[:, 21]
    pairs = x[:, 0] * x[:, 4] + x[:, 6] * (x[:, 10] > 0) - 0.7 * x[:, 11] * x[:, 12]
    pairs = pairs + 0.6 * np.maximum(x[:, 7], x[:, 8]) + 0.5 * x[:, 17] * np.tanh(x[:, 18])
    three = 0.8 * x[:, 13] * x[:, 14] * (x[:, 19] > 0) + 0.3 * x[:, 9] * x[:, 1] * (x[:, 3] < 0)
    return alone + pairs + three + rng.normal(scale=0.3, size=len(x))


def trained(x: Floats, y: Floats) -> lightgbm.Booster:
    """The model."""
    settings = {
        "objective": "regression",
        "num_leaves": LEAVES,
        "learning_rate": 0.1,
        "seed": SEED,
        "deterministic": True,
        "verbosity": -1,
    }
    return lightgbm.train(settings, lightgbm.Dataset(x, y, feature_name=NAMES), num_boost_round=TREES)


def clustered(x: Floats, count: int) -> tuple[Floats, Floats]:
    """Centres of rows, and the share of the rows that each stands for."""
    found = KMeans(count, n_init=3, random_state=count).fit(x)
    return found.cluster_centers_, np.bincount(found.labels_, minlength=count) / len(x)


def exact(
    model: lightgbm.Booster, rows: Floats, background: Floats, weights: Floats
) -> tuple[Floats, Floats]:
    """Interventional values by the weights and by equal ones, both of shape (rows, features).

    Raises:
        SystemExit: they do not add up to what the model predicts.
    """
    weighted, equal = np.zeros(rows.shape), np.zeros(rows.shape)
    for row, weight in zip(background, weights, strict=True):
        explainer = shap.TreeExplainer(model, row[None, :], feature_perturbation="interventional")
        values = explainer.shap_values(rows, check_additivity=False)
        weighted += weight * values
        equal += values / len(background)
    predicted, expected = model.predict(rows), model.predict(background)
    for values, shares in ((weighted, weights), (equal, np.full(len(weights), 1 / len(weights)))):
        off = np.abs(values.sum(axis=1) + shares @ expected - predicted).max()
        if off > CLOSE * predicted.std():
            raise SystemExit(f"exact values are {off} off what the model predicts")
    return weighted, equal


def write(folder: Path) -> None:
    """Make all of it; the folder is there when it is whole."""
    aside = folder.with_name(f"{folder.name}.{os.getpid()}")
    aside.mkdir(parents=True)
    try:
        rng = np.random.default_rng(SEED)
        x = drawn(rng, TRAINED)
        model = trained(x, target(x, rng))
        model.save_model(aside / "model.txt")
        rows = drawn(rng, EXPLAINED)
        pq.write_table(pa.table(list(rows.T), names=NAMES), aside / "rows.parquet")
        # the model that is explained is the one in the file
        model = lightgbm.Booster(model_file=aside / "model.txt")
        for count in BACKGROUNDS:
            centres, weights = clustered(x[:CLUSTERED], count)
            table = pa.table([*centres.T, weights], names=[*NAMES, "weight"])
            pq.write_table(table, aside / f"background_{count}.parquet")
            weighted, equal = exact(model, rows, centres, weights)
            np.save(aside / f"truth_{count}.npy", weighted)
            np.save(aside / f"truth_{count}_equal.npy", equal)
        used = int(np.count_nonzero(model.feature_importance()))
        facts = {"sd": float(model.predict(rows).std()), "rows": EXPLAINED, "used": used}
        (aside / "facts.json").write_text(json.dumps(facts))
        aside.replace(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
