"""Looking around in a real record."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from recorder import Recorder

from spalje.alerts.event import Kind
from spalje.alerts.watch import Watch
from spalje.lineage.run import Status
from spalje.settings import Alerts
from spalje.storage.artifacts import Artifacts
from spalje.storage.metadata.alert_store import KEEP


@pytest.fixture
def watch(record: Recorder, tmp_path: Path) -> Watch:
    return Watch(record.metadata, Artifacts(tmp_path / "artifacts"), Alerts(), lambda owner: owner != "dead")


def test_a_failed_run_that_nobody_was_told_of_is_found_until_a_newer_one_runs(record: Recorder, watch: Watch):
    record.metadata.runs.finish(record.run().id, Status.FAILED, "It fell.", record.now())
    newest = record.metadata.runs.finish(record.run().id, Status.FAILED, "It fell again.", record.now())
    (event,) = watch.left_untold("fresh", record.time)
    assert (event.kind, event.subject) == (Kind.FAILED_RUN, newest.id)
    assert event.identity == watch.ended(newest, record.time)[0].identity
    assert watch.left_untold("fresh", record.time + KEEP + timedelta(days=1)) == ()
    record.run()
    assert watch.left_untold("fresh", record.time) == ()


def test_each_pipeline_speaks_for_itself(record: Recorder, watch: Watch):
    for pipeline in ("build", "inference"):
        record.metadata.runs.finish(record.run(pipeline=pipeline).id, Status.FAILED, "It fell.", record.now())
    assert {event.subject for event in watch.left_untold("fresh", record.time)} == {
        "fresh/build/1",
        "fresh/inference/1",
    }


def test_a_run_whose_process_is_gone_is_found(record: Recorder, watch: Watch):
    run = record.run(("one", "two"))
    record.succeed(run, "one")
    assert record.metadata.runs.get(run.id).status is Status.RUNNING
    assert watch.left_untold("fresh", record.time) == (), "somebody executes it step by step"
    lease = record.metadata.leases.acquire("pipeline/fresh/build", "alive", 30, record.now())
    assert watch.left_untold("fresh", record.time) == ()
    record.metadata.leases.release(lease)
    record.metadata.leases.acquire("pipeline/fresh/build", "dead", 30, record.now())
    (event,) = watch.left_untold("fresh", record.time)
    assert (event.kind, event.subject) == (Kind.FAILED_RUN, run.id)


def test_what_is_overdue_is_held_against_the_settings_of_the_project(record: Recorder, watch: Watch):
    record.version()
    record.batch(first=date(2026, 3, 1), last=date(2026, 3, 1))
    later = record.time + timedelta(days=10)
    assert watch.overdue("fresh", later) == ()
    settings = Alerts.model_validate(
        {
            "base_url": "https://s.example/",
            "projects": {"fresh": {"batch_every_days": 7, "truth_within_days": 3}},
        }
    )
    found = replace(watch, settings=settings).overdue("fresh", later)
    assert [(event.kind, event.link) for event in found] == [
        (Kind.MISSING_TRUTH, "https://s.example/batches/fresh/1")
    ]
    found = replace(watch, settings=settings).overdue("fresh", later + timedelta(days=1))
    assert [event.kind for event in found] == [Kind.MISSING_BATCH, Kind.MISSING_TRUTH]
    assert found[0].link == "https://s.example/projects/fresh"
