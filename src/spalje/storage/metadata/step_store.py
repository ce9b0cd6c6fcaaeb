"""Step runs, recorded: and the one transaction in which what a step did becomes real."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from spalje.errors import Conflict, NotFound
from spalje.lineage.lease import Lease
from spalje.lineage.run import Artifact, Status, StepRun, Usage
from spalje.registry.effect import Effect
from spalje.storage.metadata.artifact_rows import add_artifacts
from spalje.storage.metadata.database import Database
from spalje.storage.metadata.effects import ids_made_by, make_real
from spalje.storage.metadata.lease_store import fence
from spalje.storage.metadata.run_store import begin_run
from spalje.storage.metadata.tables import run as run_table
from spalje.storage.metadata.tables import step_artifact as edge
from spalje.storage.metadata.tables import step_run as table

_OF_RUN = select(table).where(table.c.run == bindparam("of")).order_by(table.c.position)
_ONE = select(table).where(table.c.run == bindparam("of"), table.c.step == bindparam("named"))
_EDGES = select(edge).where(edge.c.run == bindparam("of")).order_by(edge.c.port)
_STATUS = (
    select(table.c.status)
    .where(table.c.run == bindparam("of"), table.c.step == bindparam("named"))
    .with_for_update()
)
_BY_KEY = (
    select(table)
    .join(run_table, run_table.c.id == table.c.run)
    .where(
        table.c.key == bindparam("wanted"),
        table.c.status == Status.SUCCEEDED,
        table.c.reused_from.is_(None),
    )
    .order_by(run_table.c.sequence.desc())
    .limit(1)
)
_BY_KEY_IN = _BY_KEY.where(run_table.c.project == bindparam("project"))
_UPDATE = (
    update(table)
    .where(table.c.run == bindparam("of"), table.c.step == bindparam("named"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                "status", "key", "reused_from", "usage", "environment", "source", "started_at", "ended_at", "error",
            )
        }
    )
)  # fmt: skip
_DROP_EDGES = delete(edge).where(edge.c.run == bindparam("of"), edge.c.step == bindparam("named"))
_ADD_EDGES = insert(edge)


@dataclass(frozen=True, slots=True)
class StepStore:
    """The step runs of all runs. Whoever writes holds the step's lease."""

    database: Database

    def all(self, run_id: str) -> dict[str, StepRun]:
        """The step runs of a run by name, in the recipe's order; none for a run that has none."""
        with self.database.read() as connection:
            found = load_steps(connection, connection.execute(_OF_RUN, {"of": run_id}).mappings())
        return {step_run.step: step_run for step_run in found}

    def start(self, step_run: StepRun, lease: Lease) -> None:
        """Record that a step is being executed, with the inputs it reads.

        Raises:
            NotFound: there is no such step run.
            Conflict: the lease was lost, or the step has succeeded meanwhile.
        """
        self._write(step_run, Status.RUNNING, lease, durable=False)

    def end(self, step_run: StepRun, lease: Lease) -> None:
        """Record that a step failed, was cancelled or was skipped, as its status says.

        Raises:
            NotFound: there is no such step run.
            Conflict: the lease was lost, or the step has succeeded meanwhile.
        """
        self._write(step_run, step_run.status, lease, durable=True)

    def succeed(
        self, step_run: StepRun, artifacts: Sequence[Artifact], effects: Sequence[Effect], lease: Lease
    ) -> tuple[str, ...]:
        """Make real what a step did: its success, outputs, lineage and effects, all or nothing.

        Args:
            step_run: as it ended, with outputs and ``ended_at``.
            artifacts: the outputs that were stored.
            effects: versions to register, batches to publish, evaluations of batches.
            lease: the step's.

        Returns:
            The ids of what the effects made (``<project>/<number>`` of a version or batch, the
            batch's for an evaluation). For a step that had succeeded before: of what it made then.

        Raises:
            NotFound: there is no such step run, or an effect is about something that is not there.
            Conflict: the lease was lost.
            BadInput: a metric is not a finite number.
        """
        now = step_run.ended_at
        if now is None:
            raise ValueError(f"{step_run.run}/{step_run.step} succeeds without ended_at")
        with self.database.write() as connection:
            fence(connection, lease)
            if _status(connection, step_run) is not Status.SUCCEEDED:
                add_artifacts(connection, artifacts)
                _record(connection, step_run, Status.SUCCEEDED)
                for effect in effects:
                    make_real(connection, effect, step_run.step, now)
            return ids_made_by(connection, step_run.run, step_run.step)

    def find(self, project: str | None, key: str) -> StepRun | None:
        """The latest execution in a project (None: in any) that succeeded with a key; None when there is none."""
        with self.database.read() as connection:
            statement = _BY_KEY if project is None else _BY_KEY_IN
            rows = connection.execute(statement, {"project": project, "wanted": key}).mappings()
            found = load_steps(connection, rows)
        return found[0] if found else None

    def _write(self, step_run: StepRun, status: Status, lease: Lease, *, durable: bool) -> None:
        with self.database.write(durable=durable) as connection:
            fence(connection, lease)
            if _status(connection, step_run) is Status.SUCCEEDED:
                raise Conflict(
                    f"Step '{step_run.step}' of {step_run.run} has succeeded meanwhile: it cannot be {status}.",
                    do=f"See what it did with `spalje run show {step_run.run}`.",
                )
            _record(connection, step_run, status)


