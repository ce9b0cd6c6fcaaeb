"""Run by Alembic: migrates the database that ``spalje.storage.metadata.schema`` hands over, in one transaction."""

from alembic import context
from sqlalchemy import Engine


def migrate() -> None:
    """Run the migrations that are asked for."""
    engine: Engine = context.config.attributes["engine"]
    with engine.execution_options(synchronous="FULL").begin() as connection:
        context.configure(connection=connection, render_as_batch=True)
        with context.begin_transaction():
            context.run_migrations()


if __name__ == "env_py":  # the name under which Alembic loads this file
    migrate()
