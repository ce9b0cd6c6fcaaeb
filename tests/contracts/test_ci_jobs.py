"""What every store of jobs and of deliveries keeps to."""

import json
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
from recorder import Recorder

from spalje.errors import Conflict, NotFound
from spalje.lineage.lease import Lease
from spalje.registry.ci_job import JobStatus, NewJob

NEW = NewJob("fresh", "build", "build", "main", "c" * 40, "eva")
SKIPPED = replace(NEW, status=JobStatus.SKIPPED, said="The commit's message says [skip ci].")


def lease(record: Recorder, owner: str = "host:1", seconds: float = 30) -> Lease:
    return record.metadata.leases.acquire("ci/fresh", owner, seconds, record.now())


def test_what_is_queued_comes_back_as_it_was(record: Recorder):
    at = record.now()
    waiting, skipped = record.metadata.jobs.add([NEW, SKIPPED], at)
    assert (waiting.sequence, waiting.status, waiting.run, waiting.ended_at) == (
        1,
        JobStatus.WAITING,
        None,
        None,
    )
    assert (skipped.sequence, skipped.status, skipped.said, skipped.ended_at) == (
        2,
        "skipped",
        SKIPPED.said,
        at,
    )
    assert record.metadata.jobs.get(1) == waiting
    assert record.metadata.jobs.list() == (skipped, waiting)
    assert record.metadata.jobs.open() == record.metadata.jobs.open("fresh") == (waiting,)
    assert record.metadata.jobs.list("dairy") == record.metadata.jobs.open("dairy") == ()
    assert record.metadata.jobs.list(limit=1) == (skipped,)


def test_what_is_not_there(record: Recorder):
    jobs = record.metadata.jobs
    for ask in (lambda: jobs.get(1), lambda: jobs.link(1, "fresh/build/1"), lambda: jobs.add([replace(NEW, project="no")], record.now())):  # fmt: skip
        with pytest.raises(NotFound):
            ask()
    jobs.add([NEW], record.now())
    with pytest.raises(NotFound):
        jobs.add([NEW, replace(NEW, project="no")], record.now())
    assert len(jobs.list()) == 1, "all of them or none"


def test_jobs_are_taken_in_order_one_project_at_a_time(record: Recorder):
    record.project("dairy")
    jobs, held = record.metadata.jobs, lease(record)
    jobs.add([replace(NEW, commit="a" * 40), SKIPPED, replace(NEW, project="dairy"), NEW], record.now())
    for sequence in (1, 4):
        at = record.now()
        job = jobs.take("fresh", held, at)
        assert (job.sequence, job.status, job.started_at) == (sequence, JobStatus.RUNNING, at)
        done = jobs.finish(sequence, JobStatus.SUCCEEDED, "Well.", held, record.now())
        assert (done.status, done.said, done.ended_at) == ("succeeded", "Well.", record.time)
    assert jobs.take("fresh", held, record.now()) is None
    assert [job.project for job in jobs.open()] == ["dairy"]


def test_a_job_ends_once(record: Recorder):
    jobs, held = record.metadata.jobs, lease(record)
    jobs.add([NEW], record.now())
    with pytest.raises(Conflict, match="waiting"):
        jobs.finish(1, JobStatus.SUCCEEDED, "", held, record.now())
    jobs.take("fresh", held, record.now())
    jobs.finish(1, JobStatus.FAILED, "It fell.", held, record.now())
    with pytest.raises(Conflict, match="failed"):
        jobs.finish(1, JobStatus.SUCCEEDED, "", held, record.now())
    assert jobs.get(1).said == "It fell."


def test_who_lost_the_lease_neither_takes_nor_ends(record: Recorder):
    jobs, lost = record.metadata.jobs, lease(record, seconds=0.5)
    jobs.add([NEW], record.now())
    jobs.take("fresh", lost, record.now())
    held = lease(record, "host:2")
    for late in (
        lambda: jobs.take("fresh", lost, record.now()),
        lambda: jobs.finish(1, JobStatus.SUCCEEDED, "late", lost, record.now()),
    ):
        with pytest.raises(Conflict):
            late()
    again = jobs.take("fresh", held, record.now())
    assert (again.sequence, again.status) == (1, JobStatus.RUNNING), "what was left is given again"
    assert jobs.finish(1, JobStatus.SUCCEEDED, "in time", held, record.now()).said == "in time"


def test_the_first_run_of_a_job_stays(record: Recorder):
    record.metadata.jobs.add([NEW], record.now())
    assert record.metadata.jobs.link(1, "fresh/build/1").run == "fresh/build/1"
    assert record.metadata.jobs.link(1, "fresh/build/2").run == "fresh/build/1"


def test_once_is_once_for_a_commit_of_a_repository(record: Recorder):
    jobs, once = record.metadata.jobs, replace(NEW, what="tests", branch="try", once=True)
    jobs.add([SKIPPED], record.now())
    assert len(jobs.add([once, once], record.now())) == 1, "what was skipped does not count"
    assert jobs.add([once], record.now()) == ()
    assert len(jobs.add([replace(once, repository="deploy"), NEW], record.now())) == 2


def test_a_delivery_is_taken_once_by_any_of_its_names(record: Recorder):
    webhooks = record.metadata.webhooks
    assert [job.sequence for job in webhooks.take("hub", ["id:1", "sha:1"], "push", [NEW], record.now())] == [
        1
    ]
    for names in (["id:1", "sha:1"], ["id:1", "sha:2"], ["id:2", "sha:1"]):
        assert webhooks.take("hub", names, "push", [NEW], record.now()) is None
    assert webhooks.take("hub", ["id:2", "sha:2"], "ping", [], record.now()) == (), (
        "nothing of a refused one stays"
    )
    assert len(webhooks.take("lab", ["id:1", "sha:1"], "push", [NEW], record.now())) == 1
    assert len(record.metadata.jobs.list()) == 2


def test_a_delivery_and_its_jobs_are_recorded_together(record: Recorder):
    webhooks = record.metadata.webhooks
    with pytest.raises(NotFound):
        webhooks.take("hub", ["id:1"], "push", [NEW, replace(NEW, project="no")], record.now())
    assert record.metadata.jobs.list() == ()
    assert len(webhooks.take("hub", ["id:1"], "push", [NEW], record.now())) == 1, "it can be delivered again"


TAKING = """
    import json, sys
    from datetime import UTC, datetime
    from spalje.registry.ci_job import NewJob
    from spalje.storage.metadata import open_metadata

    store = open_metadata(sys.argv[1]).webhooks
    new = NewJob("fresh", "build", "build", "main", "c" * 40, "eva")
    print("ready", flush=True)
    sys.stdin.readline()
    now = datetime(2026, 3, 2, 6, tzinfo=UTC)
    print(json.dumps([store.take("hub", [f"id:{n}"], "push", [new], now) is not None for n in range(30)]))
"""


def test_two_processes_at_once_never_take_the_same(record: Recorder, tmp_path: Path):
    words = [sys.executable, "-c", textwrap.dedent(TAKING), f"sqlite:///{tmp_path / 'metadata.db'}"]
    processes = [
        subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    taken = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    assert [sum(both) for both in zip(*taken, strict=True)] == [1] * 30
    assert len(record.metadata.jobs.list()) == 30
