"""`spalje airflow check` and `spalje airflow bundles`, through the command line and a real Airflow."""

import json
import subprocess
import sys

import pytest
import small_project

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
    ended = subprocess.run(
        [sys.executable, "-m", "spalje", *map(str, words)],
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "120", **environ}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def test_dags_that_airflow_takes(airflow_python, clone):
    said = spalje("airflow", "check", clone, "--airflow-python", airflow_python)
    assert "takes all 1 DAGs" in said
    assert "airflow pools set training 1" in said


def test_what_is_wrong_is_told_with_file_and_line(airflow_python, clone):
    (clone / "dags" / "bad.py").write_text("from airflow.sdk import DAG\n\nnothing.here\n")
    said = spalje("airflow", "check", clone / "dags", SPALJE_AIRFLOW_PYTHON=str(airflow_python), code=3)
    assert "✗ dags/bad.py:3  NameError: name 'nothing' is not defined" in said


def test_a_slow_file_is_warned_of_and_passes(airflow_python, clone):
    (clone / "dags" / "slow.py").write_text(
        "import time\ntime.sleep(0.4)\nfrom airflow.sdk import DAG\ndag = DAG('slow')\n"
    )
    said = spalje("airflow", "check", clone, "--airflow-python", airflow_python)
    assert "▲ dags/slow.py  It takes" in said


def test_json_is_for_machines(airflow_python, clone):
    found = json.loads(spalje("airflow", "check", clone, "--airflow-python", airflow_python, "--json"))
    assert found["passed"] is True
    assert [dag["id"] for dag in found["dags"]] == ["sales-inference"]


def test_the_airflow_at_hand_lacks_a_pool(airflow_python, clone, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "airflow.db").write_bytes((airflow_python.parents[1] / "home" / "airflow.db").read_bytes())
    words = ("airflow", "check", clone, "--airflow-python", airflow_python, "--here")
    said = spalje(*words, AIRFLOW_HOME=str(home), code=3)
    assert "1 missing" in said
    subprocess.run(
        [airflow_python.parent / "airflow", "pools", "set", "training", "1", ""],
        env={"PATH": "/usr/bin:/bin", "AIRFLOW_HOME": str(home)}, capture_output=True, check=True,
    )  # fmt: skip
    assert "there" in spalje(*words, AIRFLOW_HOME=str(home))


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
    spalje("pipeline", "compile", clone, "--write")
    assert "takes all 1 DAGs" in spalje("airflow", "check", clone, "--airflow-python", airflow_python)


def test_a_folder_without_dags_is_refused(airflow_python, tmp_path):
    assert "has no folder dags/" in spalje(
        "airflow", "check", tmp_path, "--airflow-python", airflow_python, code=3
    )
