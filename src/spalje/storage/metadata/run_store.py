"""Runs, recorded."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, null, select, update

from spalje.errors import NotFound, Refused
from spalje.lineage.run import NewRun, Run, Status
from spalje.storage.metadata.artifact_rows import add_artifacts
from spalje.storage.metadata.database import Database
from spalje.storage.metadata.project_store import lock_project
from spalje.storage.metadata.tables import run as table
from spalje.storage.metadata.tables import run_input, step_run

_ONE = select(table).where(table.c.id == bindparam("run"))
_BY_KEY = select(table).where(table.c.key == bindparam("wanted"))
_INPUTS = select(run_input).where(run_input.c.run.in_(bindparam("runs", expanding=True)))
_LAST = select(func.max(table.c.number)).where(
    table.c.project == bindparam("project"), table.c.pipeline == bindparam("pipeline")
)
_FINISH = (
    update(table)
    .where(table.c.id == bindparam("run"), table.c.status.in_((Status.WAITING, Status.RUNNING)))
    .values(status=bindparam("to"), error=bindparam("why"), ended_at=bindparam("at"))
)
_BEGIN = (
    update(table)
    .where(table.c.id == bindparam("run"), table.c.status == Status.WAITING)
    .values(status=Status.RUNNING)
)
_REOPEN = (
    update(table)
    .where(table.c.id == bindparam("run"))
    .values(status=Status.RUNNING, error=null(), ended_at=null())
)
_REOPEN_STEPS = (
    update(step_run)
    .where(
        step_run.c.run == bindparam("of"),
        step_run.c.status.in_((Status.FAILED, Status.CANCELLED, Status.RUNNING)),
    )
    .values(status=Status.WAITING, error=null(), started_at=null(), ended_at=null())
)


@dataclass(frozen=True, slots=True)
class RunStore:
    """The runs of all projects."""

    database: Database

    def create(self, new: NewRun, now: datetime) -> Run:
        """Record a run and its waiting steps; its number is the next of its pipeline.

        A run without a definition (its recipe did not compile) has failed already. Where a run has the new one's
        key, nothing is recorded, and it is that run.

        Raises:
            NotFound: there is no such project.
        """
        failed = new.definition is None
        with self.database.write() as connection:
            lock_project(connection, new.project)
            if new.key is not None and (known := _keyed(connection, new.key)):
                return known
            names = {"project": new.project, "pipeline": new.pipeline}
            number = (connection.execute(_LAST, names).scalar() or 0) + 1
            run = Run(
                project=new.project,
                pipeline=new.pipeline,
                number=number,
                definition=new.definition,
                repository=new.repository,
                commit=new.commit,
                author=new.author,
                trigger=new.trigger,
                started_by=new.started_by,
                parameters=dict(new.parameters),
                inputs=dict(new.inputs),
                version=new.version,
                batch=new.batch,
                status=Status.FAILED if failed else Status.WAITING,
                created_at=now,
                ended_at=now if failed else None,
                error=new.error,
                key=new.key,
                link=new.link,
            )
            connection.execute(insert(table), _row(run))
            steps = [
                {"run": run.id, "step": step, "kind": kind, "position": place, "status": Status.WAITING}
                for place, (step, kind) in enumerate(new.steps)
            ]
            inputs = [{"run": run.id, "name": name, "digest": digest} for name, digest in new.inputs.items()]
            if steps:
                connection.execute(insert(step_run), steps)
            if inputs:
                connection.execute(insert(run_input), inputs)
            add_artifacts(connection, new.artifacts)
        return run

    def get(self, run_id: str) -> Run:
        """The run of that id, ``<project>/<pipeline>/<number>``.

        Raises:
            NotFound: there is none.
        """
        with self.database.read() as connection:
            return _get(connection, run_id)

    def keyed(self, key: str) -> Run | None:
        """The run of that key; None when there is none."""
        with self.database.read() as connection:
            return _keyed(connection, key)

    def list(
        self,
        project: str | None = None,
        pipeline: str | None = None,
        status: Status | None = None,
        limit: int = 50,
    ) -> tuple[Run, ...]:
        """Runs, newest first; of one project, pipeline or status where these are given."""
        wanted = select(table).order_by(table.c.sequence.desc()).limit(limit)
        for column, value in (
            (table.c.project, project),
            (table.c.pipeline, pipeline),
            (table.c.status, status),
        ):
            if value is not None:
                wanted = wanted.where(column == value)
        with self.database.read() as connection:
            return _runs(connection, connection.execute(wanted).mappings())

    def finish(self, run_id: str, status: Status, error: str | None, now: datetime) -> Run:
        """Record how a run ended; one that has ended already stays as it is.

        Raises:
            NotFound: there is no such run.
        """
        with self.database.write() as connection:
            connection.execute(_FINISH, {"run": run_id, "to": status, "why": error, "at": now})
            return _get(connection, run_id)

    def reopen(self, run_id: str) -> Run:
        """Make ready to go on: what failed, was cancelled or was left running waits again.

        Raises:
            NotFound: there is no such run.
            Refused: it has succeeded, or has nothing to execute.
        """
        with self.database.write() as connection:
            run = _get(connection, run_id)
            if run.status is Status.SUCCEEDED:
                raise Refused(f"{run_id} has succeeded: nothing of it is left to do.", do="Start a new run.")
            if run.definition is None:
                raise Refused(
                    f"{run_id} has nothing to execute: its recipe did not compile.", do="Mend the recipe."
                )
            connection.execute(_REOPEN, {"run": run_id})
            connection.execute(_REOPEN_STEPS, {"of": run_id})
            return _get(connection, run_id)


def begin_run(connection: Connection, run_id: str) -> None:
    """A waiting run is running from its first step on."""
    connection.execute(_BEGIN, {"run": run_id})


def _keyed(connection: Connection, key: str) -> Run | None:
    found = _runs(connection, connection.execute(_BY_KEY, {"wanted": key}).mappings())
    return found[0] if found else None


def _get(connection: Connection, run_id: str) -> Run:
    found = _runs(connection, connection.execute(_ONE, {"run": run_id}).mappings())
    if not found:
        known = select(table.c.id).order_by(table.c.sequence.desc()).limit(20)
        raise NotFound("run", run_id, connection.execute(known).scalars())
    return found[0]


def _runs(connection: Connection, found: Iterable[Any]) -> tuple[Run, ...]:
    rows = list(found)
    inputs: dict[str, dict[str, str]] = defaultdict(dict)
    if rows:
        for one in connection.execute(_INPUTS, {"runs": [row["id"] for row in rows]}):
            inputs[one.run][one.name] = one.digest
    return tuple(_run(row, inputs[row["id"]]) for row in rows)


def _run(row: Any, inputs: dict[str, str]) -> Run:
    return Run(
        project=row["project"],
        pipeline=row["pipeline"],
        number=row["number"],
        definition=row["definition"],
        repository=row["repository"],
        commit=row["commit_hash"],
        author=row["author"],
        trigger=row["started_for"],
        started_by=row["started_by"],
        parameters=row["parameters"],
        inputs=inputs,
        version=row["version"],
        batch=row["batch"],
        status=Status(row["status"]),
        created_at=row["created_at"],
        ended_at=row["ended_at"],
        error=row["error"],
        key=row["key"],
        link=row["link"],
    )


def _row(run: Run) -> dict[str, Any]:
    return {
        "id": run.id,
        "project": run.project,
        "pipeline": run.pipeline,
        "number": run.number,
        "definition": run.definition,
        "repository": run.repository,
        "commit_hash": run.commit,
        "author": run.author,
        "started_for": run.trigger,
        "started_by": run.started_by,
        "parameters": run.parameters,
        "version": run.version,
        "batch": run.batch,
        "status": run.status,
        "created_at": run.created_at,
        "ended_at": run.ended_at,
        "error": run.error,
        "key": run.key,
        "link": run.link,
    }
