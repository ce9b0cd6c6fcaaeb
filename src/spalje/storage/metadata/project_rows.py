"""Every row that belongs to a project: counted, and deleted in the order that foreign keys allow."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, func, select, update

from spalje.errors import Refused
from spalje.storage.metadata.tables import (
    alert,
    alert_delivery,
    batch,
    ci_job,
    lease,
    project,
    run,
    run_input,
    step_artifact,
    step_run,
    truth,
    version,
)

#: What a person is told of, by the noun that the commands use.
_COUNTED = {"run": run, "CI job": ci_job, "delivery of ground truth": truth, "alert": alert}
#: The record of what was decided and published, which is never erased.
_KEPT = {"model version": version, "batch": batch}


def count_rows(connection: Connection, name: str) -> Mapping[str, int]:
    """How many runs, CI jobs, deliveries of ground truth and alerts a project has; where there are none, nothing."""
    return _counts(connection, _COUNTED, name)


def refuse_if_kept(connection: Connection, name: str) -> None:
    """Refuse to erase a record that must be kept.

    Raises:
        Refused: the project has model versions or batches.
    """
    kept = _counts(connection, _KEPT, name)
    if kept:
        said = " and ".join(plural(noun, count) for noun, count in kept.items())
        raise Refused(
            f"Project '{name}' has {said}: the record of what was decided and published is not erased.",
            do="Let it rest instead: take it out of your schedules, and reject its versions so that none serves.",
        )


def delete_rows(connection: Connection, name: str) -> None:
    """Delete a project and every row that belongs to it; artifacts stay, for they may be shared.

    Steps of other projects that reused a step of this one stand for themselves from then on.
    """
    runs = select(run.c.id).where(run.c.project == name).scalar_subquery()
    alerts = select(alert.c.identity).where(alert.c.project == name).scalar_subquery()
    connection.execute(
        update(step_run)
        .where(step_run.c.reused_from.in_(runs), step_run.c.run.not_in(runs))
        .values(reused_from=None)
    )
    belonging: tuple[tuple[Table, ColumnElement[bool]], ...] = (
        (alert_delivery, alert_delivery.c.identity.in_(alerts)),
        (alert, alert.c.project == name),
        (truth, truth.c.project == name),
        (ci_job, ci_job.c.project == name),
        (step_artifact, step_artifact.c.run.in_(runs)),
        (step_run, step_run.c.run.in_(runs)),
        (run_input, run_input.c.run.in_(runs)),
        (run, run.c.project == name),
        (lease, _of_project(lease.c.name, name)),
        (project, project.c.name == name),
    )
    for table, condition in belonging:
        connection.execute(delete(table).where(condition))


def plural(noun: str, count: int) -> str:
    """A number of things in words.

    Example:
        >>> plural("batch", 2), plural("delivery of ground truth", 3), plural("run", 1)
        ('2 batches', '3 deliveries of ground truth', '1 run')
    """
    if count == 1:
        return f"1 {noun}"
    first, *rest = noun.split(" of ")
    many = (
        f"{first[:-1]}ies" if first.endswith("y") else f"{first}es" if first.endswith("ch") else f"{first}s"
    )
    return f"{count:,} {' of '.join((many, *rest))}"


def _counts(connection: Connection, tables: Mapping[str, Table], name: str) -> Mapping[str, int]:
    found = {
        noun: connection.execute(
            select(func.count()).select_from(table).where(table.c.project == name)
        ).scalar_one()
        for noun, table in tables.items()
    }
    return {noun: count for noun, count in found.items() if count}


def _of_project(column: Column[Any], name: str) -> ColumnElement[bool]:
    """The leases of a project's pipelines and steps, ``KIND/PROJECT/…``, and of its CI."""
    pipelines, steps = (
        column.startswith(f"{kind}/{name}/", autoescape=True) for kind in ("pipeline", "step")
    )
    return pipelines | steps | (column == f"ci/{name}")
