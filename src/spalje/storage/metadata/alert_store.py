"""Alerts, recorded: each event once, and for every channel whether and when it was delivered."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, insert, null, or_, select, update

from spalje.storage.metadata.database import Database
from spalje.storage.metadata.project_store import lock_project
from spalje.storage.metadata.tables import alert as table
from spalje.storage.metadata.tables import alert_delivery

#: So long a channel is tried; what is older is of no use to anybody.
KEEP = timedelta(days=7)
#: So many alerts of one occasion are taken at a time.
TAKEN = 200

_KNOWN = select(table.c.identity).where(table.c.identity.in_(bindparam("identities", expanding=True)))
_PAIRS = select(alert_delivery.c.identity, alert_delivery.c.channel).where(
    alert_delivery.c.identity.in_(bindparam("identities", expanding=True))
)
_DELIVERIES = (
    select(alert_delivery)
    .where(alert_delivery.c.identity.in_(bindparam("identities", expanding=True)))
    .order_by(alert_delivery.c.channel)
)
_DUE = (
    select(table)
    .join(alert_delivery, alert_delivery.c.identity == table.c.identity)
    .where(
        alert_delivery.c.channel == bindparam("on"),
        alert_delivery.c.sent_at.is_(None),
        alert_delivery.c.next_at <= bindparam("now"),
        alert_delivery.c.first_at > bindparam("oldest"),
        or_(alert_delivery.c.claimed_until.is_(None), alert_delivery.c.claimed_until <= bindparam("now")),
    )
    .order_by(table.c.sequence)
    .with_for_update(of=alert_delivery, skip_locked=True)
)
_DUE_FIRST = _DUE.limit(1)
_DUE_OF = _DUE.where(table.c.occasion == bindparam("of")).limit(TAKEN)
_CLAIM = (
    update(alert_delivery)
    .where(
        alert_delivery.c.channel == bindparam("on"),
        alert_delivery.c.identity.in_(bindparam("identities", expanding=True)),
    )
    .values(claim=bindparam("by"), claimed_until=bindparam("until"))
)
_CLAIMED = update(alert_delivery).where(
    alert_delivery.c.claim == bindparam("by"), alert_delivery.c.sent_at.is_(None)
)
_SENT = _CLAIMED.values(
    sent_at=bindparam("at"),
    attempts=alert_delivery.c.attempts + 1,
    last_error=bindparam("why"),
    claim=null(),
    claimed_until=null(),
)
_FAILED = _CLAIMED.values(
    next_at=bindparam("then"),
    attempts=alert_delivery.c.attempts + 1,
    last_error=bindparam("why"),
    claim=null(),
    claimed_until=null(),
)
_HURRY = (
    update(alert_delivery)
    .where(
        alert_delivery.c.channel == bindparam("on"),
        alert_delivery.c.sent_at.is_(None),
        alert_delivery.c.next_at > bindparam("now"),
    )
    .values(next_at=bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One channel's part in an alert.

    Attributes:
        channel: its name.
        first_at: since when it is to be sent there.
        next_at: not before then is it tried again.
        sent_at: when it was delivered; None: not yet.
        attempts: how often it was tried.
        last_error: what the last attempt met, without secrets; None: nothing.
    """

    channel: str
    first_at: datetime
    next_at: datetime
    sent_at: datetime | None
    attempts: int
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Alert:
    """An event that people are told about, see ``spalje.alerts.event.Event``, and how far it got.

    Attributes:
        identity: the event's fingerprint; one alert has it.
        occasion: the run or check that it came from; what has one occasion goes out as one message.
        deliveries: by channel.
    """

    identity: str
    kind: str
    project: str
    subject: str
    what: str
    at: datetime
    summary: str
    details: tuple[str, ...]
    link: str
    report: str
    occasion: str
    deliveries: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertStore:
    """The alerts of all projects."""

    database: Database

    def record(
        self, alerts: Sequence[Alert], channels: Mapping[str, Iterable[str]], now: datetime
    ) -> tuple[str, ...]:
        """Record events and where each is to be sent; what is recorded already stays as it is.

        Args:
            alerts: events; those that are known by their identity are left as they were first told.
            channels: identity -> names of the channels; one that is new to an event gets it, too.
            now: UTC.

        Returns:
            The identities of those that are new.

        Raises:
            NotFound: there is no such project.
        """
        identities = [alert.identity for alert in alerts]
        with self.database.write() as connection:
            for project in sorted({alert.project for alert in alerts}):
                lock_project(connection, project)
            known = set(connection.execute(_KNOWN, {"identities": identities}).scalars())
            pairs = {tuple(row) for row in connection.execute(_PAIRS, {"identities": identities})}
            new = {alert.identity: alert for alert in alerts if alert.identity not in known}
            wanted = {
                (identity, channel) for identity in identities for channel in channels.get(identity, ())
            }
            if new:
                connection.execute(insert(table), [_row(alert) for alert in new.values()])
            rows = [
                {"identity": identity, "channel": channel, "first_at": now, "next_at": now, "attempts": 0}
                for identity, channel in sorted(wanted - pairs)
            ]
            if rows:
                connection.execute(insert(alert_delivery), rows)
        return tuple(new)

    def claim(
        self, channel: str, by: str, seconds: float, now: datetime, occasion: str | None = None
    ) -> tuple[Alert, ...]:
        """Take what is to be sent to a channel now; nobody else is given it for a while.

        Args:
            channel: its name.
            by: names this attempt, unlike every other.
            seconds: after so long somebody else may try: whoever claimed it is then taken for dead.
            now: UTC.
            occasion: only what came from it; None: from whichever occasion has waited longest.

        Returns:
            Alerts of one occasion, in the order in which they were recorded; none when nothing is due.
        """
        when = {"on": channel, "now": now, "oldest": now - KEEP}
        with self.database.write() as connection:
            if occasion is None:
                first = connection.execute(_DUE_FIRST, when).mappings().first()
                if first is None:
                    return ()
                occasion = first["occasion"]
            found = _load(connection, connection.execute(_DUE_OF, {**when, "of": occasion}).mappings())
            if found:
                identities = [alert.identity for alert in found]
                until = now + timedelta(seconds=seconds)
                connection.execute(
                    _CLAIM, {"on": channel, "identities": identities, "by": by, "until": until}
                )
        return found

    def sent(self, by: str, now: datetime, error: str | None = None) -> int:
        """Record that what was claimed is delivered, and is never sent there again.

        Args:
            by: the claim.
            now: UTC.
            error: whom it did not reach; None: it reached everybody.

        Returns:
            How many alerts.
        """
        with self.database.write() as connection:
            return connection.execute(_SENT, {"by": by, "at": now, "why": error}).rowcount

    def failed(self, by: str, error: str, next_at: datetime) -> int:
        """Record that what was claimed could not be delivered, and when to try again; gives how many alerts."""
        with self.database.write() as connection:
            return connection.execute(_FAILED, {"by": by, "why": error, "then": next_at}).rowcount

    def hurry(self, channel: str, now: datetime) -> None:
        """Let a channel be tried at once, however long it was to be left alone."""
        with self.database.write() as connection:
            connection.execute(_HURRY, {"on": channel, "now": now})

    def list(self, project: str | None = None, limit: int = 50) -> tuple[Alert, ...]:
        """Alerts with their deliveries, newest first; of one project where it is given."""
        wanted = select(table).order_by(table.c.sequence.desc()).limit(limit)
        if project is not None:
            wanted = wanted.where(table.c.project == project)
        with self.database.read() as connection:
            return _load(connection, connection.execute(wanted).mappings())


def _load(connection: Connection, found: Iterable[Any]) -> tuple[Alert, ...]:
    rows = list(found)
    deliveries: dict[str, list[Delivery]] = defaultdict(list)
    if rows:
        for one in connection.execute(_DELIVERIES, {"identities": [row["identity"] for row in rows]}):
            deliveries[one.identity].append(
                Delivery(one.channel, one.first_at, one.next_at, one.sent_at, one.attempts, one.last_error)
            )
    return tuple(
        Alert(
            identity=row["identity"],
            kind=row["kind"],
            project=row["project"],
            subject=row["subject"],
            what=row["what"],
            at=row["at"],
            summary=row["summary"],
            details=tuple(row["details"]),
            link=row["link"],
            report=row["report"],
            occasion=row["occasion"],
            deliveries=tuple(deliveries[row["identity"]]),
        )
        for row in rows
    )


def _row(alert: Alert) -> dict[str, Any]:
    return {
        "identity": alert.identity,
        "kind": alert.kind,
        "project": alert.project,
        "subject": alert.subject,
        "what": alert.what,
        "at": alert.at,
        "summary": alert.summary,
        "details": list(alert.details),
        "link": alert.link,
        "report": alert.report,
        "occasion": alert.occasion,
    }
