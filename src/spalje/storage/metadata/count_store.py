"""How many there are: rows counted in the database, for figures that are read every few seconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from spalje.registry.version import VersionStatus
from spalje.storage.metadata.database import Database
from spalje.storage.metadata.tables import alert, alert_delivery, batch, run, version

_RUNS = select(run.c.project, run.c.pipeline, run.c.status, func.count()).group_by(
    run.c.project, run.c.pipeline, run.c.status
)
_BATCHES = select(batch.c.project, batch.c.status, func.count()).group_by(batch.c.project, batch.c.status)
_LAST = select(batch.c.project, func.max(batch.c.created_at, type_=batch.c.created_at.type)).group_by(
    batch.c.project
)
_PENDING = (
    select(version.c.project, func.count())
    .where(version.c.status == VersionStatus.PENDING)
    .group_by(version.c.project)
)
_ALERTS = select(alert.c.project, alert.c.kind, func.count()).group_by(alert.c.project, alert.c.kind)
_UNDELIVERED = (
    select(alert_delivery.c.channel, func.count())
    .where(alert_delivery.c.sent_at.is_(None))
    .group_by(alert_delivery.c.channel)
)


@dataclass(frozen=True, slots=True)
class CountStore:
    """Counts over all projects; what there is none of is left out."""

    database: Database

    def runs(self) -> Mapping[tuple[str, ...], int]:
        """(project, pipeline, status) -> runs."""
        return {tuple(key): count for *key, count in self._rows(_RUNS)}

    def batches(self) -> Mapping[tuple[str, ...], int]:
        """(project, status) -> batches."""
        return {tuple(key): count for *key, count in self._rows(_BATCHES)}

    def last_batches(self) -> Mapping[str, datetime]:
        """Project -> when its newest batch was made, UTC."""
        return dict(self._rows(_LAST))

    def pending(self) -> Mapping[str, int]:
        """Project -> versions that wait for a person's decision."""
        return dict(self._rows(_PENDING))

    def alerts(self) -> Mapping[tuple[str, ...], int]:
        """(project, kind) -> events that people are told about."""
        return {tuple(key): count for *key, count in self._rows(_ALERTS)}

    def undelivered(self) -> Mapping[str, int]:
        """Channel -> alerts that have not reached it."""
        return dict(self._rows(_UNDELIVERED))

    def _rows(self, statement: Select[Any]) -> list[tuple[Any, ...]]:
        with self.database.read() as connection:
            return [tuple(row) for row in connection.execute(statement)]
