"""A DAG run that ends badly leaves no run of Spaljé open."""

import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from registry import DAGS, api, load, xcom
from small import Small

from spalje.airflow.listener import start

RECORD = """
        start = SpaljeRecordOperator(
            task_id="start", outline=project.outlines["build"], project="small", inputs={"raw": RAW}
        )
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Small:
    made = Small(tmp_path)
    monkeypatch.setenv("SPALJE_PYTHON", str(made.python))
    monkeypatch.setenv("SPALJE_WORKSPACE", str(made.workspace))
    return made


def ended(small: Small, run: str) -> str:
    """How a run of Spaljé ended, which takes a moment."""
    until = time.monotonic() + 40
    while time.monotonic() < until:
        status = small.ask("run", "show", run)["run"]["status"]
        if status not in ("waiting", "running"):
            return status
        time.sleep(0.5)
    return status


def test_when_a_task_fails(small: Small):
    run = load(small.source("listen_failed", f"{RECORD}        start >> fail()"), DAGS).test()
    assert run.state == "failed"
    assert ended(small, xcom(run, "start")["run"]) == "cancelled"


@pytest.mark.parametrize("state", ["failed", "success"])
def test_when_a_person_ends_it(small: Small, state: str):
    run = load(small.source(f"listen_{state}_by_hand", RECORD), DAGS).test()
    name = xcom(run, "start")["run"]
    assert small.ask("run", "show", name)["run"]["status"] in ("waiting", "running")
    begun = time.monotonic()
    api().ask("PATCH", f"/dags/{run.dag_id}/dagRuns/{run.run_id}", "Eva", json={"state": state})
    assert time.monotonic() - begun < 5
    assert ended(small, name) == "cancelled"


def test_dags_of_others_are_left_alone():
    others = SimpleNamespace(tasks=[EmptyOperator(task_id="theirs")])
    assert start(SimpleNamespace(dag=others, dag_id="theirs", run_id="one")) is None
    assert start(SimpleNamespace(dag=None, dag_id="theirs", run_id="one")) is None


def test_where_spalje_cannot_be_reached_it_is_quiet(small: Small, monkeypatch, capfd):
    run = load(small.source("listen_quiet", RECORD), DAGS).test()
    monkeypatch.setenv("SPALJE_PYTHON", "/nowhere/python")
    capfd.readouterr()
    waiting = start(run_with_dag(run))
    assert waiting is not None
    waiting.join(30)
    assert "Traceback" not in capfd.readouterr().err
    assert small.ask("run", "show", xcom(run, "start")["run"])["run"]["status"] in ("waiting", "running")


def run_with_dag(run):
    return SimpleNamespace(dag=run.dag, dag_id=run.dag_id, run_id=run.run_id)
