"""Leases, recorded: who may work on what until when, and with which fencing token."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, insert, null, select, update

from spalje.errors import Conflict
from spalje.lineage.lease import Lease
from spalje.storage.metadata.database import Database
from spalje.storage.metadata.tables import lease as table

_ONE = select(table).where(table.c.name == bindparam("lease")).with_for_update()
_INSERT = insert(table)
_TAKE = (
    update(table)
    .where(table.c.name == bindparam("lease"))
    .values(owner=bindparam("by"), token=bindparam("number"), until=bindparam("then"))
)
_MINE = (
    (table.c.name == bindparam("lease"))
    & (table.c.owner == bindparam("by"))
    & (table.c.token == bindparam("number"))
)
_RENEW = update(table).where(_MINE).values(until=bindparam("then"))
_RELEASE = update(table).where(_MINE).values(owner=null())
_HELD = select(table.c.token).where(_MINE).with_for_update()


@dataclass(frozen=True, slots=True)
class LeaseStore:
    """The leases of a workspace. A lease is free when it was given back or has run out.

    Leases need not survive a loss of power: on SQLite their holders do not survive it either, and
    what a holder made durable makes its lease durable, so tokens never repeat behind a commit.
    """

    database: Database

    def acquire(
        self, name: str, owner: str, seconds: float, now: datetime, instead_of: Lease | None = None
    ) -> Lease:
        """Take a lease; its token is one more than that of the last holder.

        Args:
            name: of the lease.
            owner: who holds it from now on.
            seconds: it runs out so long after now.
            now: the moment.
            instead_of: the lease as it is held by somebody who hands it over: it is never free in between.

        Raises:
            Conflict: somebody holds it; says who and until when.
        """
        until = now + timedelta(seconds=seconds)
        with self.database.write(durable=False) as connection:
            row = connection.execute(_ONE, {"lease": name}).first()
            if row is None:
                connection.execute(_INSERT, {"name": name, "owner": owner, "token": 1, "until": until})
                return Lease(name, owner, 1)
            handed_over = instead_of is not None and instead_of == Lease(name, row.owner, row.token)
            if row.owner is not None and row.until > now and not handed_over:
                raise Conflict(
                    f"'{name}' is held by {row.owner} until {row.until:%Y-%m-%d %H:%M:%S} UTC.",
                    do="Wait until it has ended; a holder that died loses it at that time.",
                )
            taken = Lease(name, owner, row.token + 1)
            connection.execute(_TAKE, {**_named(taken), "then": until})
            return taken

    def holder(self, name: str) -> Lease | None:
        """The lease as it is held now, run out or not; None when it is free."""
        with self.database.read() as connection:
            row = connection.execute(_ONE, {"lease": name}).first()
        return Lease(name, row.owner, row.token) if row is not None and row.owner is not None else None

    def renew(self, leases: Iterable[Lease], seconds: float, now: datetime) -> tuple[Lease, ...]:
        """Hold leases for longer.

        Returns:
            Those of them that were lost to somebody else meanwhile.
        """
        until = now + timedelta(seconds=seconds)
        with self.database.write(durable=False) as connection:
            return tuple(
                lease
                for lease in leases
                if connection.execute(_RENEW, {**_named(lease), "then": until}).rowcount == 0
            )

    def release(self, lease: Lease) -> None:
        """Give a lease back; one that was lost is left to its new holder."""
        with self.database.write(durable=False) as connection:
            connection.execute(_RELEASE, _named(lease))


def fence(connection: Connection, lease: Lease) -> None:
    """Refuse a writer whose lease was taken by somebody else.

    Raises:
        Conflict: the lease was lost.
    """
    if connection.execute(_HELD, _named(lease)).first() is None:
        raise Conflict(
            f"'{lease.name}' was taken over from {lease.owner}: what it did is not recorded.",
            do="See what the new holder does with `spalje run show`.",
        )


def _named(lease: Lease) -> dict[str, str | int]:
    return {"lease": lease.name, "by": lease.owner, "number": lease.token}
