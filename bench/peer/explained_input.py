"""What every program that attributes predictions is given, and what it says at the end."""

import json
import sys
import time
from pathlib import Path

import lightgbm
import numpy as np
import pyarrow.parquet as pq


class Predict:
    """The model, which counts the rows that it is asked about and the seconds that it takes."""

    def __init__(self, file):
        self.booster = lightgbm.Booster(model_file=file)
        self.clear()

    def clear(self):
        self.rows, self.seconds = 0, 0.0

    def __call__(self, rows):
        began = time.perf_counter()
        found = self.booster.predict(rows)
        self.rows, self.seconds = self.rows + len(rows), self.seconds + time.perf_counter() - began
        return found


class Given:
    """The words after ``run``: FOLDER TOOL DATA BACKGROUND BUDGET ROWS SEED."""

    def __init__(self, words):
        self.folder, self.tool, data = Path(words[0]), words[1], Path(words[2])
        self.background_rows, self.budget, count, self.seed = map(int, words[3:7])
        self.predict = Predict(data / "model.txt")
        self.rows = matrix(pq.read_table(data / "rows.parquet").slice(0, count))
        table = pq.read_table(data / f"background_{self.background_rows}.parquet")
        self.weights = table["weight"].to_numpy().copy()  # shap scales it in place
        self.background = matrix(table.drop_columns("weight"))


def matrix(table):
    return np.column_stack([column.to_numpy() for column in table.columns])


def row_by_row(given, explain):
    """Explain the first row, which makes everything ready, and then the others, which are timed and counted."""
    first = explain(given.rows[:1])
    given.predict.clear()
    began = time.perf_counter()
    rest = explain(given.rows[1:])
    said(given, np.concatenate([first, rest]), time.perf_counter() - began, len(given.rows) - 1)


def all_at_once(given, explain):
    """Explain a row, and then all of them, which is timed."""
    explain(given.rows[:1])
    given.predict.clear()
    began = time.perf_counter()
    said(given, explain(given.rows), time.perf_counter() - began, len(given.rows))


def said(given, values, seconds, rows):
    """Keep the values, and say of the rows that were timed how many, how long, and what the model did."""
    np.save(given.folder / "values.npy", values)
    model = {"evaluations": given.predict.rows / rows, "model_s": given.predict.seconds}
    print(json.dumps({"timed_rows": rows, "timed_s": seconds, **model}))


def main(tools):
    given = Given(sys.argv[2:])
    tools[given.tool](given)
