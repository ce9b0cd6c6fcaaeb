"""Connections to the metadata database: SQLite in a local folder, or PostgreSQL."""

import json
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from spalje.errors import BadInput

#: How long SQLite waits for another writer, seconds.
BUSY_SECONDS = 5.0

#: File systems shared between hosts: SQLite's write-ahead log must not lie on them
#: (https://sqlite.org/wal.html, "All processes using a database must be on the same host computer").
NETWORK_FILE_SYSTEMS = frozenset(
    (
        "nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afs", "ncpfs", "ceph", "fuse.ceph", "fuse.ceph-fuse",
        "glusterfs", "fuse.glusterfs", "lustre", "gpfs", "beegfs", "orangefs", "pvfs2", "ocfs2", "gfs2",
        "fuse.sshfs", "fuse.s3fs", "fuse.mount-s3", "fuse.rclone", "fuse.gcsfuse", "fuse.blobfuse2", "fuse.juicefs",
    )
)  # fmt: skip


def engine_for(url: str) -> Engine:
    """The engine for a database URL; no connection is made yet.

    Args:
        url: ``sqlite:////absolute/path/metadata.db`` or ``postgresql+psycopg://…``.

    Raises:
        BadInput: the URL is not one of those, its driver is not installed, or a SQLite file
            would lie on a network file system.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(parsed)
        if parsed.get_backend_name() == "postgresql":
            return create_engine(parsed, json_serializer=_json, pool_pre_ping=True)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise BadInput(
            f"The metadata database cannot be opened: {error}.",
            do="Write postgresql+psycopg://USER@HOST/DATABASE and install psycopg, or leave metadata_url empty.",
        ) from error
    raise BadInput(
        f"The metadata database cannot be {parsed.get_backend_name()}; sqlite and postgresql+psycopg are allowed.",
        do="Change metadata_url in settings.toml.",
    )


def file_system(folder: Path, mounts: str) -> str:
    """The type of the file system that a folder lies on.

    Args:
        folder: absolute, without symbolic links.
        mounts: the text of ``/proc/mounts``.

    Returns:
        For example ``ext4`` or ``nfs4``; "" when the mounts do not say.

    Example:
        >>> mounts = ["/dev/sda / ext4 rw 0 0", "server:/home /home nfs4 rw 0 0"]
        >>> file_system(Path("/home/eva/workspace"), chr(10).join(mounts))
        'nfs4'
    """
    best = ("", "")
    for line in mounts.splitlines():
        _, place, kind, *_ = line.split(" ")
        place = place.replace("\\040", " ")
        if folder.is_relative_to(place) and len(place) >= len(best[0]):
            best = (place, kind)
    return best[1]


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise BadInput(
            "The metadata database needs a file.", do="Write sqlite:////absolute/path/metadata.db."
        )
    folder = Path(url.database).absolute().parent.resolve()
    mounts = Path("/proc/mounts")
    kind = file_system(folder, mounts.read_text(encoding="utf-8")) if mounts.exists() else ""
    if kind in NETWORK_FILE_SYSTEMS:
        raise BadInput(
            f"{folder} lies on a network file system ({kind}), where SQLite loses data.",
            do="Move the workspace to a local disk, or set metadata_url to a PostgreSQL database.",
        )
    engine = create_engine(
        url, json_serializer=_json, connect_args={"timeout": BUSY_SECONDS, "isolation_level": None}
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, _: Any) -> None:
    _use_write_ahead_log(connection)
    for pragma in ("synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch it on; while others do the same, SQLite says that it is locked without waiting as it does elsewhere."""
    patience = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > patience:
                raise
            time.sleep(0.01)
        else:
            break
    if mode != "wal":
        raise BadInput(
            f"The metadata database cannot keep a write-ahead log where it lies (its journal is {mode!r}).",
            do="Move the workspace to a local disk, or set metadata_url to a PostgreSQL database.",
        )


def _begin(connection: Connection) -> None:
    synchronous = connection.get_execution_options().get("synchronous")
    if synchronous is None:
        connection.exec_driver_sql("BEGIN")
    else:
        connection.exec_driver_sql(f"PRAGMA synchronous = {synchronous}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
