"""`spalje airflow check` and `spalje airflow bundles`, through the command line and a real Airflow."""

import json
import sys
from pathlib import Path

import pytest
import small_project
from command import Command

GOOD = """
from airflow.sdk import DAG, task

with DAG("sales-inference"):
    @task(pool="training")
    def predict(): ...
    predict()
"""


@pytest.fixture
def clone(tmp_path):
    """A deploy repository's clone with one DAG."""
    (tmp_path / "clone" / "dags").mkdir(parents=True)
    (tmp_path / "clone" / "dags" / "sales.py").write_text(GOOD)
    return tmp_path / "clone"


def spalje(*words, code=0, **environ):
    ended = Command(Path("/nowhere"), Path("/"))(*map(str, words), **{"COLUMNS": "120", **environ})
    assert ended.code == code, ended.out + ended.error
    return ended.out + ended.error


def test_json_is_for_machines(airflow_python, clone):
    found = json.loads(spalje("airflow", "check", clone, "--airflow-python", airflow_python, "--json"))
    assert found["passed"] is True
    assert [dag["id"] for dag in found["dags"]] == ["sales-inference"]


def test_what_is_wrong_slow_and_used_is_told(airflow_python, clone):
    (clone / "dags" / "bad.py").write_text("from airflow.sdk import DAG\n\nnothing.here\n")
    slow = "import time\ntime.sleep(0.4)\nfrom airflow.sdk import DAG\ndag = DAG('slow')\n"
    (clone / "dags" / "slow.py").write_text(slow)
    said = spalje("airflow", "check", clone / "dags", SPALJE_AIRFLOW_PYTHON=str(airflow_python), code=3)
    assert "✗ dags/bad.py:3  NameError: name 'nothing' is not defined" in said
    assert "▲ dags/slow.py  It takes" in said
    assert "airflow pools set training 1" in said
    assert "1 wrong" in said


def test_the_airflow_at_hand_lacks_a_pool(airflow_python, clone, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "airflow.db").write_bytes((airflow_python.parents[1] / "home" / "airflow.db").read_bytes())
    words = ("airflow", "check", clone, "--airflow-python", airflow_python, "--here")
    assert "1 missing" in spalje(*words, AIRFLOW_HOME=str(home), code=3)


def test_where_there_is_no_airflow_the_error_says_what_to_do(clone):
    assert "--airflow-python" in spalje("airflow", "check", clone, code=2)
    said = spalje("airflow", "check", clone, "--airflow-python", sys.executable, code=3)
    assert "No module named 'airflow'" in said
    assert "apache-airflow 3.3" in said


def test_an_outline_that_is_not_the_recipes_is_wrong(airflow_python, tmp_path):
    small_project.create(tmp_path)
    clone = tmp_path / "clone"
    (clone / "dags").mkdir()
    (clone / "dags" / "sales.py").write_text(GOOD)
    said = spalje("airflow", "check", clone, "--airflow-python", airflow_python, code=3)
    assert "1 wrong" in said
    assert f"spalje pipeline compile {clone} --write" in said


def test_a_folder_without_dags_is_refused(airflow_python, tmp_path):
    assert "has no folder dags/" in spalje(
        "airflow", "check", tmp_path, "--airflow-python", airflow_python, code=3
    )
