"""`spalje airflow check --run`: a DAG run through in a real Airflow and a copy of the workspace."""

import json

import pytest
import small_project
from command import Command

DAGS = """
from spalje.airflow import Project

project = Project.here(__file__)

with project.dag("build"):
    clean = project.program("clean", "src/clean.py", outputs=["raw"], parameters={{"source": "{source}"}})
    project.program("tell", "src/clean.py", outputs=["raw"], parameters={{"source": "{source}"}})
    project.run("build", task_id="core", inputs={{"raw": clean["raw"]}}) >> project.approval()
"""
CLEAN = """
    import shutil
    import sys

    given = dict(word.removeprefix("--").split("=", 1) for word in sys.argv[1:])
    shutil.copytree(given["source"], given["raw"], dirs_exist_ok=True)
"""


@pytest.fixture
def place(tmp_path):
    workspace = small_project.create(tmp_path, {"src/clean.py": CLEAN})
    (tmp_path / "clone" / "dags").mkdir()
    (tmp_path / "clone" / "dags" / "small.py").write_text(DAGS.format(source=tmp_path / "raw"))
    return workspace


def check(place, airflow_python, *words):
    spalje = Command(place.folder, place.folder.parent)
    ended = spalje(
        "airflow", "check", "clone", "--run", *words, "--json", SPALJE_AIRFLOW_PYTHON=str(airflow_python)
    )
    said = ended.out or ended.error.splitlines()[-1]
    return ended.code, json.loads(said)


def write_outline(place):
    assert Command(place.folder, place.folder.parent)("pipeline", "compile", "clone", "--write").code == 0


def test_a_dag_is_run_through_and_the_workspace_stays_as_it_is(place, airflow_python):
    write_outline(place)
    code, said = check(place, airflow_python, "build")
    assert code == 0, said
    assert (said["run"]["dag"], states(said)) == (
        "small-build",
        {"clean": "success", "tell": "success", "core": "success", "approval": "success"},
    )
    assert said["run"]["left_out"] == ["approval"]
    assert place.metadata.runs.list() == ()
    assert sorted(path.name for path in place.folder.iterdir() if path.name.startswith(".trial")) == []
    folder = place.folder.parent
    (folder / "little").mkdir()
    (folder / "raw").rename(folder / "little" / "raw")
    code, said = check(place, airflow_python, "small-build", "--data", "little")
    assert (code, said["run"]["state"]) == (3, "failed")
    assert states(said) == {"tell": "failed", "core": "success", "approval": "success"}
    assert (said["run"]["idle"], said["used"]) == (["clean"], ["raw"])


def states(said):
    return {task["task"]: task["state"] for task in said["run"]["tasks"]}


def test_slips_are_told(place, airflow_python):
    code, said = check(place, airflow_python, "build")
    assert (code, said["run"]) == (3, None), "the outline is missing, so nothing is run"
    write_outline(place)
    code, said = check(place, airflow_python, "bild")
    assert (code, said["kind"]) == (2, "NotFound")
    code, said = check(place, airflow_python, "build", "--conf", "week")
    assert "--conf is not JSON" in said["error"]
    code, said = check(place, airflow_python, "build", "--data", "nowhere")
    assert (code, said["kind"]) == (3, "BadInput")
