"""Evidently's side of the profile benchmark.

``summary FILE`` describes a table; ``drift FILE REFERENCE`` holds it against the one it is expected to be like.
"""

import json
import sys
import time

import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset, DataSummaryPreset


def summary(path: str) -> dict:
    frame = pd.read_parquet(path)
    found = Report([DataSummaryPreset()]).run(frame, None).dict()["metrics"]
    values = {metric["metric_name"]: metric["value"] for metric in found}
    return {
        "rows": int(values["RowCount()"]),
        "columns": len(frame.columns),
        "mean": float(values["MeanValue(column=shifted)"]),
    }


def drift(path: str, reference: str) -> dict:
    current, base = pd.read_parquet(path), pd.read_parquet(reference)
    found = Report([DataDriftPreset()]).run(current, base).dict()["metrics"]
    # from 1,000 rows on every column is judged by a distance: more than the threshold is drift
    drifted = [
        metric["config"]["column"]
        for metric in found
        if "threshold" in metric["config"] and metric["value"] > metric["config"]["threshold"]
    ]
    return {"rows": len(current), "columns": len(current.columns), "drifted": drifted}


if __name__ == "__main__":
    began = time.perf_counter()
    done = {"summary": summary, "drift": drift}[sys.argv[3]](*sys.argv[4:])
    print(json.dumps({**done, "inside_s": time.perf_counter() - began}))
