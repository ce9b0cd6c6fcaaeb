"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """From nothing to the first release's tables."""
    op.create_table(
        "artifact",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_artifact")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "project",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("template_version", sa.Text(), nullable=False),
        sa.Column("build_repository", sa.Text(), nullable=False),
        sa.Column("deploy_repository", sa.Text(), nullable=False),
        sa.Column("approvers", sa.JSON(), nullable=False),
        sa.Column("four_eyes", sa.Boolean(), nullable=False),
        sa.Column("retrain", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_project")),
    )
    op.create_table(
        "run",
        sa.Column("sequence", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("pipeline", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=True),
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("commit_hash", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("started_for", sa.Text(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("batch", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["project"], ["project.name"], name=op.f("fk_run_project")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_run")),
        sa.UniqueConstraint("id", name=op.f("uq_run_id")),
        sa.UniqueConstraint("project", "pipeline", "number", name=op.f("uq_run_project_pipeline_number")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "truth",
        sa.Column("sequence", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["project.name"], name=op.f("fk_truth_project")),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_truth")),
        sa.UniqueConstraint("project", "digest", name=op.f("uq_truth_project_digest")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "run_input",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_run_input_run")),
        sa.PrimaryKeyConstraint("run", "name", name=op.f("pk_run_input")),
    )
    op.create_index(op.f("ix_run_input_digest"), "run_input", ["digest"], unique=False)
    op.create_table(
        "step_run",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("reused_from", sa.Text(), nullable=True),
        sa.Column("usage", sa.JSON(), nullable=True),
        sa.Column("environment", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_step_run_run")),
        sa.PrimaryKeyConstraint("run", "step", name=op.f("pk_step_run")),
    )
    op.create_index(op.f("ix_step_run_key"), "step_run", ["key"], unique=False)
    op.create_index(op.f("ix_step_run_reused_from"), "step_run", ["reused_from"], unique=False)
    op.create_table(
        "step_artifact",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("port", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run", "step"], ["step_run.run", "step_run.step"], name=op.f("fk_step_artifact_run_step")
        ),
        sa.PrimaryKeyConstraint("run", "step", "direction", "port", name=op.f("pk_step_artifact")),
    )
    op.create_index(
        op.f("ix_step_artifact_digest_direction"), "step_artifact", ["digest", "direction"], unique=False
    )
    op.create_table(
        "version",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("commit_hash", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.Column("manifest_digest", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("decided", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["project.name"], name=op.f("fk_version_project")),
        sa.ForeignKeyConstraint(
            ["run", "step"], ["step_run.run", "step_run.step"], name=op.f("fk_version_run_step")
        ),
        sa.PrimaryKeyConstraint("project", "number", name=op.f("pk_version")),
        sa.UniqueConstraint("run", "step", name=op.f("uq_version_run_step")),
    )
    op.create_index(
        op.f("ix_version_project_status_decided"), "version", ["project", "status", "decided"], unique=False
    )
    op.create_table(
        "approval",
        sa.Column("sequence", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project", "version"],
            ["version.project", "version.number"],
            name=op.f("fk_approval_project_version"),
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_approval")),
        sa.UniqueConstraint("project", "version", "number", name=op.f("uq_approval_project_version_number")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "batch",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_by", sa.Text(), nullable=True),
        sa.Column("release_reason", sa.Text(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project", "version"],
            ["version.project", "version.number"],
            name=op.f("fk_batch_project_version"),
        ),
        sa.ForeignKeyConstraint(["project"], ["project.name"], name=op.f("fk_batch_project")),
        sa.ForeignKeyConstraint(
            ["run", "step"], ["step_run.run", "step_run.step"], name=op.f("fk_batch_run_step")
        ),
        sa.PrimaryKeyConstraint("project", "number", name=op.f("pk_batch")),
        sa.UniqueConstraint("run", "step", name=op.f("uq_batch_run_step")),
    )
    op.create_index(
        op.f("ix_batch_project_first_day_last_day"),
        "batch",
        ["project", "first_day", "last_day"],
        unique=False,
    )
    op.create_table(
        "version_artifact",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project", "number"],
            ["version.project", "version.number"],
            name=op.f("fk_version_artifact_project_number"),
        ),
        sa.PrimaryKeyConstraint("project", "number", "slot", name=op.f("pk_version_artifact")),
    )
    op.create_index(op.f("ix_version_artifact_digest"), "version_artifact", ["digest"], unique=False)
    op.create_table(
        "batch_artifact",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("port", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project", "number"],
            ["batch.project", "batch.number"],
            name=op.f("fk_batch_artifact_project_number"),
        ),
        sa.PrimaryKeyConstraint("project", "number", "port", name=op.f("pk_batch_artifact")),
    )
    op.create_index(op.f("ix_batch_artifact_digest"), "batch_artifact", ["digest"], unique=False)
    op.create_table(
        "evaluation",
        sa.Column("sequence", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("ground_truth", sa.Text(), nullable=False),
        sa.Column("coverage", sa.Float(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project", "batch"], ["batch.project", "batch.number"], name=op.f("fk_evaluation_project_batch")
        ),
        sa.ForeignKeyConstraint(
            ["run", "step"], ["step_run.run", "step_run.step"], name=op.f("fk_evaluation_run_step")
        ),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_evaluation")),
        sa.UniqueConstraint("run", "step", name=op.f("uq_evaluation_run_step")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_evaluation_ground_truth"), "evaluation", ["ground_truth"], unique=False)
    op.create_index(op.f("ix_evaluation_project_batch"), "evaluation", ["project", "batch"], unique=False)
