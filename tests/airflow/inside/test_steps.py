"""A step as a task, called as a worker calls it: done once, done again, waited for, stopped, and quiet about secrets."""

import asyncio
import json
import re
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
    TaskDeferred,
)
from ended import ended
from flow import Flow, loaded
from recorded import RUN, Small, until

from spalje.airflow import SpaljeStepOperator
from spalje.airflow.conclude_operator import SpaljeConcludeOperator
from spalje.airflow.step_trigger import StepTrigger

SECRET = "a secret of the connection"


class Log:
    """What Airflow's log has got so far."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys, self._text = capsys, ""

    def __str__(self) -> str:
        self._text += "".join(self._capsys.readouterr())
        return self._text

    def has(self, line: str) -> bool:
        """Whether there is such a line."""
        return re.search(rf"\] {re.escape(line)} *\[.*loc=command", str(self)) is not None


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Log:
    return Log(capsys)


def step(**settings: Any) -> SpaljeStepOperator:
    return SpaljeStepOperator(**{"task_id": "make", "run": RUN, "step": "make", **settings})


class Working:
    """A task that executes a slow step, in a thread of its own."""

    def __init__(self, small: Small) -> None:
        small.how("slow")
        self.task, self.came = step(), None
        self.thread = threading.Thread(target=self._work)
        self.thread.start()
        until(lambda: len(small.begun) == 2)

    def _work(self) -> None:
        try:
            self.came = self.task.execute({})
        except BaseException as error:
            self.came = error

    @property
    def process(self) -> int:
        """The process of the command."""
        return self.task._child._process.pid

    def end(self) -> Any:
        """What came of it."""
        self.thread.join(30)
        assert not self.thread.is_alive()
        return self.came


SOURCE = f"""
from datetime import timedelta

from spalje.airflow import SpaljeStepOperator
from spalje.airflow.conclude_operator import SpaljeConcludeOperator

words = {{"run": "{RUN}", "step": "make"}}
at_once = {{"default_args": {{"retry_delay": timedelta(0), "retry_exponential_backoff": False}}}}

with project.dag("step", **at_once):
    SpaljeStepOperator(task_id="make", **words)
with project.dag("ended", **at_once):
    end = SpaljeConcludeOperator(task_id="end", run="{RUN}", project="small")
    SpaljeStepOperator(task_id="make", **words, retries=0) >> end
with project.dag("deferred", **at_once):
    SpaljeStepOperator(task_id="make", **words, deferrable=True)
