"""Killed with SIGKILL at every moment that changes something, and resumed, a run ends as if undisturbed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

STRIDE = 4  # as many parts, each of every fourth moment, so that they can be done side by side


@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(1, STRIDE + 1))
def test_every_moment(tmp_path: Path, first: int) -> None:
    sweep = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "sweep.py"), str(tmp_path), str(first), str(STRIDE)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert sweep.returncode == 0, sweep.stderr
    result = json.loads(sweep.stdout.splitlines()[-1])
    assert result["differing"] == [], sweep.stderr
    assert result["killed"] > 20, "the sweep did not reach the moments it is about"
