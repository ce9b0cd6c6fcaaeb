"""From each task to the run's page, where there are pages."""

import json
from pathlib import Path

import pytest
from registry import DAGS, api, load, xcom
from small import Small

from spalje.airflow.link import RunLink

BODY = 'project.pipeline("build", inputs={"raw": RAW})'
RECORD = """
        SpaljeRecordOperator(
            task_id="start", outline=project.outlines["build"], project="small", inputs={"raw": RAW}
        )
"""
URL = "https://spalje.example.org"


def test_every_task_leads_to_the_runs_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    small = Small(tmp_path)
    extra = {"python": str(small.python), "workspace": str(small.workspace), "url": URL}
    connection = {"conn_type": "spalje", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_SPALJE_DEFAULT", json.dumps(connection))
    run = load(small.source("links", BODY), DAGS).test()
    assert run.state == "success"
    name = xcom(run, "build.start")["run"]
    for task in ("start", "make", "register", "conclude"):
        assert xcom(run, f"build.{task}", RunLink().xcom_key) == f"{URL}/runs/{name}"
    found = api().ask("GET", f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/build.make/links", "Eva")
    assert found["extra_links"] == {"Spaljé run": f"{URL}/runs/{name}"}


def test_without_pages_there_is_no_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    small = Small(tmp_path)
    monkeypatch.setenv("SPALJE_PYTHON", str(small.python))
    monkeypatch.setenv("SPALJE_WORKSPACE", str(small.workspace))
    run = load(small.source("no_links", RECORD), DAGS).test()
    assert (run.state, xcom(run, "start", RunLink().xcom_key)) == ("success", "")
