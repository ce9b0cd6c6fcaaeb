"""The project lemonade in a real Airflow: its workspace, its DAGs from the embedded Git host, all processes."""

import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import replay_project
from airflow_site import Site, site
from command import Command
from small_project import git, write

from spalje.project.dags.bundle import Bundle

#: The DAGs as a template writes them.
DAGS = """
    from datetime import datetime, timedelta

    from airflow.sdk import CronDataIntervalTimetable, Param
    from spalje.airflow import Project

    project = Project.here(__file__)
    SOON = {{"default_args": {{"retry_delay": timedelta(seconds=1), "retry_exponential_backoff": False}}}}
    WEEKS = {{"start_date": datetime.fromisoformat("{first}"), "end_date": datetime(2024, 7, 2), "is_paused_upon_creation": True, **SOON}}
    TODAY = Param(None, type=["null", "string"], format="date")

    with project.dag("build", schedule=project.assets.retrain_wanted, params={{"today": TODAY}}, **SOON):
        project.run("build") >> project.approval()

    with project.dag("inference", schedule="0 5 * * 1", date="week", catchup={catchup}, **WEEKS):
        project.pipeline("inference")

    with project.dag("truth", schedule=CronDataIntervalTimetable("0 6 * * 1", "UTC"), date="week", **WEEKS):
        truth = project.pipeline("truth")
        project.truth_arrived(truth["sold"]["features"])

    with project.dag("quality", schedule=project.assets.ground_truth, **SOON):
        project.judge()
"""
NAMES = ("lemonade-build", "lemonade-inference", "lemonade-truth", "lemonade-quality")
WEEKS = ("2024-06-17", "2024-06-24", "2024-07-01")


@dataclass(frozen=True)
class Lemonade:
    """The project, in Airflow.

    Attributes:
        site: the Airflow.
        spalje: the command line on the project's workspace.
        clone: the deploy repository's clone; what is pushed from it reaches Airflow.
    """

    site: Site
    spalje: Command
    clone: Path

    def said(self, *words: str) -> Any:
        """What a command of Spaljé says, as JSON."""
        ended = self.spalje(*words, "--json")
        assert ended.code in (0, 4), ended.error
        return ended.json

    def pause(self, dag: str, paused: bool = True) -> None:
        """Pause a DAG, or have it go on."""
        self.site.call(f"dags/{dag}", {"is_paused": paused}, method="PATCH")

    def batches(self) -> list[dict]:
        """The batches, the first first."""
        return sorted(self.said("batch", "list", "lemonade"), key=lambda batch: batch["number"])

    def published(self, number: int, why: str) -> None:
        """Wait until there are so many batches; the database is asked at once, where starting a command takes a moment."""

        def there() -> bool:
            with closing(sqlite3.connect(self.spalje.workspace / "metadata.db")) as database:
                return database.execute("SELECT count(*) FROM batch").fetchone() == (number,)

        self.site.until(there, 120, why)

    def model(self, today: str = "2024-06-17") -> None:
        """Build a model and have it approved, by hand."""
        self.said("run", "start", "build", "--project", "lemonade", "--param", f"today={today}")
        self.said("model", "approve", "lemonade/1", "--reason", "It is the first.", "--by", "Maja")


def create(
    folder: Path, changes: Mapping[str, str] | None = None, *, catchup: bool = False, first: str = WEEKS[0]
) -> Path:
    """A workspace with the project; its deploy repository has DAGs.

    Args:
        folder: gets the workspace and the clones.
        changes: files of the deploy repository that are otherwise.
        catchup: whether weeks that are over are caught up with, once the inference DAG goes on.
        first: the first of them.

    Returns:
        The deploy repository's clone.
    """
    replay_project.create(folder, retrain="auto").metadata.close()
    clone = folder / "deploy"
    write(clone, {"dags/lemonade.py": DAGS.format(catchup=catchup, first=first), **(changes or {})})
    compiled = Command(folder / "workspace", folder)("pipeline", "compile", str(clone), "--write")
    assert compiled.code == 0, compiled.error
    push(clone, folder / "workspace" / "git" / "lemonade-deploy.git", "DAGs")
    return clone


def push(clone: Path, to: Path, message: str) -> None:
    """Commit everything in a clone, and push it."""
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", message)
    git(clone, "push", "--quiet", str(to), "main")


@contextmanager
def lemonade(
    python: Path,
    folder: Path,
    *,
    changes: Mapping[str, str] | None = None,
    catchup: bool = False,
    first: str = WEEKS[0],
    **settings: Any,
) -> Iterator[Lemonade]:
    """The project in an Airflow that runs it.

    Args:
        python, settings: see ``airflow_site.site``.
        folder: gets everything; is there, and empty.
        changes, catchup, first: see ``create``.
    """
    clone = create(folder, changes, catchup=catchup, first=first)
    workspace = folder / "workspace"
    bundle = Bundle("lemonade", str(workspace / "git" / "lemonade-deploy.git"), refresh_s=30).configured()
    place = {"conn_type": "spalje", "extra": {"python": sys.executable, "workspace": str(workspace)}}
    environ = {"AIRFLOW_CONN_SPALJE_DEFAULT": json.dumps(place), **settings.pop("environ", {})}
    with site(python, folder, [bundle], environ=environ, **settings) as running:
        running.ready(NAMES)
        running.call(
            "pools", {"name": "spalje_training", "slots": 1, "description": "Models trained at once"}
        )
        yield Lemonade(running, Command(workspace, folder), clone)
    shutil.rmtree(folder / "airflow" / "bundles", ignore_errors=True)
