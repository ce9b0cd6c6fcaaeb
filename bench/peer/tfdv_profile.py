"""TensorFlow Data Validation's side of the profile benchmark: statistics of a frame, in this process."""

import json
import sys
import time

import pandas as pd
import tensorflow_data_validation as tfdv


def run(path: str) -> dict:
    frame = pd.read_parquet(path)
    found = tfdv.generate_statistics_from_dataframe(frame, n_jobs=1).datasets[0]
    means = {feature.path.step[0]: feature.num_stats.mean for feature in found.features}
    return {"rows": found.num_examples, "columns": len(found.features), "mean": means["shifted"]}


if __name__ == "__main__":
    began = time.perf_counter()
    done = run(sys.argv[3])
    print(json.dumps({**done, "inside_s": time.perf_counter() - began}))
