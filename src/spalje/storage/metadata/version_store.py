"""Model versions, recorded: registered by a step, decided about by people."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from spalje.errors import BadInput, Conflict, NotFound
from spalje.registry.approval import registered, verify
from spalje.registry.version import Approval, ModelVersion, NewVersion, VersionStatus
from spalje.storage.metadata.database import Database
from spalje.storage.metadata.project_store import lock_project
from spalje.storage.metadata.tables import approval, version_artifact
from spalje.storage.metadata.tables import version as table

_OF_PROJECT = select(table).where(table.c.project == bindparam("of"))
_LIST = _OF_PROJECT.order_by(table.c.number.desc())
_ONE = _OF_PROJECT.where(table.c.number == bindparam("wanted"))
_LATEST_APPROVED = (
    _OF_PROJECT.where(table.c.status == VersionStatus.APPROVED).order_by(table.c.decided.desc()).limit(1)
)
_LAST = select(func.max(table.c.number)).where(table.c.project == bindparam("of"))
_SLOTS = (
    select(version_artifact)
    .where(
        version_artifact.c.project == bindparam("of"),
        version_artifact.c.number.in_(bindparam("numbers", expanding=True)),
    )
    .order_by(version_artifact.c.slot)
)
_HISTORY = (
    select(approval)
    .where(
        approval.c.project == bindparam("of"), approval.c.version.in_(bindparam("numbers", expanding=True))
    )
    .order_by(approval.c.number)
)
_DECIDE = (
    update(table)
    .where(
        table.c.project == bindparam("of"),
        table.c.number == bindparam("wanted"),
        table.c.status == bindparam("seen_status"),
        table.c.manifest_digest == bindparam("seen_manifest"),
        table.c.entries == bindparam("seen_entries"),
    )
    .values(status=bindparam("to"), entries=bindparam("count"), decided=bindparam("place"))
)
_WITH = select(table).where(
    tuple_(table.c.project, table.c.number).in_(
        select(version_artifact.c.project, version_artifact.c.number).where(
            version_artifact.c.digest == bindparam("digest")
        )
    )
)

#: The slots that hold one artifact, and those that hold one for each name.
_SINGLE, _MANY = ("model", "evaluation"), ("baselines", "own_baselines", "data")


@dataclass(frozen=True, slots=True)
class VersionStore:
    """The model versions of all projects."""

    database: Database

    def get(self, project: str, number: int) -> ModelVersion:
        """Version ``number`` of a project.

        Raises:
            NotFound: there is none.
        """
        with self.database.read() as connection:
            return _get(connection, project, number)

    def list(self, project: str) -> tuple[ModelVersion, ...]:
        """All versions of a project, newest first."""
        return self._select(_LIST, of=project)

    def latest_approved(self, project: str) -> ModelVersion | None:
        """The version that serves: of those that are approved, the one approved last.

        When it is rejected, the one approved before it serves again.
        """
        return next(iter(self._select(_LATEST_APPROVED, of=project)), None)

    def decide(self, project: str, number: int, expected: ModelVersion, approval: Approval) -> ModelVersion:
        """Record a decision, if the version still is as the person saw it.

        Args:
            project, number: which version.
            expected: as the person saw it.
            approval: the decision, from ``spalje.registry.approval.decide``.

        Raises:
            NotFound: there is no such version.
            Conflict: somebody else decided first; says who, what and why.
            Corrupt: the decision does not continue the version's history.
        """
        after = replace(expected, status=approval.status, history=(*expected.history, approval))
        verify(after)
        with self.database.write() as connection:
            now = _get(connection, project, number)
            try:
                place = _append(connection, project, number, approval)
            except IntegrityError as error:
                raise _overtaken(now) from error
            changed = connection.execute(
                _DECIDE,
                {
                    "of": project,
                    "wanted": number,
                    "seen_status": expected.status,
                    "seen_manifest": expected.content.manifest_digest,
                    "seen_entries": len(expected.history),
                    "to": approval.status,
                    "count": len(after.history),
                    "place": place,
                },
            )
            if changed.rowcount != 1:
                raise _overtaken(now)
        return after

    def using(self, digest: str) -> tuple[ModelVersion, ...]:
        """The versions that an artifact is part of or was made from."""
        return self._select(_WITH, digest=digest)

    def _select(self, statement: Select[Any], **values: str) -> tuple[ModelVersion, ...]:
        with self.database.read() as connection:
            return _load(connection, connection.execute(statement, values).mappings())


def register(connection: Connection, content: NewVersion, step: str, now: datetime) -> None:
    """Record a new version, pending, with the next number of its project.

    Raises:
        NotFound: there is no such project.
        BadInput: a metric is not a finite number.
    """
    for name, value in content.metrics.items():
        if not math.isfinite(value):
            raise BadInput(
                f"Metric '{name}' of the new version is {value}, which is not a finite number.",
                do="Leave it out of metrics.json, or mend evaluate.py.",
            )
    lock_project(connection, content.project)
    number = (connection.execute(_LAST, {"of": content.project}).scalar() or 0) + 1
    connection.execute(
        insert(table),
        {
            "project": content.project,
            "number": number,
            "run": content.run,
            "step": step,
            "metrics": dict(content.metrics),
            "repository": content.repository,
            "commit_hash": content.commit,
            "environment": content.environment,
            "author": content.author,
            "cost": content.cost,
            "manifest_digest": content.manifest_digest,
            "status": VersionStatus.PENDING,
            "created_at": now,
            "entries": 1,
            "decided": 0,
        },
    )
    slots = [(slot, getattr(content, slot)) for slot in _SINGLE]
    slots += [(f"{slot}.{name}", digest) for slot in _MANY for name, digest in getattr(content, slot).items()]
    connection.execute(
        insert(version_artifact),
        [
            {"project": content.project, "number": number, "slot": slot, "digest": digest}
            for slot, digest in slots
        ],
    )
    _append(connection, content.project, number, registered(content, now))


def _append(connection: Connection, project: str, number: int, entry: Approval) -> int:
    """Add an entry to a history; gives its place among all entries of all versions."""
    row = {**asdict(entry), "project": project, "version": number}
    return int(connection.execute(insert(approval).returning(approval.c.sequence), row).scalar_one())


def _get(connection: Connection, project: str, number: int) -> ModelVersion:
    rows = connection.execute(_ONE, {"of": project, "wanted": number}).mappings()
    found = _load(connection, rows)
    if not found:
        known = connection.execute(select(table.c.number).where(table.c.project == project)).scalars()
        raise NotFound("model version", f"{project}/{number}", [f"{project}/{one}" for one in known])
    return found[0]


def _overtaken(now: ModelVersion) -> Conflict:
    last = now.history[-1]
    return Conflict(
        f"{now.id} has changed meanwhile: {last.who} made it {last.status} at {last.at:%Y-%m-%d %H:%M:%S} UTC: "
        f"{last.reason}",
        do=f"Look at it again with `spalje model show {now.id}`.",
    )


def _load(connection: Connection, found: Iterable[Any]) -> tuple[ModelVersion, ...]:
    """Versions with their artifacts and histories, in the order of their rows."""
    rows = list(found)
    slots: dict[tuple[str, int], dict[str, str]] = defaultdict(dict)
    histories: dict[tuple[str, int], list[Approval]] = defaultdict(list)
    numbers: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        numbers[row["project"]].append(row["number"])
    for project, wanted in numbers.items():
        which = {"of": project, "numbers": wanted}
        for one in connection.execute(_SLOTS, which):
            slots[project, one.number][one.slot] = one.digest
        for one in connection.execute(_HISTORY, which):
            entry = Approval(
                one.number, one.at, one.who, VersionStatus(one.status), one.reason, one.previous, one.hash
            )
            histories[project, one.version].append(entry)
    return tuple(
        _version(row, slots[row["project"], row["number"]], histories[row["project"], row["number"]])
        for row in rows
    )


def _version(row: Any, slots: dict[str, str], history: list[Approval]) -> ModelVersion:
    def many(slot: str) -> dict[str, str]:
        return {
            name.removeprefix(f"{slot}."): digest
            for name, digest in slots.items()
            if name.startswith(f"{slot}.")
        }

    content = NewVersion(
        project=row["project"],
        run=row["run"],
        model=slots["model"],
        evaluation=slots["evaluation"],
        metrics=row["metrics"],
        baselines=many("baselines"),
        own_baselines=many("own_baselines"),
        data=many("data"),
        repository=row["repository"],
        commit=row["commit_hash"],
        environment=row["environment"],
        author=row["author"],
        cost=row["cost"],
    )
    return ModelVersion(
        number=row["number"],
        content=content,
        status=VersionStatus(row["status"]),
        created_at=row["created_at"],
        history=tuple(history),
    )
