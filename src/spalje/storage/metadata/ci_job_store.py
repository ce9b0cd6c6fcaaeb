"""The jobs of CI, recorded: a queue per project that survives whoever works on it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from spalje.errors import Conflict, NotFound
from spalje.lineage.lease import Lease
from spalje.registry.ci_job import Job, JobStatus, NewJob
from spalje.storage.metadata.database import Database
from spalje.storage.metadata.lease_store import fence
from spalje.storage.metadata.project_store import lock_project
from spalje.storage.metadata.tables import ci_job as table

_OPEN = (JobStatus.WAITING, JobStatus.RUNNING)
_ONE = select(table).where(table.c.sequence == bindparam("number"))
_FIRST = (
    select(table)
    .where(table.c.project == bindparam("of"), table.c.status.in_(_OPEN))
    .order_by(table.c.sequence)
    .limit(1)
)
_SAME = (
    select(table.c.sequence)
    .where(
        table.c.project == bindparam("of"),
        table.c.repository == bindparam("in_repository"),
        table.c.commit_hash == bindparam("at_commit"),
        table.c.status != JobStatus.SKIPPED,
    )
    .limit(1)
)
_TAKE = (
    update(table)
    .where(table.c.sequence == bindparam("number"))
    .values(status=JobStatus.RUNNING, started_at=bindparam("now"))
)
_LINK = (
    update(table)
    .where(table.c.sequence == bindparam("number"), table.c.run.is_(None))
    .values(run=bindparam("made"))
)
_FINISH = (
    update(table)
    .where(table.c.sequence == bindparam("number"), table.c.status == JobStatus.RUNNING)
    .values(status=bindparam("to"), said=bindparam("words"), ended_at=bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class CiJobStore:
    """The jobs of all projects. Whoever works on a project's queue holds the lease ``ci/<project>``."""

    database: Database

    def add(self, jobs: Iterable[NewJob], now: datetime) -> tuple[Job, ...]:
        """Put jobs at the end of their projects' queues, all of them or none.

        Returns:
            Those that were recorded, see ``NewJob.once``.

        Raises:
            NotFound: there is no such project.
        """
        with self.database.write() as connection:
            return add_jobs(connection, jobs, now)

    def get(self, sequence: int) -> Job:
        """The job of that number.

        Raises:
            NotFound: there is none.
        """
        with self.database.read() as connection:
            return _get(connection, sequence)

    def list(self, project: str | None = None, limit: int = 50) -> tuple[Job, ...]:
        """Jobs, newest first; of one project where it is given."""
        wanted = select(table).order_by(table.c.sequence.desc()).limit(limit)
        if project is not None:
            wanted = wanted.where(table.c.project == project)
        with self.database.read() as connection:
            return tuple(_job(row) for row in connection.execute(wanted).mappings())

    def open(self, project: str | None = None) -> tuple[Job, ...]:
        """Jobs that have not ended, oldest first; of one project where it is given."""
        wanted = select(table).where(table.c.status.in_(_OPEN)).order_by(table.c.sequence)
        if project is not None:
            wanted = wanted.where(table.c.project == project)
        with self.database.read() as connection:
            return tuple(_job(row) for row in connection.execute(wanted).mappings())

    def take(self, project: str, lease: Lease, now: datetime) -> Job | None:
        """The oldest job of a project that has not ended, now running; None: there is none.

        One that runs already was left by somebody who lost the lease: it is given again.

        Raises:
            Conflict: the lease was lost.
        """
        with self.database.write(durable=False) as connection:
            fence(connection, lease)
            row = connection.execute(_FIRST, {"of": project}).first()
            if row is None:
                return None
            connection.execute(_TAKE, {"number": row.sequence, "now": now})
            return _get(connection, row.sequence)

    def link(self, sequence: int, run: str) -> Job:
        """Say which run a job is about; the first stays.

        Raises:
            NotFound: there is no such job.
        """
        with self.database.write() as connection:
            connection.execute(_LINK, {"number": sequence, "made": run})
            return _get(connection, sequence)

    def finish(self, sequence: int, status: JobStatus, said: str, lease: Lease, now: datetime) -> Job:
        """Record how a running job ended.

        Raises:
            NotFound: there is no such job.
            Conflict: the lease was lost, or the job does not run.
        """
        with self.database.write() as connection:
            fence(connection, lease)
            words = {"number": sequence, "to": status, "words": said, "now": now}
            changed = connection.execute(_FINISH, words).rowcount
            job = _get(connection, sequence)
            if not changed:
                raise Conflict(f"Job {sequence} does not run: it is {job.status}.")
            return job


def add_jobs(connection: Connection, jobs: Iterable[NewJob], now: datetime) -> tuple[Job, ...]:
    """Record jobs within a transaction; see ``CiJobStore.add``."""
    added = []
    for job in jobs:
        lock_project(connection, job.project)
        if job.once and _known(connection, job):
            continue
        done = connection.execute(insert(table), [_row(job, now)])
        added.append(_get(connection, _number(done.inserted_primary_key)))
    return tuple(added)


def _known(connection: Connection, job: NewJob) -> bool:
    same = {"of": job.project, "in_repository": job.repository, "at_commit": job.commit}
    return connection.execute(_SAME, same).first() is not None


def _number(key: Sequence[Any] | None) -> int:
    if key is None:  # pragma: no cover
        raise ValueError("the database did not say which number it gave")
    return int(key[0])


def _get(connection: Connection, sequence: int) -> Job:
    row = connection.execute(_ONE, {"number": sequence}).mappings().first()
    if row is None:
        last = select(table.c.sequence).order_by(table.c.sequence.desc()).limit(20)
        raise NotFound("job", str(sequence), map(str, connection.execute(last).scalars()))
    return _job(row)


def _job(row: Any) -> Job:
    return Job(
        sequence=row["sequence"],
        project=row["project"],
        repository=row["repository"],
        what=row["what"],
        branch=row["branch"],
        commit=row["commit_hash"],
        status=JobStatus(row["status"]),
        run=row["run"],
        said=row["said"],
        ordered_by=row["ordered_by"],
        ordered_at=row["ordered_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
    )


def _row(job: NewJob, now: datetime) -> dict[str, Any]:
    return {
        "project": job.project,
        "repository": job.repository,
        "what": job.what,
        "branch": job.branch,
        "commit_hash": job.commit,
        "status": job.status,
        "run": None,
        "said": job.said,
        "ordered_by": job.ordered_by,
        "ordered_at": now,
        "started_at": None,
        "ended_at": now if job.status.ended else None,
    }
