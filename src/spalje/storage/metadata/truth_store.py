"""Deliveries of ground truth, recorded."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, insert, select

from spalje.registry.truth import Truth
from spalje.storage.metadata.database import Database
from spalje.storage.metadata.project_store import lock_project
from spalje.storage.metadata.tables import truth as table

_OF_PROJECT = select(table).where(table.c.project == bindparam("of"))
_LIST = _OF_PROJECT.order_by(table.c.sequence)
_ONE = _OF_PROJECT.where(table.c.digest == bindparam("wanted"))


@dataclass(frozen=True, slots=True)
class TruthStore:
    """The deliveries of ground truth to all projects."""

    database: Database

    def add(
        self,
        project: str,
        digest: str,
        first: date | None,
        last: date | None,
        rows: int,
        who: str,
        now: datetime,
    ) -> Truth:
        """Record a delivery; for content delivered before, the first delivery stands.

        Raises:
            NotFound: there is no such project.
        """
        with self.database.write() as connection:
            lock_project(connection, project)
            if row := connection.execute(_ONE, {"of": project, "wanted": digest}).first():
                return _truth(row)
            truth = Truth(project, digest, first, last, rows, who, now)
            connection.execute(
                insert(table),
                {
                    "project": project,
                    "digest": digest,
                    "first_day": first,
                    "last_day": last,
                    "row_count": rows,
                    "who": who,
                    "at": now,
                },
            )
            return truth

    def list(self, project: str) -> tuple[Truth, ...]:
        """A project's deliveries, oldest first."""
        with self.database.read() as connection:
            return tuple(_truth(row) for row in connection.execute(_LIST, {"of": project}))


def _truth(row: Any) -> Truth:
    return Truth(row.project, row.digest, row.first_day, row.last_day, row.row_count, row.who, row.at)
