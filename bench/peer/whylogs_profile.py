"""whylogs' side of the profile benchmark: a frame is logged, and every column's summary is read."""

import json
import sys
import time

import pandas as pd
import whylogs


def run(path: str) -> dict:
    frame = pd.read_parquet(path)
    described = whylogs.log(pandas=frame).view().to_pandas()
    return {
        "rows": int(described.loc["shifted", "counts/n"]),
        "columns": len(described),
        "mean": float(described.loc["shifted", "distribution/mean"]),
    }


if __name__ == "__main__":
    began = time.perf_counter()
    done = run(sys.argv[3])
    print(json.dumps({**done, "inside_s": time.perf_counter() - began}))
