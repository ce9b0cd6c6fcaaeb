"""Bringing a metadata database to the tables this release knows."""

from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select

from spalje.errors import BadInput
from spalje.storage.metadata.database import Database
from spalje.storage.metadata.tables import HEAD, NAMES, alembic_version

MIGRATIONS = Path(__file__).parent / "migrations"


def prepare(database: Database) -> None:
    """Create the tables in an empty database, migrate those of an earlier release.

    Raises:
        BadInput: a later release has been at work there, or the database holds something else.
    """
    with database.read() as connection:
        found = _revision(connection)
    if found == HEAD:
        return
    if found is None:
        with database.write() as connection:
            found = _revision(connection)
            if found is None:
                _create(connection)
                return
    if found != HEAD:
        _migrate(database, found)


def _revision(connection: Connection) -> str | None:
    if not connection.dialect.has_table(connection, alembic_version.name):
        return None
    return connection.execute(select(alembic_version.c.version_num)).scalar()


def _create(connection: Connection) -> None:
    """All tables at once, without Alembic, which takes longer to import than this takes to run."""
    others = inspect(connection).get_table_names()
    if others:
        raise BadInput(
            f"The database {connection.engine.url.render_as_string()} holds tables of something else: {others[0]}.",
            do="Give Spaljé a database of its own.",
        )
    alembic_version.create(connection)
    NAMES.create_all(connection, checkfirst=False)
    connection.execute(insert(alembic_version).values(version_num=HEAD))


def _migrate(database: Database, found: str) -> None:
    from alembic import command  # noqa: PLC0415  Alembic takes long to import and is seldom needed
    from alembic.config import Config  # noqa: PLC0415  Alembic takes long to import and is seldom needed
    from alembic.script import ScriptDirectory  # noqa: PLC0415  Alembic takes long to import and is seldom needed

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    known = {revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()}
    if found not in known:
        raise BadInput(
            f"The metadata database is of a later release (revision {found}; this one knows up to {HEAD}).",
            do="Upgrade Spaljé; nothing was changed.",
        )
    config.attributes["engine"] = database.engine
    with database.explained():
        command.upgrade(config, HEAD)
