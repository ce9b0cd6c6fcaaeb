"""The small project in a workspace of its own, and DAGs of it."""

import atexit
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from registry import PYTHON, ROOT


class Small:
    """A workspace with the project ``small``; see ``tests/airflow/small_workspace.py``."""

    _made: Path | None = None

    def __init__(self, folder: Path) -> None:
        """A workspace in a folder; it is made once and copied then, so that no test waits for another's run."""
        if Small._made is None:
            Small._made = Path(tempfile.mkdtemp()) / "small"
            atexit.register(shutil.rmtree, Small._made.parent, ignore_errors=True)
            program = ROOT / "tests" / "airflow" / "small_workspace.py"
            subprocess.run([PYTHON, program, Small._made], check=True, timeout=60, capture_output=True)
        shutil.copytree(Small._made, folder / "small")
        self.folder, self.python = folder / "small", PYTHON
        self.workspace, self.raw = self.folder / "workspace", self.folder / "raw"

    def ask(self, *words: str) -> Any:
        """What a command of Spaljé says, as JSON."""
        command = [PYTHON, "-P", "-m", "spalje", *words, "--workspace", self.workspace, "--json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)

    def source(self, dag: str, body: str) -> str:
        """A DAG file, with ``project`` in it and ``RAW``, the path of the data.

        Args:
            dag: the DAG's name.
            body: what stands under ``with project.dag(…)``, each line indented by eight blanks.
        """
        return f"""
    from airflow.sdk import task
    from spalje.airflow import Project
    from spalje.airflow.record_operator import SpaljeRecordOperator

    RAW = {str(self.raw)!r}
    project = Project.here({str(self.folder / "clone" / "dags" / "small.py")!r})

    @task(retries=0)
    def fail():
        raise ValueError("not today")

    with project.dag({dag!r}):
        {body}
"""
