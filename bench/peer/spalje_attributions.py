"""Spaljé's side of the attributions benchmark.

``prepare FOLDER DATA`` puts the model beside a script that predicts with it; ``run FOLDER TOOL DATA BACKGROUND
BUDGET ROWS SEED`` explains: ``kernel`` for any model, ``tree`` exactly, ``tree_warm`` as well, once a row has been
explained, so that nothing is left to import here, and without what the model's process takes to start.
"""

import json
import shutil
import sys
import time
from pathlib import Path

SCRIPT = """
from pathlib import Path

import lightgbm
import numpy as np

accepts = "arrow"


def model_fn(model_dir):
    return lightgbm.Booster(model_file=Path(__file__).with_name("model.txt"))


def predict_fn(data, model):
    return model.predict(np.column_stack([column.to_numpy() for column in data.columns]))
"""


def prepare(folder: Path, data: Path) -> None:
    shutil.copyfile(data / "model.txt", folder / "model.txt")
    (folder / "inference.py").write_text(SCRIPT)


def run(folder: Path, tool: str, data: Path, background: int, budget: int, count: int, seed: int) -> dict:
    import numpy as np  # noqa: PLC0415  preparing needs none of them
    import pyarrow.parquet as pq  # noqa: PLC0415

    import spalje  # noqa: PLC0415
    from spalje.attribution.background import Background  # noqa: PLC0415

    rows = pq.read_table(data / "rows.parquet").slice(0, count)
    table = pq.read_table(data / f"background_{background}.parquet")
    centres = Background(table.drop_columns("weight"), table["weight"].to_numpy().copy())
    how = {"method": "kernel", "coalitions": budget} if tool == "kernel" else {"method": "tree"}

    def explain(some):
        return spalje.explain(some, folder / "inference.py", background=centres, seed=seed, **how)

    if tool == "tree_warm":
        explain(rows.slice(0, 1))
    began = time.perf_counter()
    found = explain(rows)
    seconds = time.perf_counter() - began
    if tool == "tree_warm":
        seconds -= found.started_s
    values = found.attributions.values
    if values.ndim != 3 or values.shape[2] != 1:
        raise SystemExit(f"values of shape {values.shape} are not those of one output")
    np.save(folder / "values.npy", values[:, :, 0])
    model = {
        "evaluations": found.evaluations / count,
        "model_s": None if found.model_s is None else float(found.model_s),
    }
    return {"timed_rows": count, "timed_s": seconds, **model}


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        folder, tool, data = Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
        print(json.dumps(run(folder, tool, data, *map(int, sys.argv[5:9]))))
