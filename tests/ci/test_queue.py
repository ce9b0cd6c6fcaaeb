"""Whatever happens at the same time, every job is done once, in order, and none is forgotten."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recorder import Recorder

sys.path.insert(0, str(Path(__file__).parent))
from interleaving import Actor, Stage, Watched

from spalje.ci.push import PushedBranch
from spalje.ci.queue import Queue
from spalje.ci.worker import Worker
from spalje.errors import Conflict
from spalje.execution.commit import Commit
from spalje.execution.lease import Heartbeat
from spalje.lineage.run import NewRun, Status
from spalje.registry.ci_job import NewJob

#: One program for a while, then another; now and then one is killed.
CHOICES = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 4), st.integers(1, 25)).map(lambda pair: [pair[0]] * pair[1]),
        st.integers(-5, -1).map(lambda choice: [choice]),
    ),
    max_size=16,
).map(lambda bursts: [choice for burst in bursts for choice in burst])
NUMBERS = count(1)


class Nothing:
    """Tests that take a while and are fine."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor

    def run(self, source: Path, log: Path) -> str:
        self.actor.stop()
        return "Fine."


class Ci:
    """The CI of projects: hooks and workers as the real ones, on real metadata."""

    def __init__(self, record: Recorder, folder: Path, projects: int = 1, most: int = 9) -> None:
        self.record, self.folder, self.stage, self.most = record, folder, Stage(), most
        self.projects = [f"project-{next(NUMBERS)}" for _ in range(projects)]
        self.project = self.projects[0]
        self.finished: list[int] = []
        for project in self.projects:
            record.project(project)

    def _told(self, name: str, words: tuple) -> None:
        if name == "finish" and isinstance(words[0], int):
            self.finished.append(words[0])

    def _queue(self, actor: Actor) -> Queue:
        metadata = Watched(self.record.metadata, actor, self._told)
        heartbeat = Heartbeat(metadata, actor.name, 3600, self.record.now)
        heartbeat._stop.set()

        def record_run(order) -> object:
            new = NewRun(order.project, "build", "{}", (), "", order.ref, "", order.trigger, order.by)
            return metadata.runs.create(new, self.record.now())

        return Queue(
            metadata, heartbeat, lambda *_: "Change", record_run, self.worker, self.record.now, self.most
        )

    def push(self, commit: str, project: str | None = None) -> None:
        def program(actor: Actor) -> None:
            self._queue(actor).push(project or self.project, "build", [PushedBranch("main", commit)], "eva")

        self.stage.enter("hook", program)

    def worker(self, project: str | None = None) -> None:
        def program(actor: Actor) -> None:
            queue = self._queue(actor)

            def execute(run) -> None:
                queue.metadata.runs.finish(run.id, Status.SUCCEEDED, None, self.record.now())

            Worker(
                queue.metadata, queue.heartbeat, queue, lambda place, sha: Commit(place, sha, "", self.folder), queue.message,
                lambda _: ("build",), Nothing(actor), execute, lambda _: None, self.record.now, self.folder, lambda _: None,
            ).serve(project or self.project)  # fmt: skip

        self.stage.enter("worker", program)


@pytest.fixture
def ci(record: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ci]:
    def make(**more: int) -> Ci:
        made = Ci(record, tmp_path, **more)
        for module in ("spalje.execution.lease", "spalje.ci.queue"):
            monkeypatch.setattr(f"{module}.alive", made.stage.alive)
        monkeypatch.setattr("spalje.ci.patience.time.sleep", lambda _: None)
        return made

    return make


def check(made: Ci, pushes: int) -> None:
    """What holds at the end of every play."""
    assert [actor.failure for actor in made.stage.actors if actor.failure] == []
    metadata = made.record.metadata
    if made.stage.dead:  # what the killed have left is taken up by the next push, or by hand
        made.worker()
        made.stage.play(iter(()))
    else:
        assert len(metadata.jobs.list(made.project)) == pushes
    assert metadata.jobs.open(made.project) == ()
    jobs = metadata.jobs.list(made.project)[::-1]
    assert made.finished == [job.sequence for job in jobs], "each once, in the order of the queue"
    assert [job.status for job in jobs] == ["succeeded"] * len(jobs)
    assert [job.run for job in jobs] == [f"{made.project}/build/{n + 1}" for n in range(len(jobs))]
    runs = metadata.runs.list(project=made.project)[::-1]
    assert [(run.commit, run.status) for run in runs] == [(job.commit, "succeeded") for job in jobs]


@given(pushes=st.integers(1, 3), choices=CHOICES)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
def test_every_push_ends_once_and_in_order(ci, pushes: int, choices: list[int]) -> None:
    made = ci()
    for number in range(pushes):
        made.push(f"{number:040x}")
    made.stage.play(iter(choices))
    check(made, pushes)


@given(choices=CHOICES.map(lambda bursts: [abs(choice) for choice in bursts]), most=st.integers(1, 3))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
def test_few_workers_see_to_the_pushes_of_many_projects(ci, choices: list[int], most: int) -> None:
    made = ci(projects=4, most=most)
    for project in made.projects:
        made.push("a" * 40, project)
    made.stage.play(iter(choices))
    assert [actor.failure for actor in made.stage.actors if actor.failure] == []
    jobs = [made.record.metadata.jobs.list(project) for project in made.projects]
    assert [job.status for of_project in jobs for job in of_project] == ["succeeded"] * 4
    assert sorted(made.finished) == sorted(job.sequence for of_project in jobs for job in of_project)


