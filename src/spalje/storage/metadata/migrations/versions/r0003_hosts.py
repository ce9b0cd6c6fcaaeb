"""Where a project's repositories are, what is under way with it, its CI, and what hosts have announced."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Three more tables; a project knows its host and its answers."""
    with op.batch_alter_table("project") as project:
        project.add_column(sa.Column("host", sa.Text(), nullable=False, server_default="embedded"))
        project.add_column(sa.Column("answers", sa.JSON(), nullable=False, server_default="{}"))
    with op.batch_alter_table("project") as project:
        project.alter_column("host", existing_type=sa.Text(), server_default=None)
        project.alter_column("answers", existing_type=sa.JSON(), server_default=None)
    op.create_table(
        "undertaking",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("done", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("project", name=op.f("pk_undertaking")),
    )
    op.create_table(
        "ci_job",
        sa.Column("sequence", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("commit_hash", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("ordered_by", sa.Text(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["project"], ["project.name"], name=op.f("fk_ci_job_project")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_ci_job")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_ci_job_project_status"), "ci_job", ["project", "status"], unique=False)
    op.create_table(
        "webhook_delivery",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("host", "delivery", name=op.f("pk_webhook_delivery")),
    )
