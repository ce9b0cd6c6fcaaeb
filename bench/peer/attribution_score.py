"""How far values are from the truth: ``run FOLDER VALUES TRUTH SD SHARED``.

Mean and largest absolute error over all values, as shares of ``SD``; once of all rows that were explained, and once
of the first ``SHARED`` of them, which every tool explained.
"""

import json
import sys

import numpy as np


def run(values, truth, sd, shared):
    found, right = np.load(values), np.load(truth)
    right = right[: len(found)]
    if found.shape != right.shape or not np.isfinite(found).all():
        raise SystemExit(
            f"there are values of shape {found.shape}, not {right.shape}, or some are not finite"
        )
    off = np.abs(found - right) / sd
    few = off[:shared]
    return {
        "rows": len(found),
        "mean": off.mean(),
        "max": off.max(),
        "shared_mean": few.mean(),
        "shared_max": few.max(),
    }


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[3], sys.argv[4], float(sys.argv[5]), int(sys.argv[6]))))
