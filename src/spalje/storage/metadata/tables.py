"""The tables of the metadata database.

Files are not here, only the digests of artifacts. Times are UTC. What a step run, version or batch
is made of lies in its ``*_artifact`` table and nowhere else: that is the lineage.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

#: The revision of the migrations that these tables are at; a test holds the two together.
HEAD = "0004"


class Utc(TypeDecorator[datetime]):
    """A point in time, UTC in the database and in Python."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Into the database; SQLite keeps no zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Out of the database."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _text(name: str, *rest: Any, null: bool = False) -> Column[str]:
    return Column(name, Text, *rest, nullable=null)


def _time(name: str, *, null: bool = False) -> Column[datetime]:
    return Column(name, Utc, nullable=null)


def _sequence() -> Column[int]:
    """Rises with every row; the order of things is read from it, never from clocks."""
    return Column("sequence", Integer, primary_key=True, autoincrement=True)


NAMES = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

project = Table(
    "project",
    NAMES,
    Column("name", Text, primary_key=True),
    _text("title"),
    _text("owner"),
    _text("template"),
    _text("template_version"),
    _text("build_repository"),
    _text("deploy_repository"),
    Column("approvers", JSON, nullable=False),
    Column("four_eyes", Boolean, nullable=False),
    _text("retrain"),
    _time("created_at"),
    _text("created_by"),
    _text("host"),
    Column("answers", JSON, nullable=False),
)

undertaking = Table(
    "undertaking",
    NAMES,
    Column("project", Text, primary_key=True),
    _text("what"),
    _text("mark"),
    Column("wanted", JSON, nullable=False),
    Column("done", JSON, nullable=False),
    _time("started_at"),
    _text("started_by"),
)

ci_job = Table(
    "ci_job",
    NAMES,
    _sequence(),
    _text("project", ForeignKey(project.c.name)),
    _text("repository"),
    _text("what"),
    _text("branch"),
    _text("commit_hash"),
    _text("status"),
    _text("run", null=True),
    _text("said"),
    _text("ordered_by"),
    _time("ordered_at"),
    _time("started_at", null=True),
    _time("ended_at", null=True),
    Index(None, "project", "status"),
    sqlite_autoincrement=True,
)

webhook_delivery = Table(
    "webhook_delivery",
    NAMES,
    Column("host", Text, primary_key=True),
    Column("delivery", Text, primary_key=True),
    _text("event"),
    _time(
        "at",
    ),
)

run = Table(
    "run",
    NAMES,
    _sequence(),
    Column("id", Text, nullable=False, unique=True),
    _text("project", ForeignKey(project.c.name)),
    _text("pipeline"),
    Column("number", Integer, nullable=False),
    _text("definition", null=True),
    _text("repository"),
    _text("commit_hash"),
    _text("author"),
    _text("started_for"),
    _text("started_by"),
    Column("parameters", JSON, nullable=False),
    Column("version", Integer),
    _text("batch", null=True),
    _text("status"),
    _time("created_at"),
    _time("ended_at", null=True),
    _text("error", null=True),
    _text("key", null=True),
    _text("link"),
    UniqueConstraint("project", "pipeline", "number"),
    UniqueConstraint("key"),
    sqlite_autoincrement=True,
)

