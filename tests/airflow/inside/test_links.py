"""From each task to the run's page, where there are pages."""

import json

import pytest
from recorded import PYTHON, Small
from registry import DAGS, api, load, xcom

from spalje.airflow.link import RunLink

BODY = 'project.pipeline("one", inputs={"raw": RAW})'
RECORD = """
        SpaljeRecordOperator(
            task_id="start", outline=project.outlines["one"], project="small", inputs={"raw": RAW}
        )
"""
URL = "https://spalje.example.org"


def test_every_task_leads_to_the_runs_page(small: Small, monkeypatch: pytest.MonkeyPatch):
    extra = {"python": str(PYTHON), "workspace": str(small.workspace), "url": URL}
    connection = {"conn_type": "spalje", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SPALJE_DEFAULT", json.dumps(connection))
    run = load(small.source("links", BODY), DAGS).test()
    assert run.state == "success"
    name = xcom(run, "one.start")["run"]
    for task in ("start", "make", "conclude"):
        assert xcom(run, f"one.{task}", RunLink().xcom_key) == f"{URL}/runs/{name}"
    found = api().ask("GET", f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/one.make/links", "Eva")
    assert found["extra_links"] == {"Spaljé run": f"{URL}/runs/{name}"}


def test_without_pages_there_is_no_link(small: Small):
    run = load(small.source("no_links", RECORD), DAGS).test()
    assert (run.state, xcom(run, "start", RunLink().xcom_key)) == ("success", "")
