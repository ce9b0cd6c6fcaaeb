"""Spaljé's side of the profile benchmark.

``run FOLDER profile FILE`` profiles a table; ``run FOLDER grid FILE`` counts it in the same pass into the cells
that a baseline froze, with how its columns go together. ``prepare FOLDER FILE`` keeps that baseline's profile.
"""

import json
import sys
import time
from pathlib import Path

from spalje.profile.document import from_dict, to_dict
from spalje.profile.grid import freeze
from spalje.storage.scan import profile_table


def prepare(folder: Path, path: str) -> None:
    (folder / "baseline.json").write_text(json.dumps(to_dict(profile_table(path))))


def run(folder: Path, what: str, path: str) -> dict:
    grids = None
    if what == "grid":
        grids = freeze(from_dict(json.loads((folder / "baseline.json").read_bytes())))
    found = profile_table(path, grids=grids)
    if grids and (found.sketch is None or found.sketch.gram is None or found.sketch.rows != found.rows):
        raise SystemExit("not all was counted into the baseline's cells")
    # what a profile works out when it is asked: quantiles, distinct values, the most frequent strings
    for column in found.columns.values():
        asked = [column.different]
        if column.numbers is not None:
            asked += [column.numbers.quantile(share) for share in (0.05, 0.25, 0.5, 0.75, 0.95)]
        if column.texts is not None:
            asked += column.texts.top(10)
    mean = found.columns["shifted"].numbers.moments.mean
    return {"rows": found.rows, "columns": len(found.columns), "mean": mean}


if __name__ == "__main__":
    folder, began = Path(sys.argv[2]), time.perf_counter()
    if sys.argv[1] == "prepare":
        prepare(folder, sys.argv[3])
    else:
        done = run(folder, *sys.argv[3:5])
        print(json.dumps({**done, "inside_s": time.perf_counter() - began}))
