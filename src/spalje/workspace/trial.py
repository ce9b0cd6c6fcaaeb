"""A copy of a workspace in which something can be tried out: what happens there changes nothing here."""

import os
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import tomlkit

from spalje.errors import BadInput
from spalje.storage.artifacts import INCOMING
from spalje.workspace.workspace import MARK, Workspace

#: What a trial shares with the workspace: what is never changed once it is there.
_SHARED = ("artifacts", "sources")


@contextmanager
def trial(workspace: Workspace, inputs: Mapping[str, Mapping[str, str]] | None = None) -> Iterator[Path]:
    """A copy beside the workspace, gone at the end of the block; it sends no alerts, and knows no hosts.

    Artifacts and checked-out commits are linked, so that it costs little.

    Args:
        workspace: what is copied.
        inputs: project -> input -> where the copy has it, beside what the workspace's settings say; see ``Settings``.

    Raises:
        BadInput: the workspace's metadata are not in a file.
    """
    database = workspace.folder / "metadata.db"
    if workspace.settings.metadata_url or not database.is_file():
        raise BadInput(
            f"The metadata of {workspace.folder} are in a database of their own, of which no copy is made.",
            do="Try it in a workspace with SQLite: one that a project was created in on this machine.",
        )
    with TemporaryDirectory(prefix=".trial-", dir=workspace.folder, ignore_cleanup_errors=True) as name:
        place = Path(name)
        settings = {"inputs": _merged(workspace, inputs or {})}
        (place / MARK).write_text(
            f"# A copy, to try something out.\n{tomlkit.dumps(settings)}", encoding="utf-8"
        )
        with (
            closing(sqlite3.connect(database)) as one,
            closing(sqlite3.connect(place / database.name)) as other,
        ):
            one.backup(other)
        for shared in _SHARED:
            if (workspace.folder / shared).is_dir():
                shutil.copytree(
                    workspace.folder / shared,
                    place / shared,
                    copy_function=os.link,
                    symlinks=True,
                    ignore=shutil.ignore_patterns(INCOMING),
                )
        yield place


def _merged(workspace: Workspace, inputs: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Where a copy has inputs: relative paths of the settings still start at the workspace."""
    own = {
        project: {name: _absolute(workspace, place) for name, place in each.items()}
        for project, each in workspace.settings.inputs.items()
    }
    return {project: {**own.get(project, {}), **inputs.get(project, {})} for project in {*own, *inputs}}


def _absolute(workspace: Workspace, place: str) -> str:
    return (
        place
        if place.startswith(("package:", "sha256:"))
        else str(workspace.folder / Path(place).expanduser())
    )
