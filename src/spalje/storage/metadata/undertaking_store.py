"""Undertakings, recorded: the creations and deletions of projects that are not finished."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from spalje.errors import Conflict
from spalje.lineage.lease import Lease
from spalje.registry.project import Project
from spalje.registry.undertaking import Undertaking
from spalje.storage.metadata.database import Database
from spalje.storage.metadata.lease_store import fence
from spalje.storage.metadata.project_rows import count_rows, delete_rows, refuse_if_kept
from spalje.storage.metadata.project_store import add_project, lock_project
from spalje.storage.metadata.tables import project as projects
from spalje.storage.metadata.tables import undertaking as table

_ALL = select(table).order_by(table.c.project)
_ONE = select(table).where(table.c.project == bindparam("of"))
_PROJECT = select(projects.c.name).where(projects.c.name == bindparam("of"))
_SAME = (
    (table.c.project == bindparam("of"))
    & (table.c.what == bindparam("seen_what"))
    & (table.c.mark == bindparam("seen_mark"))
)
_ADVANCE = update(table).where(_SAME).values(done=bindparam("steps"))
_TURN = (
    update(table)
    .where(_SAME)
    .values(
        what="delete",
        wanted=bindparam("other"),
        done=bindparam("steps"),
        started_at=bindparam("at"),
        started_by=bindparam("by"),
    )
)
_END = delete(table).where(_SAME)


@dataclass(frozen=True, slots=True)
class UndertakingStore:
    """The undertakings of a workspace; at most one of each project.

    Everything but looking needs a lease of the undertaking: whoever lost it records nothing more.
    """

    database: Database

    def get(self, project: str) -> Undertaking | None:
        """What is under way with a project; None: nothing."""
        with self.database.read() as connection:
            return _get(connection, project)

    def all(self) -> tuple[Undertaking, ...]:
        """All that is under way, by the project's name."""
        with self.database.read() as connection:
            return tuple(_undertaking(row) for row in connection.execute(_ALL).mappings())

    def begin_creation(self, new: Undertaking, lease: Lease) -> None:
        """Record that a project is being created.

        Raises:
            Conflict: there is a project of that name, or something is under way with it.
        """
        with self.database.write() as connection:
            _hold(connection, lease)
            if connection.execute(_PROJECT, {"of": new.project}).first():
                raise Conflict(f"There is a project '{new.project}' already.", do="Choose another name.")
            if under_way := _get(connection, new.project):
                raise Conflict(
                    f"Project '{new.project}' is under way already: it {under_way.began}.",
                    do=f"Choose another name, or undo it: spalje project delete {new.project}",
                )
            connection.execute(insert(table), [_row(new)])

    def begin_deletion(self, new: Undertaking, lease: Lease) -> Undertaking:
        """Record that a project is being deleted: from now on it gets no more runs, versions or batches.

        A creation that was not finished becomes a deletion, and keeps its mark; a deletion that was begun goes on.

        Raises:
            NotFound: there is no such project.
            Refused: it has model versions or batches.
        """
        with self.database.write() as connection:
            _hold(connection, lease)
            under_way = _get(connection, new.project)
            if under_way is None:
                lock_project(connection, new.project)
                refuse_if_kept(connection, new.project)
                connection.execute(insert(table), [_row(new)])
                return new
            if under_way.what == "delete":
                return under_way
            turned = replace(new, mark=under_way.mark)
            changes = {"other": dict(new.wanted), "steps": [], "at": new.started_at, "by": new.started_by}
            connection.execute(_TURN, {**_seen(under_way), **changes})
            return turned

    def advance(self, undertaking: Undertaking, step: str, lease: Lease) -> Undertaking:
        """Record that a step was done. It may be lost with the power: then the step is done again.

        Raises:
            Conflict: somebody else took the undertaking over, or finished it.
        """
        after = replace(undertaking, done=(*undertaking.done, step))
        with self.database.write(durable=False) as connection:
            _hold(connection, lease)
            changed = connection.execute(_ADVANCE, {**_seen(undertaking), "steps": list(after.done)})
            _changed_one(changed.rowcount, undertaking)
        return after

    def create(self, undertaking: Undertaking, project: Project, lease: Lease) -> Project:
        """Finish a creation: the project is there and nothing is under way with it any more, in one transaction.

        Raises:
            Conflict: somebody else took the undertaking over, or finished it.
        """
        with self.database.write() as connection:
            _hold(connection, lease)
            _changed_one(connection.execute(_END, _seen(undertaking)).rowcount, undertaking)
            return add_project(connection, project)

    def delete(self, undertaking: Undertaking, lease: Lease) -> Mapping[str, int]:
        """Finish a deletion: every row of the project goes, in one transaction.

        Returns:
            What was deleted: noun -> rows.

        Raises:
            Conflict: somebody else took the undertaking over, or finished it.
            Refused: the project has model versions or batches.
        """
        with self.database.write() as connection:
            _hold(connection, lease)
            _changed_one(connection.execute(_END, _seen(undertaking)).rowcount, undertaking)
            refuse_if_kept(connection, undertaking.project)
            counted = count_rows(connection, undertaking.project)
            delete_rows(connection, undertaking.project)
            return counted


def _hold(connection: Connection, lease: Lease) -> None:
    """Go on only while nobody else has taken over."""
    try:
        fence(connection, lease)
    except Conflict as error:
        raise Conflict(
            "Another process has taken over what this one was doing with the project.",
            do="See how it stands with `spalje project list`.",
        ) from error


def _changed_one(rows: int, undertaking: Undertaking) -> None:
    if rows != 1:
        raise Conflict(
            f"What was under way with project '{undertaking.project}' has been finished or undone meanwhile.",
            do="See how it stands with `spalje project list`.",
        )


def _seen(undertaking: Undertaking) -> dict[str, str]:
    return {"of": undertaking.project, "seen_what": undertaking.what, "seen_mark": undertaking.mark}


def _get(connection: Connection, project: str) -> Undertaking | None:
    row = connection.execute(_ONE, {"of": project}).mappings().first()
    return _undertaking(row) if row is not None else None


def _row(undertaking: Undertaking) -> dict[str, Any]:
    return {**asdict(undertaking), "done": list(undertaking.done)}


def _undertaking(row: Any) -> Undertaking:
    return Undertaking(**{**row, "done": tuple(row["done"])})
