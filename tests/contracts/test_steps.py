"""What every store of step runs keeps to."""

from dataclasses import replace
from datetime import timedelta

import pytest
from recorder import Recorder, artifact, digest, new_batch, new_version

from spalje.errors import BadInput, Conflict, NotFound, SpaljeError
from spalje.lineage.run import Run, Status, StepRun, Usage
from spalje.registry.batch import Evaluation


def running(record: Recorder, run: Run, step: str, **fields) -> StepRun:
    step_run = record.metadata.steps.all(run.id)[step]
    return replace(step_run, status=Status.RUNNING, started_at=record.now(), **fields)


def done(record: Recorder, run: Run, step: str, **fields) -> StepRun:
    return replace(running(record, run, step), status=Status.SUCCEEDED, ended_at=record.now(), **fields)


def hold(record: Recorder, name: str = "step"):
    return record.metadata.leases.acquire(name, "me", 30, record.now())


def test_what_is_recorded_comes_back(record: Recorder):
    run, lease = record.run(("a", "b")), hold(record)
    started = running(
        record,
        run,
        "b",
        key="k" * 64,
        inputs={"x": digest("x"), "y": digest("x")},
        environment="e",
        source="s",
    )
    record.metadata.steps.start(started, lease)
    assert record.metadata.steps.all(run.id)["b"] == started
    ended = replace(
        started,
        status=Status.SUCCEEDED,
        outputs={"out": digest("out")},
        usage=Usage(1.5, 0.25, 100.0, 1e-9, 0.125),
        ended_at=record.now(),
    )
    assert record.metadata.steps.succeed(ended, [artifact("out")], [], lease) == ()
    assert record.metadata.steps.all(run.id)["b"] == ended
    assert record.metadata.steps.all(run.id)["a"].status is Status.WAITING
    assert record.metadata.lineage.artifact(digest("out")) == artifact("out")


@pytest.mark.parametrize("status", [Status.FAILED, Status.SKIPPED, Status.CANCELLED])
def test_end(record: Recorder, status: Status):
    run, lease = record.run(), hold(record)
    ended = replace(
        running(record, run, "train"), status=status, error="Exit code 1.\nlog", ended_at=record.now()
    )
    record.metadata.steps.end(ended, lease)
    assert record.metadata.steps.all(run.id)["train"] == ended


def test_effects_become_real_with_the_step(record: Recorder):
    run, lease = record.run(), hold(record)
    assert record.metadata.steps.succeed(
        done(record, run, "train"), [], [new_version(run.id, metrics={"b": 1.0, "a": 2})], lease
    ) == ("fresh/1",)
    version = record.metadata.versions.get("fresh", 1)
    assert version.content == new_version(run.id, metrics={"b": 1.0, "a": 2})
    other = record.run(("decide",), pipeline="inference")
    assert record.succeed(other, "decide", effects=[new_batch(other.id)]) == ("fresh/1",)
    judge = record.run(("decide",), pipeline="quality")
    judged = Evaluation("fresh/1", judge.id, digest("t"), 1.0, "ok", "publish", (), {})
    assert record.succeed(judge, "decide", effects=[judged]) == ("fresh/1",)
    assert record.metadata.batches.evaluations("fresh/1") == (judged,)


def test_succeeding_twice_is_succeeding_once(record: Recorder):
    run, lease = record.run(), hold(record)
    first = done(record, run, "train", outputs={"model": digest("m")})
    for again in (first, replace(first, outputs={"model": digest("other")})):
        assert record.metadata.steps.succeed(again, [], [new_version(run.id)], lease) == ("fresh/1",)
    assert record.metadata.steps.all(run.id)["train"] == first
    assert len(record.metadata.versions.list("fresh")) == 1


def test_success_stays(record: Recorder):
    run, lease = record.run(), hold(record)
    record.metadata.steps.succeed(done(record, run, "train"), [], [], lease)
    before = record.metadata.steps.all(run.id)
    with pytest.raises(Conflict, match="has succeeded meanwhile"):
        record.metadata.steps.start(running(record, run, "train"), lease)
    with pytest.raises(Conflict, match="has succeeded meanwhile"):
        record.metadata.steps.end(replace(running(record, run, "train"), status=Status.FAILED), lease)
    assert record.metadata.steps.all(run.id) == before


