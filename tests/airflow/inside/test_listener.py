"""A DAG run that ends badly leaves no run of Spaljé open."""

from types import SimpleNamespace

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from recorded import Small, until
from registry import DAGS, api, load, xcom

from spalje.airflow import SpaljeApprovalOperator
from spalje.airflow.listener import start

RECORD = """
        start = SpaljeRecordOperator(
            task_id="start", outline=project.outlines["one"], project="small", inputs={"raw": RAW}
        )
"""


OPEN = ("waiting", "running")


def ended(small: Small, run: str) -> str:
    """How a run of Spaljé ended, which takes a moment."""
    until(lambda: small.status(run) not in OPEN)
    return small.status(run)


def test_when_a_task_fails(small: Small):
    run = load(small.source("listen_failed", f"{RECORD}        start >> fail()"), DAGS).test()
    assert run.state == "failed"
    assert ended(small, xcom(run, "start")["run"]) == "cancelled"


@pytest.mark.parametrize("state", ["failed", "success"])
def test_when_a_person_ends_it(small: Small, state: str):
    run = load(small.source(f"listen_{state}_by_hand", RECORD), DAGS).test()
    name = xcom(run, "start")["run"]
    assert small.status(name) in OPEN
    api().ask("PATCH", f"/dags/{run.dag_id}/dagRuns/{run.run_id}", "Eva", json={"state": state})
    assert ended(small, name) == "cancelled"


def test_dags_that_record_no_run_are_left_alone():
    asking = SpaljeApprovalOperator(task_id="approval", version="small/1")
    others = SimpleNamespace(tasks=[EmptyOperator(task_id="theirs"), asking])
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
    assert small.status(xcom(run, "start")["run"]) in OPEN


def run_with_dag(run):
    return SimpleNamespace(dag=run.dag, dag_id=run.dag_id, run_id=run.run_id)
