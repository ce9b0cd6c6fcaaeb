"""``spalje artifact``: immutable file trees, by the hash of their content."""

from cyclopts import App

from spalje.cli.options import Common
from spalje.cli.output import console, print_json, table
from spalje.errors import NotFound, UsageError
from spalje.storage.artifacts import Artifacts

app = App(name="artifact", help="Artifacts: where one is, what it holds, whether it is sound.")


@app.command
def show(digest: str, *, common: Common = Common()) -> None:
    """What an artifact holds and where it lies; its hash is checked first.

    Args:
        digest: the artifact's SHA-256, or the first digits of it.
    """
    workspace = common.open()
    full = full_digest(workspace.artifacts, digest)
    folder = workspace.artifacts.open(full)
    files = workspace.artifacts.manifest(full).files
    if common.json:
        print_json({"digest": full, "folder": str(folder), "files": files})
        return
    console().print(f"{full} is sound, at {folder}")
    console().print(
        table(("file", "bytes", "sha-256"), [(file.path, file.size, file.sha256[:16]) for file in files])
    )


@app.command
def path(digest: str, *, common: Common = Common()) -> None:
    """Only the folder, for use in other commands.

    Args:
        digest: the artifact's SHA-256, or the first digits of it.
    """
    workspace = common.open()
    print(workspace.artifacts.open(full_digest(workspace.artifacts, digest)))  # noqa: T201


def full_digest(artifacts: Artifacts, start: str) -> str:
    """The digest that begins with ``start``.

    Raises:
        NotFound: none does.
        UsageError: several do, or ``start`` is shorter than four digits.
    """
    if len(start) < 4:
        raise UsageError(
            f"'{start}' is too short for an artifact.", do="Give at least the first four digits."
        )
    found = [digest for digest in artifacts.digests() if digest.startswith(start)]
    if not found:
        raise NotFound("artifact", start, artifacts.digests())
    if len(found) > 1:
        raise UsageError(f"{len(found)} artifacts begin with '{start}'.", do="Give more digits.")
    return found[0]