def load_steps(connection: Connection, found: Iterable[Any]) -> tuple[StepRun, ...]:
    """Step runs with their inputs and outputs, in the order of their rows."""
    rows = list(found)
    edges: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    for run_id in {row["run"] for row in rows}:
        for one in connection.execute(_EDGES, {"of": run_id}):
            edges[one.run, one.step, one.direction][one.port] = one.digest
    return tuple(
        StepRun(
            run=row["run"],
            step=row["step"],
            kind=row["kind"],
            status=Status(row["status"]),
            key=row["key"],
            reused_from=row["reused_from"],
            inputs=edges[row["run"], row["step"], "in"],
            outputs=edges[row["run"], row["step"], "out"],
            usage=Usage(**row["usage"]) if row["usage"] else None,
            environment=row["environment"],
            source=row["source"],
            started_at=row["started_at"],
            ended_at=row["ended_at"],
            error=row["error"],
        )
        for row in rows
    )


def get_step(connection: Connection, run_id: str, step: str) -> StepRun:
    """One step run.

    Raises:
        NotFound: there is none.
    """
    found = load_steps(connection, connection.execute(_ONE, {"of": run_id, "named": step}).mappings())
    if not found:
        raise _unknown(connection, run_id, step)
    return found[0]


def _status(connection: Connection, step_run: StepRun) -> Status:
    row = connection.execute(_STATUS, {"of": step_run.run, "named": step_run.step}).first()
    if row is None:
        raise _unknown(connection, step_run.run, step_run.step)
    return Status(row.status)


def _unknown(connection: Connection, run_id: str, step: str) -> NotFound:
    known = [row.step for row in connection.execute(_OF_RUN, {"of": run_id})]
    return NotFound(f"step of run {run_id}", step, known)


def _record(connection: Connection, step_run: StepRun, status: Status) -> None:
    """Write everything about a step run, its inputs and outputs included."""
    begin_run(connection, step_run.run)
    place = {"of": step_run.run, "named": step_run.step}
    connection.execute(
        _UPDATE,
        {
            **place,
            "new_status": status,
            "new_key": step_run.key,
            "new_reused_from": step_run.reused_from,
            "new_usage": asdict(step_run.usage) if step_run.usage else None,
            "new_environment": step_run.environment,
            "new_source": step_run.source,
            "new_started_at": step_run.started_at,
            "new_ended_at": step_run.ended_at,
            "new_error": step_run.error,
        },
    )
    rows = [
        {"run": step_run.run, "step": step_run.step, "direction": direction, "port": port, "digest": digest}
        for direction, ports in (("in", step_run.inputs), ("out", step_run.outputs))
        for port, digest in ports.items()
    ]
    connection.execute(_DROP_EDGES, place)
    if rows:
        connection.execute(_ADD_EDGES, rows)
