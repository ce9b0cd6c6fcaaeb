"""Pipelines and programs in runs of DAGs: what is skipped, tried again, waited for, cleared, and refused."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from airflow.utils.types import DagRunType
from flow import Flow, loaded
from recorded import Small

from spalje.airflow import command

SOURCE = """
from datetime import timedelta

raw = {{"raw": "{raw}"}}
at_once = {{"default_args": {{"retry_delay": timedelta(0), "retry_exponential_backoff": False}}}}

with project.dag("several", **at_once):
    project.pipeline("several", inputs=raw)
with project.dag("one", **at_once):
    project.pipeline("one", inputs=raw)
with project.dag("whole", **at_once):
    project.run("one", inputs=raw)
with project.dag("programs", params={{"fail": False, "at": "weeks/3"}}, **at_once):
    first = project.program("first", "src/program.py", outputs=["out"], parameters={{"share": 0.5}}, retries=0)
    project.program(
        "second",
        "src/program.py",
        inputs={{"rows": first["out"]}},
        outputs={{"out": "{{{{ params.at }}}}"}},
        parameters={{"fail": "{{{{ params.fail }}}}"}},
        retries=0,
    )
"""


@pytest.fixture(autouse=True)
def turns(monkeypatch: pytest.MonkeyPatch):
    """Who waits for its turn asks again at once."""
    monkeypatch.setattr(command, "TURN_S", 0.0)


@pytest.fixture(scope="module")
def dags(origin: Path) -> Any:
    return loaded(origin / "clone", SOURCE.format(raw=origin / "raw"))


def test_a_condition_skips_what_follows_and_a_retry_goes_on_with_the_same_run(small: Small, dags: Any):
    small.how("fail once")
    flow = Flow(dags["several"], DagRunType.SCHEDULED).whole()
    assert flow.state == "success"
    assert flow.states == {
        **dict.fromkeys(("start", "make", "evaluate", "conclude"), "success"),
        **dict.fromkeys(("tell", "after"), "skipped"),
    }
    assert flow.task("make").try_number == 2
    (_, run) = small.rows("SELECT id, status, started_for, started_by, key FROM run ORDER BY sequence")
    key = f"small-several/{flow.run.run_id}/several.start/0"
    assert run == ("small/several/1", "succeeded", "schedule", "airflow", key)
    assert small.states("small/several/1")["after"] == "skipped"
    assert flow.told["start"] == {"run": "small/several/1"}
    assert flow.told["conclude"] == {"run": "small/several/1", "retrain": False}
    assert set(flow.told["evaluate"]) == {"run", "step", "outputs"}
    assert max(len(json.dumps(told)) for told in flow.told.values()) < 500
    assert not flow.events


def test_a_pipeline_waits_for_its_turn_and_is_run_anew_when_it_is_cleared(small: Small, dags: Any):
    record = ("run", "record", "one", "--project", "small", "--claim", "--key", "another")
    other = small.ask(*record, "--input", f"raw={small.origin / 'raw'}")["run"]["id"]
    flow = Flow(dags["one"])
    flow.once()
    assert (flow.states["start"], flow.task("start").try_number) == ("up_for_reschedule", 1)
    small.ask("run", "conclude", other)
    flow.whole()
    assert (flow.state, flow.task("start").try_number) == ("success", 1)
    flow.clear("start", "make", "conclude")
    flow.whole()
    assert flow.state == "success"
    runs = small.rows("SELECT id, status, started_for, started_by, key FROM run ORDER BY sequence")[2:]
    key = f"small-one/{flow.run.run_id}/one.start"
    assert runs == [
        ("small/one/3", "succeeded", "manual", "Eva", f"{key}/0"),
        ("small/one/4", "succeeded", "manual", "Eva", f"{key}/1"),
    ]
    assert flow.told["make"]["reused_from"] == "small/one/3"


def test_a_whole_pipeline_is_recorded_when_it_is_its_turn(small: Small, dags: Any):
    record = ("run", "record", "one", "--project", "small", "--claim", "--key", "another")
    other = small.ask(*record, "--input", f"raw={small.origin / 'raw'}")["run"]["id"]
    flow = Flow(dags["whole"])
    flow.once()
    assert (flow.states["one"], flow.task("one").try_number) == ("up_for_reschedule", 1)
    assert small.rows("SELECT max(sequence) FROM run") == [(2,)], (
        "what it would have read may be old by its turn"
    )
    small.ask("run", "conclude", other)
    flow.whole()
    assert (flow.state, flow.task("one").try_number) == ("success", 1)
    assert small.rows("SELECT id, status FROM run WHERE sequence > 2") == [("small/one/3", "succeeded")]
    assert not small.rows("SELECT name FROM lease WHERE name = 'pipeline/small/one' AND owner NOT NULL")


def test_a_dag_that_draws_otherwise_fails_for_good_and_lets_go_of_its_pipeline(
    small: Small, dags: Any, origin: Path, capsys: pytest.CaptureFixture[str]
):
    stale = loaded(origin / "clone", SOURCE.format(raw=origin / "raw"))["several"]
    start = stale.task_dict["several.start"]
    start.outline = type(start.outline)("several", start.outline.steps[:-1])
    flow = Flow(stale).whole()
    assert flow.state == "failed"
    assert flow.states == {
        "start": "failed",
        "conclude": "failed",
        **dict.fromkeys(("make", "evaluate", "tell", "after"), "upstream_failed"),
    }
    assert flow.task("start").try_number == flow.task("conclude").try_number == 1
    said = capsys.readouterr().out
    assert "spalje pipeline compile --write; then commit and push dags/pipelines.json" in said
    assert "No run was recorded" in said
    assert small.rows("SELECT status FROM run WHERE id = 'small/several/1'") == [("cancelled",)]
    assert not small.rows("SELECT name FROM lease WHERE name = 'pipeline/small/several' AND owner NOT NULL")


def test_a_whole_pipeline_that_was_killed_goes_on_with_the_same_run(small: Small, dags: Any):
    small.how("slow")
    killer = threading.Thread(target=small.kill)
    killer.start()
    flow = Flow(dags["whole"]).whole()
    killer.join()
    assert (flow.state, flow.task("one").try_number) == ("success", 2)
    assert small.rows("SELECT id, status FROM run WHERE id != 'small/one/1'") == [
        ("small/one/2", "succeeded")
    ]
    assert flow.told["one"] == {"run": "small/one/2", "retrain": False}


def test_programs_put_what_they_make_in_place_as_a_whole(
    small: Small, dags: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", "a secret")
    zone = small.workspace / "landing" / "small"
    flow = Flow(dags["programs"]).whole()
    assert flow.state == "success"
    first = zone / "small-programs" / flow.run.run_id / "first" / "out"
    words = (zone / "weeks" / "3" / "words").read_text().splitlines()
    assert words[0] == f"--rows={first}"
    assert words[2:] == ["--fail=false"]
    assert "--share=0.5" in (first / "words").read_text()
    assert "AIRFLOW" not in (first / "environ").read_text()
    assert not flow.told
    (zone / "weeks" / "3" / "words").write_text("the old")

    again = Flow(dags["programs"], conf={"fail": True})
    again.task("first").set_state("success", session=again.session)
    again.whole()
    assert again.states["second"] == "failed"
    assert "src/program.py ended with exit code 7" in capsys.readouterr().out
    assert (zone / "weeks" / "3" / "words").read_text() == "the old"
    assert [path.name for path in (zone / "weeks").iterdir()] == ["3"]

    outside = Flow(dags["programs"], conf={"at": "../dairy/3"})
    outside.task("first").set_state("success", session=outside.session)
    assert outside.whole().states["second"] == "failed"
    assert f"would go to {zone.parent / 'dairy' / '3'}, outside of {zone}" in capsys.readouterr().out
    assert not (zone.parent / "dairy").exists()
