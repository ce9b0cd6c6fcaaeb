"""What every store of runs keeps to."""

from dataclasses import replace

import pytest
from recorder import Recorder, artifact, digest

from spalje.errors import NotFound, Refused
from spalje.lineage.run import Status


def test_what_is_recorded_comes_back(record: Recorder):
    run = record.run(
        ("a", "b"),
        definition='{"é": 1}',
        parameters={"stores": 60, "rate": 0.1, "day": "2026-03-01", "on": True, "none": None},
        inputs={"raw": digest("raw"), "version.model": digest("model")},
        version=3,
        batch="fresh/7",
    )
    assert run.id == "fresh/build/1"
    assert run.status is Status.WAITING
    assert record.metadata.runs.get(run.id) == run


def test_steps_wait_in_the_recipes_order(record: Recorder):
    run = record.run(("zeta", "alpha", "mid"))
    steps = record.metadata.steps.all(run.id)
    assert list(steps) == ["zeta", "alpha", "mid"]
    assert {step.status for step in steps.values()} == {Status.WAITING}


def test_numbers_are_of_a_pipeline(record: Recorder):
    record.project("dairy")
    ids = [
        record.run(project=project, pipeline=pipeline).id
        for project, pipeline in (
            ("fresh", "build"), ("fresh", "build"), ("fresh", "inference"), ("dairy", "build"), ("fresh", "build"),
        )
    ]  # fmt: skip
    assert ids == ["fresh/build/1", "fresh/build/2", "fresh/inference/1", "dairy/build/1", "fresh/build/3"]


def test_run_that_did_not_compile_has_failed(record: Recorder):
    run = record.run((), definition=None, error="pipeline.py:3: no such step")
    assert (run.status, run.error) == (Status.FAILED, "pipeline.py:3: no such step")
    assert run.ended_at == run.created_at
    assert record.metadata.steps.all(run.id) == {}
    with pytest.raises(Refused, match="did not compile"):
        record.metadata.runs.reopen(run.id)


def test_unknown_project_and_run(record: Recorder):
    with pytest.raises(NotFound, match="There are: fresh"):
        record.run(project="frish")
    run = record.run()
    for wrong in ("fresh/build/2", "fresh/build", "", "fresh/build/1/"):
        with pytest.raises(NotFound, match=run.id):
            record.metadata.runs.get(wrong)


def test_list_is_newest_first_and_can_be_narrowed(record: Recorder):
    record.project("dairy")
    one, two = record.run(), record.run(project="dairy")
    three = record.run(pipeline="inference", inputs={"raw": digest("raw")})
    four = record.run((), definition=None)
    runs = record.metadata.runs
    assert runs.list() == (four, three, two, one)
    assert runs.list(limit=2) == (four, three)
    assert runs.list(project="fresh") == (four, three, one)
    assert runs.list(project="fresh", pipeline="build") == (four, one)
    assert runs.list(status=Status.FAILED) == (four,)
    assert runs.list(project="other") == ()


def test_a_run_runs_from_its_first_step_on(record: Recorder):
    run = record.run(("a", "b"))
    record.succeed(run, "a")
    assert record.metadata.runs.get(run.id).status is Status.RUNNING


def test_finish_once(record: Recorder):
    run = record.run()
    ended = record.metadata.runs.finish(run.id, Status.FAILED, "train failed", record.now())
    assert (ended.status, ended.error, ended.ended_at) == (Status.FAILED, "train failed", record.time)
    assert record.metadata.runs.finish(run.id, Status.SUCCEEDED, None, record.now()) == ended
    with pytest.raises(NotFound):
        record.metadata.runs.finish("fresh/build/9", Status.FAILED, None, record.now())


def test_reopen(record: Recorder):
    run = record.run(("done", "failed", "cancelled", "running", "skipped", "waiting"))
    record.succeed(run, "done", outputs={"out": digest("out")})
    steps = record.metadata.steps
    for status in (Status.FAILED, Status.CANCELLED, Status.SKIPPED, Status.RUNNING):
        lease = record.metadata.leases.acquire(f"step/{status}", "me", 30, record.now())
        step = replace(steps.all(run.id)[status], status=status, error="e", started_at=record.now())
        steps.start(step, lease) if status is Status.RUNNING else steps.end(step, lease)
    record.metadata.runs.finish(run.id, Status.FAILED, "it failed", record.now())

    reopened = record.metadata.runs.reopen(run.id)
    assert (reopened.status, reopened.error, reopened.ended_at) == (Status.RUNNING, None, None)
    after = steps.all(run.id)
    assert {name: str(step.status) for name, step in after.items()} == {
        "done": "succeeded", "failed": "waiting", "cancelled": "waiting", "running": "waiting",
        "skipped": "skipped", "waiting": "waiting",
    }  # fmt: skip
    assert (after["failed"].error, after["failed"].started_at) == (None, None)
    assert after["done"].outputs == {"out": digest("out")}


def test_what_succeeded_is_not_reopened(record: Recorder):
    run = record.run()
    record.metadata.runs.finish(run.id, Status.SUCCEEDED, None, record.now())
    with pytest.raises(Refused, match="has succeeded"):
        record.metadata.runs.reopen(run.id)


def test_artifacts_from_outside_are_recorded(record: Recorder):
    raw = artifact("raw", "table")
    record.run(inputs={"raw": raw.digest}, artifacts=(raw,))
    record.run(inputs={"raw": raw.digest}, artifacts=(replace(raw, kind="folder"),))
    assert record.metadata.lineage.artifact(raw.digest) == raw


def test_a_key_is_one_runs(record: Recorder):
    assert record.metadata.runs.keyed("dag/monday/start/0") is None
    first = record.run(key="dag/monday/start/0", link="https://airflow.example.org/dags/dag/runs/monday")
    assert record.run(key="dag/monday/start/0", parameters={"other": 1}) == first
    assert record.run().number == 2
    assert record.run(key="dag/monday/start/1").number == 3
    assert record.metadata.runs.keyed("dag/monday/start/0") == first == record.metadata.runs.get(first.id)
