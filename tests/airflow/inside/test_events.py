"""A week of lemonade: published, judged against what really happened, and a retraining wanted; each told by an event."""

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.utils.types import DagRunType
from flow import Flow, loaded
from recorded import PYTHON, Small, made

from spalje.airflow import command

SOURCE = """
from datetime import timedelta

from spalje.airflow.conclude_operator import SpaljeConcludeOperator

at_once = {"default_args": {"retry_delay": timedelta(0), "retry_exponential_backoff": False}}

with project.dag("inference", date="week", **at_once):
    project.run("inference")
with project.dag("ending", **at_once):
    SpaljeConcludeOperator(task_id="conclude", run="lemonade/inference/2", project="lemonade")
with project.dag("arrival", params={"week": "2024-07-01"}, **at_once):
    project.truth_arrived(project.pipeline("truth")["sold"]["features"])
with project.dag("quality", schedule=project.assets.ground_truth, params={"truth": None}, **at_once):
    project.judge()
"""


@pytest.fixture(scope="module")
def lemonade(tmp_path_factory: pytest.TempPathFactory) -> Small:
    folder = made(tmp_path_factory.mktemp("lemonade") / "made", "lemonade_workspace.py")
    return Small(folder / "workspace", folder)


@pytest.fixture(autouse=True)
def place(lemonade: Small, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SPALJE_PYTHON", str(PYTHON))
    monkeypatch.setenv("SPALJE_WORKSPACE", str(lemonade.workspace))


@pytest.fixture(scope="module")
def dags(lemonade: Small) -> Any:
    return loaded(lemonade.origin / "deploy", SOURCE)


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[int]]:
    """Kills the command that says something, once; gives the processes that it killed."""
    take, begin = command.Lines.take, command.Child.__init__
    wanted, killed = [], []
    running: list[command.Child] = []

    def begun(self: command.Child, *words: Any) -> None:
        running[:] = [self]
        begin(self, *words)

    def taken(self: command.Lines, line: str) -> None:
        take(self, line)
        if wanted and wanted[0] in line:
            wanted.clear()
            killed.append(running[0]._process.pid)
            os.kill(killed[-1], signal.SIGKILL)

    def kill(said: str) -> list[int]:
        killed.clear()
        wanted.append(said)
        return killed

    monkeypatch.setattr(command.Child, "__init__", begun)
    monkeypatch.setattr(command.Lines, "take", taken)
    return kill


def events(flow: Flow) -> list[tuple[str, dict[str, Any]]]:
    return [(event.uri, event.extra) for event in flow.events]


def test_batches_truth_and_a_retraining_in_turn(
    lemonade: Small, dags: Any, capsys: pytest.CaptureFixture[str], kill_at: Callable[[str], list[int]]
):
    check_a_batch_that_goes_out_is_an_event_and_one_that_is_blocked_fails_for_good(
        lemonade, dags, capsys, kill_at
    )
    check_truth_is_judged_once_whoever_is_killed_and_a_retraining_is_wanted_by_an_event(
        lemonade, dags, kill_at
    )
    check_without_truth_or_anything_new_in_it_there_is_nothing_to_judge(lemonade, dags)


def check_a_batch_that_goes_out_is_an_event_and_one_that_is_blocked_fails_for_good(
    lemonade: Small, dags: Any, capsys: pytest.CaptureFixture[str], kill_at: Callable[[str], list[int]]
):
    killed = kill_at("publish: started")
    flow = Flow(dags["inference"], DagRunType.SCHEDULED, date=datetime(2024, 7, 1, tzinfo=UTC)).whole()
    assert killed
    assert (flow.state, flow.task("inference").try_number) == ("success", 2)
    assert flow.told["inference"] == {
        "run": "lemonade/inference/1",
        "verdicts": {"data_quality": "ok"},
        "decision": "publish",
        "batch": "lemonade/1",
        "retrain": False,
    }
    extra = {"run": "lemonade/inference/1", "version": 1, "batch": "lemonade/1"}
    assert events(flow) == [("spalje://lemonade/batch-published", extra)]
    assert lemonade.rows("SELECT first_day, status FROM batch") == [("2024-07-01", "published")]

    (lemonade.origin / "spoiled").touch()
    capsys.readouterr()
    blocked = Flow(dags["inference"], conf={"week": "2024-06-24"}).whole()
    (lemonade.origin / "spoiled").unlink()
    assert (blocked.state, blocked.task("inference").try_number) == ("failed", 1)
    said = capsys.readouterr().out
    assert "Batch lemonade/2 is blocked" in said
    assert "spalje batch show lemonade/2" in said
    assert not events(blocked)
    ending = Flow(dags["ending"]).whole()
    assert (ending.state, ending.task("conclude").try_number) == ("failed", 1)
    assert "Batch lemonade/2 is blocked, and nothing of it goes out" in capsys.readouterr().out


def check_truth_is_judged_once_whoever_is_killed_and_a_retraining_is_wanted_by_an_event(
    lemonade: Small, dags: Any, kill_at: Callable[[str], list[int]]
):
    arrival = Flow(dags["arrival"]).whole()
    assert arrival.state == "success"
    digest = arrival.told["sold"]["outputs"]["features"]
    assert events(arrival) == [("spalje://lemonade/ground-truth", {"truth": f"sha256:{digest}"})]

    killed = kill_at("judge: started")
    flow = Flow(dags["quality"], DagRunType.ASSET_TRIGGERED, events=arrival.events).whole()
    assert killed
    assert (flow.state, flow.task("judge").try_number) == ("success", 2)
    (told,) = flow.told["judge"]
    assert told["run"] == "lemonade/quality/1"
    assert (told["batch"], told["decision"]) == ("lemonade/1", "retrain")
    assert told["verdicts"] == {"model_quality": "alarm"}
    runs = lemonade.rows("SELECT id, status, started_for, key FROM run WHERE pipeline = 'quality'")
    (run,) = runs
    assert run[:3] == ("lemonade/quality/1", "succeeded", "ground-truth")
    assert run[3].startswith(f"lemonade-quality/{flow.run.run_id}/judge/0/0/")
    assert lemonade.rows("SELECT batch, run FROM evaluation") == [(1, "lemonade/quality/1")]
    assert events(flow) == [("spalje://lemonade/retrain-wanted", {"run": "lemonade/quality/1", "version": 1})]
    assert len(lemonade.rows("SELECT id FROM run WHERE pipeline = 'build'")) == 1, "Airflow starts the build"


def check_without_truth_or_anything_new_in_it_there_is_nothing_to_judge(lemonade: Small, dags: Any):
    flow = Flow(dags["quality"]).whole()
    assert flow.states == {"judge": "skipped"}
    ((digest,),) = lemonade.rows("SELECT digest FROM truth")
    path = lemonade.workspace / "artifacts" / digest[:2] / digest / "files"
    again = Flow(dags["quality"], conf={"truth": str(path)}).whole()
    assert (again.state, again.told["judge"]) == ("success", [])
