"""`spalje airflow check --run`: a DAG run through in a real Airflow and a copy of the workspace."""

import json
import os
import subprocess
import sys

import pytest
import small_project

DAGS = """
from spalje.airflow import Project

project = Project.here(__file__)

with project.dag("build"):
    project.run("build", task_id="core", inputs={{"raw": "{raw}"}}) >> project.approval()
"""


@pytest.fixture
def place(tmp_path):
    workspace = small_project.create(tmp_path)
    (tmp_path / "clone" / "dags").mkdir()
    (tmp_path / "clone" / "dags" / "small.py").write_text(DAGS.format(raw=tmp_path / "raw"))
    return workspace


def check(place, airflow_python, *words):
    ended = subprocess.run(
        [sys.executable, "-m", "spalje", "airflow", "check", place.folder.parent / "clone", "--run", *words, "--json"],
        env={**os.environ, "SPALJE_WORKSPACE": str(place.folder), "SPALJE_AIRFLOW_PYTHON": str(airflow_python)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = ended.stderr.splitlines()[-1] if ended.returncode == 2 else ended.stdout
    return ended.returncode, json.loads(said or "{}")


def test_a_dag_is_run_through_and_the_workspace_stays_as_it_is(place, airflow_python):
    clone = place.folder.parent / "clone"
    subprocess.run([sys.executable, "-m", "spalje", "pipeline", "compile", clone, "--write"], check=True)
    code, said = check(place, airflow_python, "build")
    assert code == 0, said
    states = {task["task"]: task["state"] for task in said["run"]["tasks"]}
    assert (said["run"]["dag"], states) == ("small-build", {"core": "success", "approval": "success"})
    assert said["run"]["left_out"] == ["approval"]
    assert place.metadata.runs.list() == ()
    assert sorted(path.name for path in place.folder.iterdir() if path.name.startswith(".trial")) == []
    (place.folder.parent / "raw" / "rows.parquet").unlink()
    code, said = check(place, airflow_python, "small-build")
    assert (code, said["run"]["state"]) == (3, "failed")


def test_slips_are_told(place, airflow_python):
    clone = place.folder.parent / "clone"
    code, said = check(place, airflow_python, "build")
    assert (code, said["run"]) == (3, None), "the outline is missing, so nothing is run"
    subprocess.run([sys.executable, "-m", "spalje", "pipeline", "compile", clone, "--write"], check=True)
    code, said = check(place, airflow_python, "bild")
    assert (code, said["kind"]) == (2, "NotFound")
    code, said = check(place, airflow_python, "build", "--conf", "week")
    assert "--conf is not JSON" in said["error"]
