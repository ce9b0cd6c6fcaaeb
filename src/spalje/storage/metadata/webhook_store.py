"""The deliveries of Git hosts, recorded together with what was ordered because of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from spalje.registry.ci_job import Job, NewJob
from spalje.storage.metadata.ci_job_store import add_jobs
from spalje.storage.metadata.database import Database
from spalje.storage.metadata.tables import webhook_delivery as table


@dataclass(frozen=True, slots=True)
class WebhookStore:
    """What each host delivered; nothing of it is taken twice."""

    database: Database

    def take(
        self, host: str, names: Sequence[str], event: str, jobs: Iterable[NewJob], now: datetime
    ) -> tuple[Job, ...] | None:
        """Take a delivery and order the jobs that it asks for, in one transaction.

        Args:
            host: as the settings call it.
            names: by which the delivery is known: it has been taken when one of them has been.
            event: the host's word for it.
            jobs: what it asks for.
            now: UTC.

        Returns:
            The jobs that were recorded; None: the delivery had been taken before, and nothing is done.

        Raises:
            NotFound: there is no such project.
        """
        rows = [{"host": host, "delivery": name, "event": event, "at": now} for name in dict.fromkeys(names)]
        with self.database.write() as connection:
            try:
                with connection.begin_nested():
                    connection.execute(insert(table), rows)
            except IntegrityError:
                return None
            return add_jobs(connection, jobs, now)
