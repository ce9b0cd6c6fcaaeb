"""`spalje airflow check --run`: a DAG run through in a real Airflow and a copy of the workspace."""

import json

import pytest
import small_project
from command import Command

DAGS = """
from spalje.airflow import Project

project = Project.here(__file__)

with project.dag("build"):
    project.run("build", task_id="core", inputs={{"raw": "{raw}"}}) >> project.approval()
"""

#: One step is as good as many: the DAG has one task for all.
RECIPE = """
    from spalje.pipeline import Input, Pipeline, Process

    raw = Input("raw", kind="folder")
    make = Process("make", script="src/double.py", inputs={"rows": raw}, outputs={"out": "folder"})
    build = Pipeline("build", steps=[make])
"""
#: What ``src/double.py`` reads.
ROWS = "part-0.parquet"


@pytest.fixture
def place(tmp_path):
    workspace = small_project.create(tmp_path, {"pipeline.py": RECIPE})
    (tmp_path / "raw" / "rows.parquet").rename(tmp_path / "raw" / ROWS)
    (tmp_path / "clone" / "dags").mkdir()
    (tmp_path / "clone" / "dags" / "small.py").write_text(DAGS.format(raw=tmp_path / "raw"))
    return workspace


def check(place, airflow_python, *words):
    spalje = Command(place.folder, place.folder.parent)
    ended = spalje(
        "airflow", "check", "clone", "--run", *words, "--json", SPALJE_AIRFLOW_PYTHON=str(airflow_python)
    )
    said = ended.error.splitlines()[-1] if ended.code == 2 else ended.out
    return ended.code, json.loads(said or "{}")


def write_outline(place):
    assert Command(place.folder, place.folder.parent)("pipeline", "compile", "clone", "--write").code == 0


def test_a_dag_is_run_through_and_the_workspace_stays_as_it_is(place, airflow_python):
    write_outline(place)
    code, said = check(place, airflow_python, "build")
    assert code == 0, said
    states = {task["task"]: task["state"] for task in said["run"]["tasks"]}
    assert (said["run"]["dag"], states) == ("small-build", {"core": "success", "approval": "success"})
    assert said["run"]["left_out"] == ["approval"]
    assert place.metadata.runs.list() == ()
    assert sorted(path.name for path in place.folder.iterdir() if path.name.startswith(".trial")) == []
    (place.folder.parent / "raw" / ROWS).unlink()
    code, said = check(place, airflow_python, "small-build")
    assert (code, said["run"]["state"]) == (3, "failed")


def test_slips_are_told(place, airflow_python):
    code, said = check(place, airflow_python, "build")
    assert (code, said["run"]) == (3, None), "the outline is missing, so nothing is run"
    write_outline(place)
    code, said = check(place, airflow_python, "bild")
    assert (code, said["kind"]) == (2, "NotFound")
    code, said = check(place, airflow_python, "build", "--conf", "week")
    assert "--conf is not JSON" in said["error"]
