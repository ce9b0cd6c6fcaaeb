"""By which key another orchestrator finds a run again, and where it shows it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two more columns of a run."""
    with op.batch_alter_table("run", table_kwargs={"sqlite_autoincrement": True}) as run:
        run.add_column(sa.Column("key", sa.Text(), nullable=True))
        run.add_column(sa.Column("link", sa.Text(), nullable=False, server_default=""))
    with op.batch_alter_table("run", table_kwargs={"sqlite_autoincrement": True}) as run:
        run.alter_column("link", existing_type=sa.Text(), server_default=None)
        run.create_unique_constraint(op.f("uq_run_key"), ["key"])
