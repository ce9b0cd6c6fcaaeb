"""Artifacts, recorded: kind, size and number of files; the content lies in the artifact store."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, insert, select

from spalje.lineage.run import Artifact
from spalje.storage.metadata.tables import artifact as table

_KNOWN = select(table.c.digest).where(table.c.digest.in_(bindparam("digests", expanding=True)))
_ONE = select(table).where(table.c.digest == bindparam("wanted"))


def add_artifacts(connection: Connection, artifacts: Iterable[Artifact]) -> None:
    """Record artifacts; one that is recorded stays as it was recorded first."""
    new = {artifact.digest: artifact for artifact in artifacts}
    if not new:
        return
    for digest in connection.execute(_KNOWN, {"digests": list(new)}).scalars():
        new.pop(digest)
    if new:
        rows = [
            {"digest": one.digest, "kind": one.kind, "size": one.size, "files": one.files}
            for one in new.values()
        ]
        connection.execute(insert(table), rows)


def find_artifact(connection: Connection, digest: str) -> Artifact | None:
    """The artifact of that digest, None when it was never recorded."""
    row = connection.execute(_ONE, {"wanted": digest}).first()
    return Artifact(row.digest, row.kind, row.size, row.files) if row else None
