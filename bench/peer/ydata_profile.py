"""ydata-profiling's side of the profile benchmark: its minimal description, no page drawn."""

import json
import sys
import time

import pandas as pd
from ydata_profiling import ProfileReport


def run(path: str) -> dict:
    frame = pd.read_parquet(path)
    found = ProfileReport(frame, minimal=True, progress_bar=False).get_description()
    return {
        "rows": found.table["n"],
        "columns": len(found.variables),
        "mean": float(found.variables["shifted"]["mean"]),
    }


if __name__ == "__main__":
    began = time.perf_counter()
    done = run(sys.argv[3])
    print(json.dumps({**done, "inside_s": time.perf_counter() - began}))