run_input = Table(
    "run_input",
    NAMES,
    Column("run", Text, ForeignKey(run.c.id), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("digest", Text, nullable=False, index=True),
)

artifact = Table(
    "artifact",
    NAMES,
    Column("digest", Text, primary_key=True),
    _text("kind"),
    Column("size", BigInteger, nullable=False),
    Column("files", Integer, nullable=False),
)

step_run = Table(
    "step_run",
    NAMES,
    Column("run", Text, ForeignKey(run.c.id), primary_key=True),
    Column("step", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    _text("kind"),
    _text("status"),
    Column("key", Text, index=True),
    Column("reused_from", Text, index=True),
    Column("usage", JSON),
    _text("environment", null=True),
    _text("source", null=True),
    _time("started_at", null=True),
    _time("ended_at", null=True),
    _text("error", null=True),
)

step_artifact = Table(
    "step_artifact",
    NAMES,
    Column("run", Text, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("direction", Text, primary_key=True),
    Column("port", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    ForeignKeyConstraint(["run", "step"], [step_run.c.run, step_run.c.step]),
    Index(None, "digest", "direction"),
)

version = Table(
    "version",
    NAMES,
    Column("project", Text, ForeignKey(project.c.name), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("run"),
    _text("step"),
    Column("metrics", JSON, nullable=False),
    _text("repository"),
    _text("commit_hash"),
    _text("environment"),
    _text("author"),
    Column("cost", Float, nullable=False),
    _text("manifest_digest"),
    _text("status"),
    _time("created_at"),
    Column("entries", Integer, nullable=False),
    Column("decided", Integer, nullable=False),
    ForeignKeyConstraint(["run", "step"], [step_run.c.run, step_run.c.step]),
    UniqueConstraint("run", "step"),
    Index(None, "project", "status", "decided"),
)

version_artifact = Table(
    "version_artifact",
    NAMES,
    Column("project", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("slot", Text, primary_key=True),
    Column("digest", Text, nullable=False, index=True),
    ForeignKeyConstraint(["project", "number"], [version.c.project, version.c.number]),
)

approval = Table(
    "approval",
    NAMES,
    _sequence(),
    _text("project"),
    Column("version", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    _time("at"),
    _text("who"),
    _text("status"),
    _text("reason"),
    _text("previous"),
    _text("hash"),
    ForeignKeyConstraint(["project", "version"], [version.c.project, version.c.number]),
    UniqueConstraint("project", "version", "number"),
    sqlite_autoincrement=True,
)

batch = Table(
    "batch",
    NAMES,
    Column("project", Text, ForeignKey(project.c.name), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("run"),
    _text("step"),
    Column("version", Integer, nullable=False),
    Column("first_day", Date),
    Column("last_day", Date),
    Column("row_count", BigInteger, nullable=False),
    _text("status"),
    _text("action"),
    Column("reasons", JSON, nullable=False),
    Column("revision", Integer, nullable=False),
    _time("created_at"),
    _text("released_by", null=True),
    _text("release_reason", null=True),
    _time("released_at", null=True),
    ForeignKeyConstraint(["run", "step"], [step_run.c.run, step_run.c.step]),
    ForeignKeyConstraint(["project", "version"], [version.c.project, version.c.number]),
    UniqueConstraint("run", "step"),
    Index(None, "project", "first_day", "last_day"),
)

batch_artifact = Table(
    "batch_artifact",
    NAMES,
    Column("project", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("port", Text, primary_key=True),
    Column("digest", Text, nullable=False, index=True),
    ForeignKeyConstraint(["project", "number"], [batch.c.project, batch.c.number]),
)

evaluation = Table(
    "evaluation",
    NAMES,
    _sequence(),
    _text("project"),
    Column("batch", Integer, nullable=False),
    _text("run"),
    _text("step"),
    Column("ground_truth", Text, nullable=False, index=True),
    Column("coverage", Float, nullable=False),
    _text("outcome"),
    _text("action"),
    Column("reasons", JSON, nullable=False),
    Column("metrics", JSON, nullable=False),
    _time("created_at"),
    ForeignKeyConstraint(["project", "batch"], [batch.c.project, batch.c.number]),
    ForeignKeyConstraint(["run", "step"], [step_run.c.run, step_run.c.step]),
    UniqueConstraint("run", "step"),
    Index(None, "project", "batch"),
    sqlite_autoincrement=True,
)

truth = Table(
    "truth",
    NAMES,
    _sequence(),
    _text("project", ForeignKey(project.c.name)),
    _text("digest"),
    Column("first_day", Date),
    Column("last_day", Date),
    Column("row_count", BigInteger, nullable=False),
    _text("who"),
    _time("at"),
    UniqueConstraint("project", "digest"),
    sqlite_autoincrement=True,
)

alert = Table(
    "alert",
    NAMES,
    _sequence(),
    Column("identity", Text, nullable=False, unique=True),
    _text("kind"),
    _text("project", ForeignKey(project.c.name)),
    _text("subject"),
    _text("what"),
    _time("at"),
    _text("summary"),
    Column("details", JSON, nullable=False),
    _text("link"),
    _text("report"),
    _text("occasion"),
    sqlite_autoincrement=True,
)

alert_delivery = Table(
    "alert_delivery",
    NAMES,
    Column("identity", Text, ForeignKey(alert.c.identity), primary_key=True),
    Column("channel", Text, primary_key=True),
    _time("first_at"),
    _time("next_at"),
    _time("sent_at", null=True),
    Column("attempts", Integer, nullable=False),
    _text("last_error", null=True),
    _text("claim", null=True),
    _time("claimed_until", null=True),
    Index(None, "channel", "sent_at"),
)

lease = Table(
    "lease",
    NAMES,
    Column("name", Text, primary_key=True),
    _text("owner", null=True),
    Column("token", Integer, nullable=False),
    _time("until"),
)

alembic_version = Table("alembic_version", MetaData(), Column("version_num", Text, primary_key=True))
