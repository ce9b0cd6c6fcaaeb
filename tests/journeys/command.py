"""The real command line, in a process of its own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    error: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Command:
    """``spalje`` against one workspace."""

    workspace: Path
    cwd: Path

    def __call__(self, *words: str, timeout_s: float = 120, **environ: str) -> Said:
        environment = {**os.environ, "SPALJE_WORKSPACE": str(self.workspace), "COLUMNS": "200", **environ}
        ended = subprocess.run(
            [sys.executable, "-m", "spalje", *words],
            cwd=self.cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout_s, check=False,
        )  # fmt: skip
        assert "Traceback (most recent call last)" not in ended.stderr or "spalje/" not in ended.stderr, (
            ended.stderr
        )
        return Said(ended.returncode, ended.stdout, ended.stderr)
