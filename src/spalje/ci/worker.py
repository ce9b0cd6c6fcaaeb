"""The worker: does a project's jobs one after the other, each to its end, and ends when there are none."""

import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from spalje.ci.patience import is_free
from spalje.ci.push import skip_mark
from spalje.ci.queue import Queue, lease_of
from spalje.ci.repository_tests import RepositoryTests
from spalje.errors import Conflict, SpaljeError
from spalje.execution.commit import Commit
from spalje.execution.lease import Heartbeat
from spalje.lineage.run import Run, Status
from spalje.registry.ci_job import Job, JobStatus
from spalje.storage.metadata import Metadata

#: So often the execution of a run is tried when the process that executes it ends without an answer.
TRIES = 3


@dataclass(frozen=True, slots=True)
class Worker:
    """Works on one project's queue at a time, under the lease ``ci/<project>``.

    Attributes:
        metadata: where the queues are.
        heartbeat: holds leases for this process.
        queue: records the runs of builds.
        checkout: the commit of a repository: (repository, hash) -> files.
        message: the message of a commit: (repository, hash) -> text.
        pipelines: compiles the recipe at a commit: its pipelines' names.
        tests: runs a repository's tests.
        execute: executes what is left of a run in a process of its own, and waits for its end.
        tell: tells people of a run that has ended.
        clock: gives the time, UTC.
        logs: the folder of the jobs' logs.
        pause: waits so many seconds.
    """

    metadata: Metadata
    heartbeat: Heartbeat
    queue: Queue
    checkout: Callable[[str, str], Commit]
    message: Callable[[str, str], str]
    pipelines: Callable[[Commit], Sequence[str]]
    tests: RepositoryTests
    execute: Callable[[Run], object]
    tell: Callable[[Run], None]
    clock: Callable[[], datetime]
    logs: Path
    pause: Callable[[float], None] = time.sleep

    def work(self, project: str) -> int:
        """Do the project's jobs until there are none, or somebody else does them.

        After giving the lease back it is looked again: who queued a job meanwhile has seen us alive and left it to us.

        Returns:
            How many jobs have ended here.
        """
        ended = 0
        while self.metadata.jobs.open(project):
            try:
                with self.heartbeat.hold(lease_of(project)) as lease:
                    while job := self.metadata.jobs.take(project, lease, self.clock()):
                        status, said = self._do(job)
                        self.metadata.jobs.finish(job.sequence, status, said, lease, self.clock())
                        ended += 1
            except Conflict:
                if self.queue.worker(project) is not None:
                    return ended
                self.pause(0.5)  # the database was busy: the job is taken again
        return ended

    def serve(self, project: str) -> int:
        """Do the project's jobs, then what waits in other queues with nobody at work on it; see ``Queue.see_to``.

        Returns:
            How many jobs of the project have ended here; none where enough others are at work already.
        """
        if self.queue.crowded():
            return 0
        ended = self.work(project)
        while waiting := self.queue.unattended():
            self.work(waiting)
        return ended

    def log_of(self, job: Job) -> Path:
        """What was printed while a job was done."""
        return self.logs / job.project / f"{job.sequence}.log"

    def _do(self, job: Job) -> tuple[JobStatus, str]:
        """Do a job; whatever goes wrong with it is its own failure, and the next one's turn comes."""
        self.log_of(job).parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._work(job)
        except SpaljeError as error:
            said = "\n".join(part for part in (str(error), getattr(error, "log", ""), error.do) if part)
        except Exception as error:  # noqa: BLE001  one job must not stop those behind it
            traceback.print_exc(file=sys.stderr)
            said = f"Something unforeseen went wrong: {type(error).__name__}: {error}"
        self._fail_run(job, said)
        return JobStatus.FAILED, said

    def _work(self, job: Job) -> tuple[JobStatus, str]:
        project = self.metadata.projects.get(job.project)
        place = project.build_repository if job.repository == "build" else project.deploy_repository
        commit = self.checkout(place, job.commit)
        if job.run is None and job.what != "promotion":
            mark = skip_mark(self.message(place, job.commit))
            if mark is not None:
                return JobStatus.SKIPPED, f"The commit's message says {mark}."
        run = self.queue.run_of(job) if job.what == "build" else None
        if run is not None and run.status.ended:
            return self._concluded(run)
        if run is not None and run.status is Status.RUNNING:  # its tests passed, then our predecessor died
            return self._concluded(self._execute(run))
        said = self.tests.run(commit.folder, self.log_of(job))
        if run is not None:
            return self._concluded(self._execute(run), said)
        if job.what == "tests":
            return JobStatus.SUCCEEDED, said
        said = f"{said} It compiles: {', '.join(self.pipelines(commit))}."
        return JobStatus.SUCCEEDED, f"{said} {self._serving(job)}" if job.what == "promotion" else said

    def _execute(self, run: Run) -> Run:
        """See a run to its end, whoever executes it."""
        tries = 0
        while not run.status.ended:
            if is_free(self.heartbeat, f"pipeline/{run.project}/{run.pipeline}"):
                if tries == TRIES:
                    raise SpaljeError(
                        f"The process that executes {run.id} ended {TRIES} times without an answer.",
                        do=f"Read what it printed: runs/{run.id}/runner.log in the workspace.",
                    )
                tries += 1
                self.execute(run)
            else:
                self.pause(0.5)
            run = self.metadata.runs.get(run.id)
        return run

    def _concluded(self, run: Run, said: str = "") -> tuple[JobStatus, str]:
        if run.status is Status.SUCCEEDED:
            return JobStatus.SUCCEEDED, f"{said} {run.id} succeeded.".strip()
        self.tell(run)
        return JobStatus.FAILED, f"{run.id} {run.status}: {run.error}"

    def _fail_run(self, job: Job, said: str) -> None:
        """The run of a job that failed before it was executed has failed, and people are told."""
        linked = self.metadata.jobs.get(job.sequence).run
        if linked is None or self.metadata.runs.get(linked).status.ended:
            return
        self.tell(self.metadata.runs.finish(linked, Status.FAILED, said, self.clock()))

    def _serving(self, job: Job) -> str:
        serving = self.metadata.versions.latest_approved(job.project)
        if serving is None:
            return "No version is approved now: inference is refused."
        return f"Batches are predicted with {serving.id} now."
