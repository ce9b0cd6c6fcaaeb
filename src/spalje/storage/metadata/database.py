"""Transactions on the metadata database, and its failures as sentences for a person."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError

from spalje.errors import BadInput, Conflict, Corrupt, SpaljeError


@dataclass(frozen=True, slots=True)
class Database:
    """Gives transactions.

    Example:
        >>> from spalje.storage.metadata.engine import engine_for
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     database = Database(engine_for(f"sqlite:///{folder}/metadata.db"))
        ...     with database.read() as connection:
        ...         connection.exec_driver_sql("select 40 + 2").scalar_one()
        42
    """

    engine: Engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and changes nothing."""
        with self.explained(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        """A transaction that becomes real as a whole or not at all.

        On SQLite it excludes other writers from its first moment on.

        Args:
            durable: wait until it is on the disk. What is not durable survives the end of any
                process, but may be lost with the power; it is never lost alone: what became
                durable after it makes it durable, too.

        Raises:
            Conflict: others kept the database busy for too long.
            SpaljeError: the disk is full, or the database cannot be written.
        """
        writing = self.engine.execution_options(synchronous="FULL" if durable else "NORMAL")
        with self.explained(), writing.begin() as connection:
            yield connection

    @contextmanager
    def explained(self) -> Iterator[None]:
        """What the database complains about within the block, as an error of ours."""
        try:
            yield
        except StatementError as error:
            raise _as_ours(error, self.engine.url.render_as_string(hide_password=True)) from error


#: Parts of what SQLite and PostgreSQL say, and what that means.
_BUSY = ("locked", "busy", "deadlock", "could not serialize", "could not obtain lock")
_FULL = ("disk is full", "disk full", "no space left")
_BROKEN = ("malformed", "not a database", "disk image")


def _as_ours(error: StatementError, url: str) -> SpaljeError:
    said = str(error.orig)
    low = said.lower()
    if not isinstance(error, DBAPIError):
        return BadInput(
            f"A value cannot be recorded: {said}.",
            do="Numbers must be finite; write null for one that is not.",
        )
    if any(word in low for word in _BUSY):
        return Conflict(f"The metadata database {url} was busy for too long ({said}).", do="Try again.")
    if any(word in low for word in _FULL):
        return SpaljeError(
            f"There is no space left for the metadata database {url} ({said}).",
            do="Free some (`df -h`), then run again; the transaction was not made.",
        )
    if any(word in low for word in _BROKEN) or isinstance(error.orig, sqlite3.NotSupportedError):
        return Corrupt(f"The metadata database {url} is damaged ({said}).", do="Restore it from a backup.")
    if isinstance(error, OperationalError):
        return SpaljeError(
            f"The metadata database {url} cannot be used: {said}.",
            do="Check that it is there and may be written.",
        )
    return SpaljeError(f"The metadata database {url} refused a statement: {said}.")
