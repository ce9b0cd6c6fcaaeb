"""Versions kept in a bare repository of Git: commits made of files, on no branch, and tags that name them."""

import uuid
from collections.abc import Mapping
from pathlib import Path

from spalje.project.git import resolve
from spalje.project.git_program import git, run


def store(repository: Path, files: Mapping[str, tuple[int, bytes]], message: str) -> str:
    """Make a commit of files, on no branch; the same files and message give the same commit.

    Args:
        repository: a bare repository.
        files: path -> mode (``0o100644``, ``0o100755``, ``0o120000`` of a link) and content.
        message: the commit's.

    Returns:
        The commit's hash.

    Raises:
        BadInput: Git could not.
    """
    aside = f"refs/spalje/{uuid.uuid4().hex}"
    stream = [
        f"commit {aside}\ncommitter Spalje <spalje@localhost> 0 +0000\n".encode(),
        _data(message.encode()),
    ]
    for path, (mode, content) in sorted(files.items()):
        quoted = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        stream += [f'M {mode:o} inline "{quoted}"\n'.encode(), _data(content)]
    git("fast-import", "--quiet", "--date-format=raw", folder=repository, stdin=b"".join(stream))
    try:
        return resolve(repository, aside)
    finally:
        git("update-ref", "-d", aside, folder=repository)


def tag(repository: Path, name: str, sha: str) -> bool:
    """Tag a commit, unless there is a tag of that name.

    Args:
        repository: which.
        name: the tag's.
        sha: the commit.

    Returns:
        Whether it was done; False: there is such a tag, and it stays what it is.
    """
    words = ("update-ref", f"refs/tags/{name}", sha, "0" * len(sha))
    return run(words, folder=repository).returncode == 0


def _data(content: bytes) -> bytes:
    return f"data {len(content)}\n".encode() + content + b"\n"


def tags(repository: Path, prefix: str = "") -> dict[str, str]:
    """Name of a tag, without the prefix -> its commit's hash.

    Args:
        repository: which.
        prefix: how the names begin, such as ``forecasting/``.

    Raises:
        BadInput: there is no such repository.
    """
    said = git(
        "for-each-ref", "--format=%(objectname) %(*objectname) %(refname)", f"refs/tags/{prefix}", folder=repository
    )  # fmt: skip
    found = {}
    for line in said.decode(errors="replace").splitlines():
        own, peeled, name = line.split(" ", 2)
        found[name.removeprefix(f"refs/tags/{prefix}")] = peeled or own
    return found


def fetch_tags(repository: Path, source: str, environ: Mapping[str, str] | None = None) -> None:
    """Bring the tags of another repository into a bare one; those that are gone there go here, too.

    Args:
        repository: the bare repository.
        source: a path or an address.
        environ: variables for Git, see ``spalje.project.git_hosts.port.Remote``.

    Raises:
        BadInput: Git could not.
    """
    git(
        "fetch", "--quiet", "--prune", "--no-auto-maintenance", "--no-recurse-submodules", "--end-of-options",
        source, "+refs/tags/*:refs/tags/*", folder=repository, environ=environ, timeout_s=60.0,
    )  # fmt: skip