"""


@pytest.fixture(scope="module")
def dags(origin: Path) -> Any:
    return loaded(origin / "clone", SOURCE)


def test_a_step_is_done_once_and_tells_little(small: Small, dags: Any, log: Log):
    told = Flow(dags["step"]).whole().told["make"]
    assert set(told) == {"run", "step", "outputs"}
    assert set(told["outputs"]) == {"rows"}
    assert len(told["outputs"]["rows"]) == 64
    assert log.has("all is well")
    assert log.has("make: succeeded")
    before = str(log)
    assert Flow(dags["step"]).whole().told["make"] == told
    assert "loc=command" not in str(log)[len(before) :], "nothing was done"


def test_a_step_that_failed_is_executed_again_and_the_run_goes_on(small: Small, dags: Any, log: Log):
    small.how("fail once")
    failed = Flow(dags["ended"]).whole()
    assert failed.states == {"make": "failed", "end": "failed"}
    assert failed.task("end").try_number == 1, "to ask again does not help"
    assert log.has("no rows today")
    assert f"{RUN}: step 'make' failed. make.py ended with exit code 3" in str(log)
    assert f"spalje run log {RUN} make" in str(log)
    assert '{"error"' not in str(log)
    assert Flow(dags["ended"]).whole().state == "success"
    assert small.rows(f"SELECT status FROM run WHERE id = '{RUN}'") == [("succeeded",)]


def test_a_name_that_is_wrong_is_not_tried_again(small: Small):
    with pytest.raises(AirflowFailException, match=r"mak.*make"):
        step(step="mak").execute({})


def test_a_run_that_was_never_recorded_is_not_concluded():
    with pytest.raises(AirflowFailException, match="No run was recorded"):
        SpaljeConcludeOperator(task_id="conclude", run="", project="small").execute({})


def test_what_a_step_says_comes_while_it_runs_and_a_person_can_end_it(
    small: Small, log: Log, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(
        "AIRFLOW_CONN_SPALJE_DEFAULT", json.dumps({"conn_type": "spalje", "extra": {"password": SECRET}})
    )
    working = Working(small)
    until(lambda: log.has("slowly"), 10)
    assert working.thread.is_alive()
    script, child = small.begun
    for pid in (working.process, script, child):
        environ = Path(f"/proc/{pid}/environ").read_bytes()
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
        assert b"AIRFLOW" not in environ
        assert SECRET.encode() not in environ + words
    with pytest.raises(AirflowRescheduleException) as turn:
        step().execute({})
    assert turn.value.reschedule_date
    assert "Not its turn yet: " in str(log)
    with pytest.raises(AirflowRescheduleException):
        SpaljeConcludeOperator(task_id="conclude", run=RUN, project="small").execute({})
    command = working.process
    working.task.on_kill()
    assert isinstance(working.end(), AirflowException)
    assert all(ended(pid) for pid in (command, script, child))
    assert small.states() == {"make": "cancelled"}
    assert SECRET not in str(log)
    working.task.on_kill()


def test_a_step_whose_process_was_killed_is_done_by_the_next_try(small: Small, dags: Any, log: Log):
    small.how("slow")
    killer = threading.Thread(target=small.kill)
    killer.start()
    flow = Flow(dags["step"]).whole()
    killer.join()
    assert (flow.state, flow.task("make").try_number) == ("success", 2)
    assert "Spaljé was killed by SIGKILL" in str(log)
    assert small.states() == {"make": "succeeded"}


WORKER = f"""
    import sys
    from pathlib import Path
    from spalje.airflow import SpaljeStepOperator
    task = SpaljeStepOperator(task_id="make", run="{RUN}", step="make")
    import threading, time
    def tell():
        while task._child is None:
            time.sleep(0.05)
        Path(sys.argv[1]).write_text(str(task._child._process.pid))
    threading.Thread(target=tell, daemon=True).start()
    task.execute({{}})
"""


def test_a_worker_that_is_killed_takes_everything_along(small: Small, tmp_path: Path):
    small.how("slow")
    words = [sys.executable, "-c", textwrap.dedent(WORKER), tmp_path / "pid"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as worker:
        try:
            script, child = until(lambda: small.begun)
        finally:
            worker.kill()
    command = int((tmp_path / "pid").read_text())
    assert all(ended(pid) for pid in (command, script, child))
    assert small.states() == {"make": "cancelled"}


def deferred(task: SpaljeStepOperator) -> StepTrigger:
    """The trigger that a task gives, as the triggerer makes it."""
    with pytest.raises(TaskDeferred) as caught:
        task.execute({})
    path, words = caught.value.trigger.serialize()
    assert path == "spalje.airflow.step_trigger.StepTrigger"
    assert caught.value.method_name == "execute_complete"
    return StepTrigger(**json.loads(json.dumps(words)))


def event(trigger: StepTrigger) -> dict[str, Any]:
    async def first() -> Any:
        return await anext(trigger.run())

    return json.loads(json.dumps(asyncio.run(first()).payload))


def test_a_deferred_step_is_waited_for_by_the_triggerer(small: Small, dags: Any, log: Log):
    small.how("fail once, and talk")
    flow = Flow(dags["deferred"]).whole()
    assert (flow.state, flow.task("make").try_number) == ("success", 2), "an earlier try's end is past"
    assert log.has("no rows today")
    assert log.has("all is well")
    assert log.has("x" * 200_000), "a line longer than asyncio likes"
    assert flow.told["make"]["outputs"]


def test_a_deferred_step_ends_when_a_person_ends_the_task(small: Small):
    small.how("slow")
    trigger = deferred(step(deferrable=True))
    pids = until(lambda: small.begun)
    asyncio.run(trigger.on_kill())
    assert all(ended(pid) for pid in pids)
    with pytest.raises(AirflowException, match="cancelled"):
        step().execute_complete({}, event(trigger))


def test_a_deferred_step_that_nobody_works_on_is_lost(small: Small):
    small.how("slow")
    trigger = deferred(step(deferrable=True))
    small.kill()
    lost = event(trigger)
    assert lost["error"]["kind"] == "Lost"
    with pytest.raises(AirflowException, match="Nobody executes step 'make'"):
        step().execute_complete({}, lost)