def test_no_more_work_at_a_time_than_may(ci) -> None:
    """Two workers hold their projects' leases; what is pushed to two more is left to them."""
    made = ci(projects=4, most=2)
    for project in made.projects:
        made.push("a" * 40, project)
        hook = made.stage.actors[-1]
        while not hook.ended:
            hook.turn()
        started = made.stage.actors[-1]
        while started is not hook and made.record.metadata.leases.holder(f"ci/{project}") is None:
            started.turn()
    assert [actor.name for actor in made.stage.going()] == ["worker-1", "worker-3"]
    made.stage.play(iter(()))
    assert made.record.metadata.jobs.open() == ()
    assert len(made.finished) == 4


@pytest.mark.parametrize("killed", [False, True])
def test_a_push_at_any_moment_of_the_worker_is_not_forgotten(ci, killed: bool) -> None:
    """Also when it comes between the worker's last look and its end."""
    moment = 0
    while True:
        made = ci()
        made.push("a" * 40)
        hook = made.stage.actors[0]
        while not hook.ended:
            hook.turn()
        worker = made.stage.actors[1]
        for _ in range(moment):
            if not worker.ended:
                worker.turn()
        if worker.ended:
            break
        if killed:
            made.stage.dead.add(worker.name)
            worker.kill()
        made.push("b" * 40)
        second = made.stage.actors[2]
        while not second.ended:
            second.turn()
        made.stage.play(iter(()))
        assert made.record.metadata.jobs.open(made.project) == ()
        check(made, 2)
        moment += 1
    assert moment > 8


def test_what_is_unforeseen_fails_its_job_and_no_other(ci) -> None:
    made = ci()
    made.push("a" * 40)
    made.push("b" * 40)
    real = Nothing.run
    calls = iter((True, False))

    def falls(self, source: Path, log: Path) -> str:
        if next(calls):
            raise ZeroDivisionError("a slip of ours")
        return real(self, source, log)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Nothing, "run", falls)
        made.stage.play(iter(()))
    one, two = made.record.metadata.jobs.list(made.project)[::-1]
    assert (one.status, "ZeroDivisionError: a slip of ours" in one.said) == ("failed", True)
    run = made.record.metadata.runs.get(one.run)
    assert (run.status, run.error) == ("failed", one.said)
    assert two.status == "succeeded"


def test_a_mark_in_the_message_skips_what_came_through_a_webhook(ci) -> None:
    """The host did not say the message: the worker reads it."""
    made = ci()

    made.record.metadata.jobs.add(
        [NewJob(made.project, "build", "build", "main", "c" * 40, "nils")], datetime(2026, 3, 1, tzinfo=UTC)
    )
    real = Ci._queue

    def marked(self, actor: Actor) -> Queue:
        queue = real(self, actor)
        object.__setattr__(queue, "message", lambda *_: "Mend a word [no ci]")
        return queue

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Ci, "_queue", marked)
        made.worker()
        made.stage.play(iter(()))
    (job,) = made.record.metadata.jobs.list(made.project)
    assert (job.status, job.said, job.run) == ("skipped", "The commit's message says [no ci].", None)


def _begun(made: Ci) -> str:
    """A job whose run was begun by a worker that died."""
    metadata = made.record.metadata
    (job,) = metadata.jobs.add(
        [NewJob(made.project, "build", "build", "main", "c" * 40, "nils")], made.record.now()
    )
    new = NewRun(made.project, "build", "{}", (), "", "c" * 40, "", "push", "nils")
    run = metadata.runs.create(new, made.record.now()).id
    metadata.jobs.link(job.sequence, run)
    metadata.runs.reopen(run)
    return run


def _worker(made: Ci, execute, pause=lambda _: None) -> Worker:
    metadata = made.record.metadata
    heartbeat = Heartbeat(metadata, "us", 3600, made.record.now)
    queue = Queue(metadata, heartbeat, lambda *_: "", pytest.fail, pytest.fail, made.record.now)

    class NoTests:
        def run(self, source: Path, log: Path) -> str:
            raise AssertionError("they have passed")

    return Worker(
        metadata, heartbeat, queue, lambda place, sha: Commit(place, sha, "", made.folder), lambda *_: "",
        lambda _: (), NoTests(), execute, lambda _: None, made.record.now, made.folder, pause,
    )  # fmt: skip


def test_a_run_that_somebody_still_executes_is_waited_for(ci) -> None:
    """The worker was killed, the process that executes the run was not."""
    made = ci()
    run = _begun(made)
    metadata = made.record.metadata
    held = metadata.leases.acquire(f"pipeline/{made.project}/build", "the left one", 3600, made.record.now())
    pauses = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            metadata.runs.finish(run, Status.SUCCEEDED, None, made.record.now())
            metadata.leases.release(held)

    assert _worker(made, pytest.fail, pause).work(made.project) == 1
    (job,) = metadata.jobs.list(made.project)
    assert (job.status, job.said, len(pauses)) == ("succeeded", f"{run} succeeded.", 3)


def test_a_run_whose_executing_ends_without_an_answer_is_given_up(ci) -> None:
    made = ci()
    run, tried = _begun(made), []
    assert _worker(made, tried.append).work(made.project) == 1
    metadata = made.record.metadata
    (job,) = metadata.jobs.list(made.project)
    assert (job.status, len(tried), metadata.runs.get(run).status) == ("failed", 3, "failed")
    assert "ended 3 times without an answer" in job.said


def test_a_push_is_recorded_also_when_the_database_is_busy_for_a_while(ci) -> None:
    made = ci()
    real, busy = type(made.record.metadata.jobs).add, [True, True, False]

    def add(self, jobs, now):
        if busy.pop(0):
            raise Conflict("busy")
        return real(self, jobs, now)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("spalje.storage.metadata.ci_job_store.CiJobStore.add", add)
        made.push("a" * 40)
        made.stage.play(iter(()))
    check(made, 1)
