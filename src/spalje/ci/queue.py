"""The queue of a project's CI: what is put into it, and that somebody works on it."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from spalje.ci.patience import hold_patiently, insist
from spalje.ci.push import PushedBranch, job_of
from spalje.errors import SpaljeError
from spalje.execution.lease import Heartbeat
from spalje.execution.order import Order
from spalje.execution.owner import alive
from spalje.lineage.run import Run
from spalje.project.hook import Role
from spalje.registry.ci_job import Job, NewJob
from spalje.storage.metadata import Metadata

#: How long another process may take to record the runs of a project, seconds: its inputs are copied then.
PATIENCE_S = 600.0
#: How long it is tried to record a push when the database is busy, seconds: Git tells of it once.
BUSY_S = 60.0
#: So many projects' queues are worked on at a time; the others wait for one of these workers.
MOST = os.cpu_count() or 1


def lease_of(project: str) -> str:
    """The lease of whoever works on a project's queue."""
    return f"ci/{project}"


@dataclass(frozen=True, slots=True)
class Queue:
    """The queues of all projects. They live in the metadata; this is how they are filled.

    Attributes:
        metadata: where they are.
        heartbeat: holds leases for this process.
        message: the message of a commit: (repository, hash) -> text.
        record: records a run, see ``spalje.execution.start.Starter.start_or_record``.
        start_worker: starts a process that works on a project's queue.
        clock: gives the time, UTC.
        most: how many projects' queues are worked on at a time, about.
    """

    metadata: Metadata
    heartbeat: Heartbeat
    message: Callable[[str, str], str]
    record: Callable[[Order], Run]
    start_worker: Callable[[str], None]
    clock: Callable[[], datetime]
    most: int = MOST

    def push(
        self, project: str, repository: Role, branches: Iterable[PushedBranch], by: str
    ) -> tuple[Job, ...]:
        """Queue what a push to a repository in the workspace asks for, and see that somebody works on it.

        The runs of builds are recorded at once, in the order of the queue, so that they can be followed.

        Returns:
            The jobs as they stand, in the order of the branches.

        Raises:
            NotFound: there is no such project.
        """
        found = self.metadata.projects.get(project)
        place = found.build_repository if repository == "build" else found.deploy_repository
        new = [job_of(project, repository, one, self._message(place, one.commit), by) for one in branches]
        jobs = insist(lambda: self.metadata.jobs.add(new, self.clock()), BUSY_S)
        try:
            if any(job.what == "build" and not job.status.ended for job in jobs):
                self._record_runs(project)
        finally:
            self.see_to(project)
        return tuple(self.metadata.jobs.get(job.sequence) for job in jobs)

    def add(self, jobs: Iterable[NewJob]) -> tuple[Job, ...]:
        """Queue jobs, and see that somebody works on them.

        Raises:
            NotFound: there is no such project.
        """
        added = self.metadata.jobs.add(jobs, self.clock())
        for project in sorted({job.project for job in added}):
            self.see_to(project)
        return added

    def see_to(self, project: str) -> None:
        """Start a worker where there is work, nobody alive does it, and not too many are at work.

        Whoever is alive looks again after giving a lease back, here and then elsewhere: what was queued before this
        look is not lost.
        """
        if self.metadata.jobs.open(project) and self.worker(project) is None and not self.crowded():
            self.start_worker(project)

    def crowded(self) -> bool:
        """Whether as many are at work as may be: each of them will look for what waits before it ends."""
        waiting = {job.project for job in self.metadata.jobs.open()}
        return sum(self.worker(name) is not None for name in waiting) >= self.most

    def unattended(self) -> str | None:
        """The project whose oldest job has waited longest with nobody at work on its queue; None: there is none."""
        waiting = dict.fromkeys(job.project for job in self.metadata.jobs.open())
        return next((name for name in waiting if self.worker(name) is None), None)

    def worker(self, project: str) -> str | None:
        """Who works on a project's queue now, as a lease says it; None: nobody."""
        holder = self.metadata.leases.holder(lease_of(project))
        return holder.owner if holder is not None and alive(holder.owner) else None

    def run_of(self, job: Job) -> Run:
        """The run of a job that builds, recorded if it is not yet.

        Raises:
            Conflict: another process kept the project's runs for too long.
            SpaljeError: the commit cannot be found.
        """
        if job.run is not None:
            return self.metadata.runs.get(job.run)
        with hold_patiently(self.heartbeat, f"{lease_of(job.project)}/runs", PATIENCE_S):
            return self._run_of(self.metadata.jobs.get(job.sequence))

    def _record_runs(self, project: str) -> None:
        """Record the runs of all jobs that have none yet, oldest first, so that numbers rise as jobs do."""
        with hold_patiently(self.heartbeat, f"{lease_of(project)}/runs", PATIENCE_S):
            for job in self.metadata.jobs.open(project):
                if job.what == "build" and job.run is None:
                    try:
                        self._run_of(job)
                    except SpaljeError:
                        continue

    def _run_of(self, job: Job) -> Run:
        if job.run is None:
            run = self._left_behind(job) or self.record(
                Order(job.project, "build", job.ordered_by, ref=job.commit, trigger="push")
            )
            job = self.metadata.jobs.link(job.sequence, run.id)
        return self.metadata.runs.get(str(job.run))

    def _left_behind(self, job: Job) -> Run | None:
        """The run that was recorded for the job by a process that died before it could say so."""
        linked = {one.run for one in self.metadata.jobs.list(job.project, limit=200)}
        runs = self.metadata.runs.list(project=job.project, pipeline="build", limit=50)
        return next(
            (
                run
                for run in reversed(runs)
                if run.commit == job.commit and run.trigger == "push" and run.id not in linked
                and run.created_at >= job.ordered_at
            ),
            None,
        )  # fmt: skip

    def _message(self, repository: str, commit: str) -> str | None:
        try:
            return self.message(repository, commit)
        except SpaljeError:
            return None
