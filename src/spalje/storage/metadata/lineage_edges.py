"""The edges of the lineage graph, as questions to the database.

Every statement gives rows of (source, target, port, run, pinned), oldest first. ``_ABOVE`` finds what
a node came from, ``_BELOW`` what came of it. What a run as a whole was given leads into the run, but
not back out of what it was given: that way leads through the steps which read it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    bindparam,
    cast,
    exists,
    false,
    literal,
    select,
)

from spalje.lineage.graph import Edge
from spalje.storage.metadata.tables import (
    batch,
    batch_artifact,
    evaluation,
    run,
    run_input,
    step_artifact,
    step_run,
    version,
    version_artifact,
)

_Column = ColumnElement[Any]

_original = step_run.alias("original")


def edges_above(connection: Connection, kind: str, values: Mapping[str, str | int]) -> Iterator[Edge]:
    """What a node came from.

    Args:
        connection: in a transaction.
        kind: the node's.
        values: ``digest`` of an artifact; ``of`` (the run) of a run or evaluation; ``of`` and
            ``named`` of a step; ``of`` (the project) and ``number`` of a model version or batch.
    """
    return _edges(connection, _ABOVE[kind], values)


def edges_below(connection: Connection, kind: str, values: Mapping[str, str | int]) -> Iterator[Edge]:
    """What came of a node; arguments as for ``edges_above``."""
    return _edges(connection, _BELOW[kind], values)


def _edges(
    connection: Connection, statements: tuple[Select[Any], ...], values: Mapping[str, str | int]
) -> Iterator[Edge]:
    for statement in statements:
        for row in connection.execute(statement, values):
            yield Edge(row.source, row.target, row.port, row.run, bool(row.pinned))


def _select(
    source: _Column, target: _Column, port: Any, of: _Column, pinned: _Column | None = None
) -> Select[Any]:
    columns = (
        source.label("source"),
        target.label("target"),
        _as_column(port).label("port"),
        of.label("run"),
    )
    return select(*columns, (false() if pinned is None else pinned).label("pinned"))


def _as_column(port: Any) -> _Column:
    return literal(port) if isinstance(port, str) else port


def _artifact(digest: _Column) -> _Column:
    return literal("artifact:") + digest


def _step(table: Any) -> _Column:
    identity: _Column = literal("step:") + table.c.run + literal("/") + table.c.step
    return identity


def _numbered(kind: str, project: _Column, number: _Column) -> _Column:
    return literal(f"{kind}:") + project + literal("/") + cast(number, Text)


def _pinned(of: _Column, digest: _Column) -> _Column:
    return exists().where(run_input.c.run == of, run_input.c.digest == digest)


def _flows(table: Any, of: _Column, target: _Column, port: _Column) -> Select[Any]:
    """From an artifact into what reads it or is made of it."""
    return _select(_artifact(table.c.digest), target, port, of, _pinned(of, table.c.digest))


_inputs = _flows(step_artifact, step_artifact.c.run, _step(step_artifact), step_artifact.c.port).where(
    step_artifact.c.direction == "in"
)
_outputs = _select(
    _step(step_artifact), _artifact(step_artifact.c.digest), step_artifact.c.port, step_artifact.c.run
).where(step_artifact.c.direction == "out")
_slots = (
    _flows(
        version_artifact,
        version.c.run,
        _numbered("model", version_artifact.c.project, version_artifact.c.number),
        version_artifact.c.slot,
    )
    .select_from(version_artifact)
    .join(
        version,
        (version.c.project == version_artifact.c.project) & (version.c.number == version_artifact.c.number),
    )
)
_parts = (
    _flows(
        batch_artifact,
        batch.c.run,
        _numbered("batch", batch_artifact.c.project, batch_artifact.c.number),
        batch_artifact.c.port,
    )
    .select_from(batch_artifact)
    .join(batch, (batch.c.project == batch_artifact.c.project) & (batch.c.number == batch_artifact.c.number))
)
_evaluation = literal("evaluation:") + evaluation.c.run
_truth = _select(
    _artifact(evaluation.c.ground_truth),
    _evaluation,
    "ground_truth",
    evaluation.c.run,
    _pinned(evaluation.c.run, evaluation.c.ground_truth),
)
_run = literal("run:") + run.c.id
_given = _select(
    _artifact(run_input.c.digest), literal("run:") + run_input.c.run, run_input.c.name, run_input.c.run
)
_executed = _select(literal("run:") + step_run.c.run, _step(step_run), "run", step_run.c.run)
_reused = (
    _select(_step(_original), _step(step_run), "reused", step_run.c.run)
    .select_from(step_run)
    .join(_original, (_original.c.run == step_run.c.reused_from) & (_original.c.key == step_run.c.key))
)
_registered = _select(
    _step(version), _numbered("model", version.c.project, version.c.number), "registered", version.c.run
)
_predicted = _select(
    _numbered("model", batch.c.project, batch.c.version),
    _numbered("batch", batch.c.project, batch.c.number),
    "version",
    batch.c.run,
)
_published = _select(
    _step(batch), _numbered("batch", batch.c.project, batch.c.number), "decided", batch.c.run
)
_judged = _select(
    _numbered("batch", evaluation.c.project, evaluation.c.batch), _evaluation, "batch", evaluation.c.run
)
_concluded = _select(_step(evaluation), _evaluation, "decided", evaluation.c.run)
_with_version = _select(_numbered("model", run.c.project, run.c.version), _run, "version", run.c.id).where(
    run.c.version.is_not(None)
)
_about_batch = _select(literal("batch:") + run.c.batch, _run, "batch", run.c.id).where(
    run.c.batch.is_not(None)
)


def _of_step(statement: Select[Any], table: Any) -> Select[Any]:
    return statement.where(table.c.run == bindparam("of"), table.c.step == bindparam("named"))


def _of_number(statement: Select[Any], table: Any, number: _Column) -> Select[Any]:
    return statement.where(table.c.project == bindparam("of"), number == bindparam("number"))


def _of_digest(statement: Select[Any], column: _Column) -> Select[Any]:
    return statement.where(column == bindparam("digest"))


_ABOVE: Mapping[str, tuple[Select[Any], ...]] = {
    "artifact": (
        _of_digest(_outputs, step_artifact.c.digest)
        .join(run, run.c.id == step_artifact.c.run)
        .order_by(run.c.sequence),
    ),
    "step": (_of_step(_inputs, step_artifact), _of_step(_executed, step_run), _of_step(_reused, step_run)),
    "run": (
        _given.where(run_input.c.run == bindparam("of")),
        _with_version.where(run.c.id == bindparam("of")),
        _about_batch.where(run.c.id == bindparam("of")),
    ),
    "model": (
        _of_number(_slots, version, version.c.number),
        _of_number(_registered, version, version.c.number),
    ),
    "batch": (
        _of_number(_parts, batch, batch.c.number),
        _of_number(_published, batch, batch.c.number),
        _of_number(_predicted, batch, batch.c.number),
    ),
    "evaluation": tuple(
        statement.where(evaluation.c.run == bindparam("of")) for statement in (_truth, _judged, _concluded)
    ),
}

_BELOW: Mapping[str, tuple[Select[Any], ...]] = {
    "artifact": (
        _of_digest(_inputs, step_artifact.c.digest),
        _of_digest(_slots, version_artifact.c.digest),
        _of_digest(_parts, batch_artifact.c.digest),
        _of_digest(_truth, evaluation.c.ground_truth),
    ),
    "step": (
        _of_step(_outputs, step_artifact),
        _of_step(_registered, version),
        _of_step(_published, batch),
        _of_step(_concluded, evaluation),
        _of_step(_reused, _original),
    ),
    "run": (_executed.where(step_run.c.run == bindparam("of")),),
    "model": (_of_number(_predicted, batch, batch.c.version),),
    "batch": (_of_number(_judged, evaluation, evaluation.c.batch),),
    "evaluation": (),
}
