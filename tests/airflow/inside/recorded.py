"""A small project with a recorded run, for operators that are called as Airflow's worker calls them."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from command import Command
from ended import ended

ROOT = Path(__file__).parents[3]
#: The Python that has Spaljé.
PYTHON = ROOT / ".venv" / "bin" / "python"
#: The recorded run of every copy, of which nothing was executed.
RUN = "small/one/1"


def made(folder: Path, program: str = "recorded_workspace.py") -> Path:
    """A folder that a program of the main environment fills; see there for what is in it."""
    subprocess.run([PYTHON, ROOT / "tests" / "airflow" / program, folder], check=True, timeout=120)
    return folder


@dataclass(frozen=True)
class Small:
    """A copy of the small project's workspace; what only is read, it shares with the original.

    Attributes:
        workspace: the copy.
        origin: the folder that ``recorded_workspace.py`` filled.
    """

    workspace: Path
    origin: Path

    @classmethod
    def of(cls, origin: Path, folder: Path) -> "Small":
        shutil.copytree(origin / "workspace", folder)
        return cls(folder, origin)

    def ask(self, *words: str) -> Any:
        """What a command of Spaljé says, as JSON, however it ends."""
        said = Command(self.workspace, self.origin, python=PYTHON)(*words, "--json")
        return json.loads(said.out or said.error.splitlines()[-1])

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the workspace's database has: at once, where starting a command takes a second."""
        with closing(sqlite3.connect(self.workspace / "metadata.db")) as database:
            return database.execute(query).fetchall()

    def status(self, run: str) -> str:
        """How a run stands."""
        ((status,),) = self.rows(f"SELECT status FROM run WHERE id = '{run}'")
        return status

    def states(self, run: str = RUN) -> dict[str, str]:
        """How a run's steps stand."""
        return dict(self.rows(f"SELECT step, status FROM step_run WHERE run = '{run}'"))

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

    RAW = {str(self.origin / "raw")!r}
    project = Project.here({str(self.origin / "clone" / "dags" / "small.py")!r})

    @task(retries=0)
    def fail():
        raise ValueError("not today")

    with project.dag({dag!r}):
        {body}
"""

    def how(self, how: str) -> None:
        """Tell the script of step ``make`` what to do: ``fail``, ``fail once`` (and ``talk``), ``slow``, or nothing."""
        (self.origin / "switch" / "how").write_text(how)

    @property
    def begun(self) -> list[int]:
        """The processes of a slow script, its own and its child's, once it has begun."""
        told = self.origin / "switch" / "begun"
        return [int(pid) for pid in told.read_text().split()] if told.is_file() else []

    def kill(self) -> None:
        """Kill the command that executes the slow script, and the script; it is not slow any more."""
        script, _ = until(lambda: self.begun)
        stat = Path(f"/proc/{script}/stat").read_text()
        self.how("")
        os.kill(int(stat.rpartition(")")[2].split()[1]), signal.SIGKILL)
        os.killpg(script, signal.SIGKILL)

    def forget(self) -> None:
        """The script does again what it does by itself; nothing of an earlier one may go on."""
        self.how("")
        going = [pid for pid in self.begun if not ended(pid)]
        (self.origin / "switch" / "begun").unlink(missing_ok=True)
        assert not going, "what the script started goes on"


def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """What a condition gives, once it gives something."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
    return found
