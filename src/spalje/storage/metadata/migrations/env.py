"""Run by Alembic: migrates the database that ``spalje.storage.metadata.schema`` hands over, in one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from sqlalchemy import Connection, Engine


def migrate() -> None:
    """Run the migrations that are asked for."""
    engine: Engine = context.config.attributes["engine"]
    with (
        engine.execution_options(synchronous="FULL").connect() as connection,
        _tables_made_anew(connection),
        connection.begin(),
    ):
        context.configure(connection=connection, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()
        _check(connection)


@contextmanager
def _tables_made_anew(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by making it anew, and may not while rows of others refer to it: that is checked after."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw = connection.connection.driver_connection
    assert raw is not None  # noqa: S101  it is connected
    raw.execute("PRAGMA foreign_keys = OFF")  # without effect inside a transaction
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys = ON")


def _check(connection: Connection) -> None:
    """Every row that is referred to is still there; otherwise nothing is changed.

    Raises:
        RuntimeError: one is not.
    """
    if connection.dialect.name == "sqlite":
        lost = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if lost:
            raise RuntimeError(f"The migration loses rows that others refer to: {lost[:3]}.")


if __name__ == "env_py":  # the name under which Alembic loads this file
    migrate()
