"""Killed with SIGKILL at every moment that changes something, and resumed, a run ends as if undisturbed."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

STRIDE = 2  # as many parts, each of every second moment, so that they can be done side by side
MEMORY = Path("/dev/shm")  # where there is one; what outlives a killed process need not outlive the power


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(1, STRIDE + 1))
def test_every_moment(first: int) -> None:
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        sweep = subprocess.run(
            [sys.executable, str(Path(__file__).parent / "sweep.py"), folder, str(first), str(STRIDE)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert sweep.returncode == 0, sweep.stderr
    result = json.loads(sweep.stdout.splitlines()[-1])
    assert result["differing"] == [], sweep.stderr
    assert result["killed"] > 40, "the sweep did not reach the moments it is about"
