"""Where the model, the rows, the backgrounds and the truth are: made once, into the benchmarks' cache."""

import subprocess
import sys
from pathlib import Path

from bench import contestant
from bench.contestant import HERE, Unavailable, settle
from bench.explainers import SHAP


def explained(scratch: Path) -> Path:
    """The folder of ``bench/explained.py``, which is made if need be, in the environment of the peer ``shap``.

    Args:
        scratch: a folder for what that process leaves behind.

    Raises:
        Unavailable: that environment does not install, or making failed.
    """
    # the version's name is in a module that this process cannot load
    version = (HERE / "explained.py").read_text().split("\nVERSION = ", 1)[1].split("\n", 1)[0]
    folder = contestant.CACHE / "explained" / f"v{version}"
    if folder.is_dir():
        return folder
    python = settle(SHAP, scratch).python
    print(f"making {folder}", file=sys.stderr)
    folder.parent.mkdir(parents=True, exist_ok=True)
    command = [str(python), "-m", "bench.explained", str(folder)]
    done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        raise Unavailable(f"the model and the truth cannot be made: {lines[-1][:200]}")
    return folder
