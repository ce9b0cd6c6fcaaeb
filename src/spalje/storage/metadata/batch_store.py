"""Batches, recorded: published or blocked by a step, released by people, judged when the truth is known."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, insert, select, tuple_, update

from spalje.errors import Conflict, NotFound, Refused
from spalje.registry.batch import Batch, BatchStatus, Evaluation, NewBatch
from spalje.storage.metadata.database import Database
from spalje.storage.metadata.project_store import lock_project
from spalje.storage.metadata.tables import batch as table
from spalje.storage.metadata.tables import batch_artifact, evaluation

_OF_PROJECT = select(table).where(table.c.project == bindparam("of"))
_ONE = _OF_PROJECT.where(table.c.number == bindparam("wanted"))
_LIST = _OF_PROJECT.order_by(table.c.number.desc()).limit(bindparam("count"))
_OUT = _OF_PROJECT.where(table.c.status.in_((BatchStatus.PUBLISHED, BatchStatus.RELEASED))).order_by(
    table.c.number
)
_OUT_DATED = _OUT.where(table.c.first_day <= bindparam("until"), table.c.last_day >= bindparam("since"))
_OUT_UNDATED = _OUT.where(table.c.first_day.is_(None))
_LAST = select(func.max(table.c.number)).where(table.c.project == bindparam("of"))
_EARLIER = (
    select(func.count())
    .select_from(table)
    .where(
        table.c.project == bindparam("of"),
        table.c.first_day.is_not_distinct_from(bindparam("since")),
        table.c.last_day.is_not_distinct_from(bindparam("until")),
    )
)
_ARTIFACTS = (
    select(batch_artifact)
    .where(
        batch_artifact.c.project == bindparam("of"),
        batch_artifact.c.number.in_(bindparam("numbers", expanding=True)),
    )
    .order_by(batch_artifact.c.port)
)
_EVALUATIONS = (
    select(evaluation)
    .where(
        evaluation.c.project == bindparam("of"),
        evaluation.c.batch.in_(bindparam("numbers", expanding=True)),
    )
    .order_by(evaluation.c.sequence)
)
_RELEASE = (
    update(table)
    .where(
        table.c.project == bindparam("of"),
        table.c.number == bindparam("wanted"),
        table.c.status == BatchStatus.BLOCKED,
    )
    .values(
        status=BatchStatus.RELEASED,
        released_by=bindparam("who"),
        release_reason=bindparam("why"),
        released_at=bindparam("at"),
    )
)
_WITH = select(table).where(
    tuple_(table.c.project, table.c.number).in_(
        select(batch_artifact.c.project, batch_artifact.c.number).where(
            batch_artifact.c.digest == bindparam("digest")
        )
    )
)


@dataclass(frozen=True, slots=True)
class BatchStore:
    """The batches of all projects."""

    database: Database

    def get(self, batch_id: str) -> Batch:
        """The batch of that id, ``<project>/<number>``.

        Raises:
            NotFound: there is none.
        """
        with self.database.read() as connection:
            return _get(connection, batch_id)

    def list(self, project: str, limit: int = 50) -> tuple[Batch, ...]:
        """The batches of a project, newest first."""
        return self._select(_LIST, of=project, count=limit)

    def covering(self, project: str, first: date | None, last: date | None) -> tuple[Batch, ...]:
        """The batches that went out and are about a span of dates, oldest first.

        Args:
            project: whose.
            first, last: first and last day, inclusive; None for a project without a time column,
                whose batches are all about the same.

        Returns:
            Published and released batches whose dates overlap; of those about the same dates,
            the newest revision that went out.
        """
        if first is None or last is None:
            found = self._select(_OUT_UNDATED, of=project)
        else:
            found = self._select(_OUT_DATED, of=project, since=first, until=last)
        newest = {(batch.content.first, batch.content.last): batch for batch in found}
        return tuple(sorted(newest.values(), key=lambda batch: batch.number))

    def release(self, batch_id: str, who: str, reason: str, now: datetime) -> Batch:
        """Let a blocked batch go out after all.

        Raises:
            NotFound: there is no such batch.
            Refused: the reason is empty, or the batch was never blocked.
            Conflict: somebody released it first; says who.
        """
        if not reason.strip():
            raise Refused("Releasing a batch needs a reason.", do='Say why: --reason "…".')
        project, number = _split(batch_id)
        with self.database.write() as connection:
            values = {"of": project, "wanted": number, "who": who, "why": reason.strip(), "at": now}
            changed = connection.execute(_RELEASE, values)
            batch = _get(connection, batch_id)
            if changed.rowcount == 1:
                return batch
        if batch.content.status is BatchStatus.RELEASED:
            raise Conflict(f"{batch_id} was released by {batch.released_by} already: {batch.release_reason}")
        raise Refused(f"{batch_id} is {batch.content.status}: only a blocked batch can be released.")

    def evaluations(self, batch_id: str) -> tuple[Evaluation, ...]:
        """What ground truth said about a batch, oldest first.

        Raises:
            NotFound: there is no such batch.
        """
        return self.get(batch_id).evaluations

    def using(self, digest: str) -> tuple[Batch, ...]:
        """The batches that an artifact is part of."""
        return self._select(_WITH, digest=digest)

    def _select(self, statement: Select[Any], **values: Any) -> tuple[Batch, ...]:
        with self.database.read() as connection:
            return _load(connection, connection.execute(statement, values).mappings())


def publish(connection: Connection, content: NewBatch, step: str, now: datetime) -> None:
    """Record a batch with the next number of its project.

    Raises:
        NotFound: there is no such project.
    """
    lock_project(connection, content.project)
    number = (connection.execute(_LAST, {"of": content.project}).scalar() or 0) + 1
    days = {"since": content.first, "until": content.last}
    earlier = connection.execute(_EARLIER, {"of": content.project, **days}).scalar_one()
    connection.execute(
        insert(table),
        {
            "project": content.project,
            "number": number,
            "run": content.run,
            "step": step,
            "version": content.version,
            "first_day": content.first,
            "last_day": content.last,
            "row_count": content.rows,
            "status": content.status,
            "action": content.action,
            "reasons": list(content.reasons),
            "revision": earlier + 1,
            "created_at": now,
        },
    )
    rows = [
        {"project": content.project, "number": number, "port": port, "digest": digest}
        for port, digest in content.artifacts.items()
    ]
    if rows:
        connection.execute(insert(batch_artifact), rows)


def evaluate(connection: Connection, content: Evaluation, step: str, now: datetime) -> None:
    """Record what ground truth said about a batch; earlier evaluations are kept.

    Raises:
        NotFound: there is no such batch.
    """
    batch = _get(connection, content.batch)
    connection.execute(
        insert(evaluation),
        {
            "project": batch.content.project,
            "batch": batch.number,
            "run": content.run,
            "step": step,
            "ground_truth": content.ground_truth,
            "coverage": content.coverage,
            "outcome": content.outcome,
            "action": content.action,
            "reasons": list(content.reasons),
            "metrics": dict(content.metrics),
            "created_at": now,
        },
    )


def _get(connection: Connection, batch_id: str) -> Batch:
    project, number = _split(batch_id)
    found = _load(connection, connection.execute(_ONE, {"of": project, "wanted": number}).mappings())
    if not found:
        known = select(table.c.project, table.c.number).order_by(table.c.number.desc()).limit(20)
        raise NotFound(
            "batch", batch_id, [f"{row.project}/{row.number}" for row in connection.execute(known)]
        )
    return found[0]


def _split(batch_id: str) -> tuple[str, int]:
    project, _, number = batch_id.rpartition("/")
    return project, int(number) if number.isascii() and number.isdigit() and len(number) < 10 else -1


def _load(connection: Connection, found: Iterable[Any]) -> tuple[Batch, ...]:
    """Batches with their artifacts and evaluations, in the order of their rows."""
    rows = list(found)
    artifacts: dict[tuple[str, int], dict[str, str]] = defaultdict(dict)
    evaluations: dict[tuple[str, int], list[Evaluation]] = defaultdict(list)
    numbers: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        numbers[row["project"]].append(row["number"])
    for project, wanted in numbers.items():
        which = {"of": project, "numbers": wanted}
        for one in connection.execute(_ARTIFACTS, which):
            artifacts[project, one.number][one.port] = one.digest
        for one in connection.execute(_EVALUATIONS, which):
            evaluations[project, one.batch].append(_evaluation(one))
    return tuple(
        _batch(row, artifacts[row["project"], row["number"]], evaluations[row["project"], row["number"]])
        for row in rows
    )


def _batch(row: Any, artifacts: dict[str, str], evaluations: list[Evaluation]) -> Batch:
    content = NewBatch(
        project=row["project"],
        run=row["run"],
        version=row["version"],
        first=row["first_day"],
        last=row["last_day"],
        rows=row["row_count"],
        status=BatchStatus(row["status"]),
        action=row["action"],
        reasons=tuple(row["reasons"]),
        artifacts=artifacts,
    )
    return Batch(
        number=row["number"],
        content=content,
        revision=row["revision"],
        created_at=row["created_at"],
        released_by=row["released_by"],
        release_reason=row["release_reason"],
        evaluations=tuple(evaluations),
    )


def _evaluation(row: Any) -> Evaluation:
    return Evaluation(
        batch=f"{row.project}/{row.batch}",
        run=row.run,
        ground_truth=row.ground_truth,
        coverage=row.coverage,
        outcome=row.outcome,
        action=row.action,
        reasons=tuple(row.reasons),
        metrics=row.metrics,
    )
