"""pandas' side of the profile benchmark: the whole table in memory, described."""

import json
import sys
import time

import pandas as pd


def run(path: str) -> dict:
    frame = pd.read_parquet(path)
    described = frame.describe(include="all")
    frame.isna().sum()
    return {
        "rows": len(frame),
        "columns": described.shape[1],
        "mean": float(described.loc["mean", "shifted"]),
    }


if __name__ == "__main__":
    began = time.perf_counter()
    done = run(sys.argv[3])
    print(json.dumps({**done, "inside_s": time.perf_counter() - began}))
