"""What a step's effects leave in the metadata, inside the transaction that ends the step."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, literal, select, union_all

from spalje.registry.batch import NewBatch
from spalje.registry.effect import Effect
from spalje.registry.version import NewVersion
from spalje.storage.metadata.batch_store import evaluate, publish
from spalje.storage.metadata.tables import batch, evaluation, version
from spalje.storage.metadata.version_store import register

_MADE = union_all(
    *(
        select(table.c.project, number.label("number"), literal(place).label("place")).where(
            table.c.run == bindparam("of"), table.c.step == bindparam("named")
        )
        for place, (table, number) in enumerate(
            ((version, version.c.number), (batch, batch.c.number), (evaluation, evaluation.c.batch))
        )
    )
).order_by("place")


def make_real(connection: Connection, effect: Effect, step: str, now: datetime) -> None:
    """Write an effect of a step.

    Raises:
        NotFound: it is about a project, version or batch that is not there.
        BadInput: a metric is not a finite number.
    """
    if isinstance(effect, NewVersion):
        register(connection, effect, step, now)
    elif isinstance(effect, NewBatch):
        publish(connection, effect, step, now)
    else:
        evaluate(connection, effect, step, now)


def ids_made_by(connection: Connection, run_id: str, step: str) -> tuple[str, ...]:
    """The ids of the versions and batches that a step made, and of the batches it evaluated."""
    rows = connection.execute(_MADE, {"of": run_id, "named": step})
    return tuple(f"{row.project}/{row.number}" for row in rows)
