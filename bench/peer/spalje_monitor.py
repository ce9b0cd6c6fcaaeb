"""Spaljé's side of the check of a batch: the command that holds a file against a stored baseline.

``prepare FOLDER FILE`` makes that baseline; ``run FOLDER FILE`` is ``spalje monitor data-quality``.
"""

import io
import json
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

from spalje.__main__ import main


def spalje(*words: str) -> str:
    """What the command prints; 4 is the exit code of an alarm."""
    said = io.StringIO()
    with redirect_stdout(said):
        try:
            main(words)
        except SystemExit as end:
            if end.code not in (None, 0, 4):
                raise
    return said.getvalue()


def check(path: str, baseline: str) -> dict:
    verdict = json.loads(spalje("monitor", "data-quality", path, "--baseline", baseline, "--json"))
    drift = verdict["figures"]["drift"]["columns"]
    return {
        "rows": verdict["figures"]["rows"],
        "columns": len(drift),
        "outcome": verdict["outcome"],
        "drifted": [name for name, column in drift.items() if column["found"]],
    }


if __name__ == "__main__":
    baseline, began = str(Path(sys.argv[2]) / "baseline"), time.perf_counter()
    if sys.argv[1] == "prepare":
        spalje("monitor", "baseline", sys.argv[3], "--out", baseline, "--json")
    else:
        done = check(sys.argv[3], baseline)
        print(json.dumps({**done, "inside_s": time.perf_counter() - began}))
