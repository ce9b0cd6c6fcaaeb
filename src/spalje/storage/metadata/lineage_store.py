"""The record, read as lineage."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, union_all

from spalje.errors import NotFound
from spalje.lineage.graph import Edge, Node
from spalje.lineage.run import Artifact, Run, StepRun
from spalje.registry.batch import Batch, Evaluation
from spalje.registry.version import ModelVersion
from spalje.storage.metadata.artifact_rows import find_artifact
from spalje.storage.metadata.batch_store import BatchStore
from spalje.storage.metadata.database import Database
from spalje.storage.metadata.lineage_edges import edges_above, edges_below
from spalje.storage.metadata.run_store import RunStore
from spalje.storage.metadata.step_store import get_step
from spalje.storage.metadata.tables import (
    artifact,
    batch_artifact,
    evaluation,
    run_input,
    step_artifact,
    version_artifact,
)
from spalje.storage.metadata.version_store import VersionStore

_MENTIONED = union_all(
    *(
        select(column.label("digest")).where(column == bindparam("digest"))
        for column in (
            run_input.c.digest,
            step_artifact.c.digest,
            version_artifact.c.digest,
            batch_artifact.c.digest,
            evaluation.c.ground_truth,
        )
    )
).limit(1)
_SOME_ARTIFACTS = select(artifact.c.digest).limit(20)
_SOME_EVALUATIONS = select(evaluation.c.run).order_by(evaluation.c.sequence.desc()).limit(20)
_JUDGED = select(evaluation.c.project, evaluation.c.batch).where(evaluation.c.run == bindparam("of"))


@dataclass(frozen=True, slots=True)
class LineageStore:
    """What came from what. It is a ``spalje.lineage.trace.Source``."""

    database: Database

    def artifact(self, digest: str) -> Artifact:
        """What is recorded about an artifact.

        Raises:
            NotFound: no run wrote or was given one of that digest.
        """
        with self.database.read() as connection:
            found = find_artifact(connection, digest)
            if found is None:
                raise NotFound("artifact", digest, connection.execute(_SOME_ARTIFACTS).scalars())
            return found

    def producers(self, digest: str) -> tuple[StepRun, ...]:
        """The step runs that gave an artifact out, oldest first."""
        with self.database.read() as connection:
            found = edges_above(connection, "artifact", {"digest": digest})
            return tuple(get_step(connection, *_of_step(edge.source)) for edge in list(found))

    def consumers(self, digest: str) -> tuple[StepRun, ...]:
        """The step runs that read an artifact."""
        with self.database.read() as connection:
            found = edges_below(connection, "artifact", {"digest": digest})
            steps = sorted({edge.target for edge in found if edge.target.startswith("step:")})
            return tuple(get_step(connection, *_of_step(step)) for step in steps)

    def versions_with(self, digest: str) -> tuple[ModelVersion, ...]:
        """The model versions that an artifact is part of or was made from."""
        return VersionStore(self.database).using(digest)

    def batches_with(self, digest: str) -> tuple[Batch, ...]:
        """The batches that an artifact is part of."""
        return BatchStore(self.database).using(digest)

    def node(self, identity: str) -> Node:
        """See ``spalje.lineage.trace.Source``."""
        kind, _, name = identity.partition(":")
        if kind not in _NODES:
            raise NotFound("kind of thing", kind, _NODES)
        return Node(identity, *_NODES[kind](self.database, name))

    def above(self, identity: str) -> tuple[Edge, ...]:
        """See ``spalje.lineage.trace.Source``."""
        return self._edges(edges_above, identity)

    def below(self, identity: str) -> tuple[Edge, ...]:
        """See ``spalje.lineage.trace.Source``."""
        return self._edges(edges_below, identity)

    def _edges(
        self, find: Callable[[Connection, str, Mapping[str, str | int]], Iterator[Edge]], identity: str
    ) -> tuple[Edge, ...]:
        kind, _, name = identity.partition(":")
        with self.database.read() as connection:
            return tuple(find(connection, kind, _values(kind, name)))


def _values(kind: str, name: str) -> dict[str, str | int]:
    """The values that tell a node from the others of its kind."""
    if kind == "artifact":
        return {"digest": name}
    if kind in ("run", "evaluation"):
        return {"of": name}
    front, _, last = name.rpartition("/")
    return {"of": front, "named": last} if kind == "step" else {"of": front, "number": int(last)}


def _of_step(identity: str) -> tuple[str, str]:
    run, _, step = identity.removeprefix("step:").rpartition("/")
    return run, step


def _artifact_node(database: Database, digest: str) -> tuple[str, dict[str, Any]]:
    with database.read() as connection:
        found = find_artifact(connection, digest)
        if found is None and connection.execute(_MENTIONED, {"digest": digest}).first() is None:
            raise NotFound("artifact", digest, connection.execute(_SOME_ARTIFACTS).scalars())
    if found is None:
        return f"artifact {digest[:12]}", {"digest": digest}
    facts = {"digest": digest, "kind": found.kind, "size": found.size, "files": found.files}
    return f"{found.kind} {digest[:12]}", facts


def _step_node(database: Database, name: str) -> tuple[str, dict[str, Any]]:
    run, step = _of_step(name)
    with database.read() as connection:
        found = get_step(connection, run, step)
    facts = {
        "run": found.run,
        "step": found.step,
        "kind": found.kind,
        "status": str(found.status),
        "key": found.key,
        "reused_from": found.reused_from,
        "source": found.source,
        "environment": found.environment,
        "ended_at": found.ended_at.isoformat() if found.ended_at else None,
    }
    return f"{found.run} {found.step}", facts


def _run_node(database: Database, name: str) -> tuple[str, dict[str, Any]]:
    found: Run = RunStore(database).get(name)
    facts = {
        "repository": found.repository,
        "commit": found.commit,
        "author": found.author,
        "trigger": found.trigger,
        "started_by": found.started_by,
        "parameters": dict(found.parameters),
        "status": str(found.status),
        "created_at": found.created_at.isoformat(),
    }
    return f"{found.id} at commit {found.commit[:10]}", facts


def _model_node(database: Database, name: str) -> tuple[str, dict[str, Any]]:
    project, _, number = name.rpartition("/")
    found = VersionStore(database).get(project, int(number) if number.isdigit() else -1)
    facts = {
        "status": str(found.status),
        "metrics": dict(found.content.metrics),
        "manifest": found.content.manifest_digest,
        "commit": found.content.commit,
        "author": found.content.author,
        "created_at": found.created_at.isoformat(),
    }
    return f"model {found.id} ({found.status})", facts


def _batch_node(database: Database, name: str) -> tuple[str, dict[str, Any]]:
    found = BatchStore(database).get(name)
    content = found.content
    facts = {
        "status": str(content.status),
        "version": content.version,
        "first": content.first.isoformat() if content.first else None,
        "last": content.last.isoformat() if content.last else None,
        "rows": content.rows,
        "action": content.action,
        "revision": found.revision,
        "created_at": found.created_at.isoformat(),
    }
    return f"batch {found.id} ({content.status})", facts


def _evaluation_node(database: Database, name: str) -> tuple[str, dict[str, Any]]:
    with database.read() as connection:
        row = connection.execute(_JUDGED, {"of": name}).first()
        if row is None:
            raise NotFound("evaluation", name, connection.execute(_SOME_EVALUATIONS).scalars())
    found: Evaluation = next(
        one for one in BatchStore(database).evaluations(f"{row.project}/{row.batch}") if one.run == name
    )
    facts = {
        "batch": found.batch,
        "outcome": found.outcome,
        "action": found.action,
        "coverage": found.coverage,
        "metrics": dict(found.metrics),
    }
    return f"evaluation of batch {found.batch} ({found.outcome})", facts


_NODES: Mapping[str, Callable[[Database, str], tuple[str, dict[str, Any]]]] = {
    "artifact": _artifact_node,
    "step": _step_node,
    "run": _run_node,
    "model": _model_node,
    "batch": _batch_node,
    "evaluation": _evaluation_node,
}
