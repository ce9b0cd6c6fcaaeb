"""What a check takes once all profiles are ready: 100 columns, without and with 100 batches of history.

``run FOLDER COLUMNS BATCHES TIMES``. Every check is of a batch of its own. Three columns in ten hold categories.
Three ways: against the baseline alone; against a history that batches before it were held against too, as in a
process that checks one batch after the other; and against a history that is made anew from what is kept on disk
for every check, so that what depends on the history alone has to be worked out as well.
"""

import json
import sys
import time
from dataclasses import replace
from statistics import median

import numpy as np
import pyarrow as pa

from spalje.monitor.data_quality import check
from spalje.monitor.history import History, PastBatch
from spalje.monitor.suggestion import suggest
from spalje.profile.grid import freeze
from spalje.profile.scan import profile_batches
from spalje.profile.sketch import from_dict, to_dict

#: Rows of the baseline and of a batch: the check's time does not depend on them.
GOOD, ROWS = 20_000, 1_000


def table(rng: np.random.Generator, columns: int, rows: int) -> pa.RecordBatch:
    """Good rows; every table's level is a little off, as real batches' are."""
    names = pa.array([f"value {number}" for number in range(40)])
    made = {}
    for number in range(columns):
        if number % 10 < 3:
            places = pa.array(rng.binomial(39, 0.3 + 0.01 * rng.normal(), rows))
            made[f"category {number}"] = pa.DictionaryArray.from_arrays(places, names)
        else:
            made[f"number {number}"] = pa.array(rng.gamma(2 + 0.05 * rng.normal(), size=rows))
    return pa.RecordBatch.from_pydict(made)


def run(columns: int, batches: int, times: int) -> dict:
    rng = np.random.default_rng(20_261_124)
    baseline = profile_batches([table(rng, columns, GOOD)])
    grids, constraints = freeze(baseline), suggest(baseline)
    kept = [to_dict(profile_batches([table(rng, columns, ROWS)], grids=grids).sketch) for _ in range(batches)]
    kept_history, nothing = read(kept), History()
    took: dict[str, list[float]] = {"alone": [], "history": [], "new_history": []}
    for _ in range(times):
        batch = profile_batches([table(rng, columns, ROWS)], grids=grids)
        batch = replace(batch, sketch=from_dict(to_dict(batch.sketch)))
        for name, history in (("alone", nothing), ("history", kept_history), ("new_history", read(kept))):
            began = time.perf_counter()
            verdict = check(batch, baseline, constraints, history=history)
            took[name].append(1000 * (time.perf_counter() - began))
    drift = verdict.figures["drift"]
    return {
        "columns": len(drift["columns"]),
        "batches": drift["batches"],
        "calibrated": drift["calibrated"],
        "median_ms": {name: median(each) for name, each in took.items()},
        "first_ms": took["alone"][0],
    }


def read(kept: list[dict]) -> History:
    return History(
        tuple(PastBatch(f"batch {n}", None, from_dict(document), p=0.5) for n, document in enumerate(kept))
    )


if __name__ == "__main__":
    print(json.dumps(run(*map(int, sys.argv[3:6]))))