@pytest.mark.parametrize(
    "broken",
    [
        lambda run: new_version(run, project="nobody"),
        lambda run: new_version(run, metrics={"rmse": float("nan")}),
        lambda run: new_version(run, metrics={"rmse": float("inf")}),
        lambda run: new_batch(run, version=9),
        lambda run: Evaluation("fresh/9", run, digest("t"), 1.0, "ok", "publish", (), {}),
        lambda run: Evaluation(
            "fresh/1", run, digest("t"), 1.0, "ok", "publish", (), {"deep": {"x": float("nan")}}
        ),
    ],
)
def test_a_broken_effect_undoes_everything(record: Recorder, broken):
    record.version()
    record.batch()
    run, lease = record.run(), hold(record)
    step_run = done(record, run, "train", outputs={"out": digest("never seen")})
    good = new_version(run.id)
    with pytest.raises(SpaljeError):
        record.metadata.steps.succeed(step_run, [artifact("never seen")], [good, broken(run.id)], lease)
    assert record.metadata.steps.all(run.id)["train"].status is Status.WAITING
    assert len(record.metadata.versions.list("fresh")) == 1
    assert record.metadata.batches.evaluations("fresh/1") == ()
    with pytest.raises(NotFound):
        record.metadata.lineage.artifact(digest("never seen"))
    assert record.metadata.runs.get(run.id).status is Status.WAITING


def test_numbers_that_are_not_finite_are_named(record: Recorder):
    run = record.run()
    with pytest.raises(BadInput, match="'rmse' of the new version is nan"):
        record.succeed(
            run, "train", effects=[new_version(run.id, metrics={"mae": 1.0, "rmse": float("nan")})]
        )


def test_a_latecomer_is_refused(record: Recorder):
    run = record.run()
    late = record.metadata.leases.acquire("step", "slow", 5, record.now())
    mine = running(record, run, "train")
    record.metadata.steps.start(mine, late)
    record.time += timedelta(seconds=60)
    taken = record.metadata.leases.acquire("step", "quick", 5, record.now())

    def refused() -> None:
        before = record.metadata.steps.all(run.id)
        ended = replace(mine, status=Status.SUCCEEDED, outputs={"x": digest("late")}, ended_at=record.now())
        with pytest.raises(Conflict, match="taken over from slow"):
            record.metadata.steps.succeed(ended, [artifact("late")], [new_version(run.id)], late)
        with pytest.raises(Conflict, match="taken over from slow"):
            record.metadata.steps.start(mine, late)
        with pytest.raises(Conflict, match="taken over from slow"):
            record.metadata.steps.end(replace(mine, status=Status.FAILED), late)
        assert record.metadata.steps.all(run.id) == before
        assert record.metadata.lineage.producers(digest("late")) == ()

    refused()
    assert record.metadata.steps.succeed(done(record, run, "train"), [], [new_version(run.id)], taken) == (
        "fresh/1",
    )
    refused()
    record.metadata.leases.release(taken)
    refused()


def test_a_lease_that_ran_out_but_was_not_taken_still_counts(record: Recorder):
    run = record.run()
    lease = record.metadata.leases.acquire("step", "slow", 5, record.now())
    record.time += timedelta(seconds=60)
    record.metadata.steps.succeed(done(record, run, "train"), [], [], lease)
    assert record.metadata.steps.all(run.id)["train"].status is Status.SUCCEEDED


def test_unknown_step(record: Recorder):
    run, lease = record.run(("train",)), hold(record)
    for step_run in (StepRun(run.id, "trian", "process"), StepRun("fresh/build/9", "train", "process")):
        with pytest.raises(NotFound, match="step of run"):
            record.metadata.steps.start(step_run, lease)
    assert record.metadata.steps.all("fresh/build/9") == {}


def test_find_gives_the_latest_execution_with_the_key(record: Recorder):
    find = record.metadata.steps.find
    assert find("fresh", "k") is None
    first, second, third = record.run(("a",)), record.run(("other", "b")), record.run(("a",))
    record.succeed(second, "b", outputs={"out": digest("2")}, key="k")
    record.succeed(first, "a", outputs={"out": digest("1")}, key="k")
    assert (
        find("fresh", "k") == record.metadata.steps.all(second.id)["b"]
    )  # the later run, whoever ended last
    record.succeed(third, "a", outputs={"out": digest("2")}, key="k", reused_from=second.id)
    assert find("fresh", "k").run == second.id  # what was reused is not an execution
    assert find("fresh", "other") is None


def test_find_keeps_to_the_project_and_to_successes(record: Recorder):
    record.project("dairy")
    run, lease = record.run(("a", "b")), hold(record)
    record.metadata.steps.start(running(record, run, "a", key="k"), lease)
    record.metadata.steps.end(replace(running(record, run, "b", key="k"), status=Status.FAILED), lease)
    assert record.metadata.steps.find("fresh", "k") is None
    record.succeed(record.run(("a",), project="dairy"), "a", key="k")
    assert record.metadata.steps.find("fresh", "k") is None
    assert record.metadata.steps.find("dairy", "k").run == "dairy/build/1"
