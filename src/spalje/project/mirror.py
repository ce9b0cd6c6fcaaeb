"""Mirrors of repositories on other machines: a run needs its commits here, also while the host is down."""

import fcntl
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from spalje.errors import BadInput
from spalje.project import git
from spalje.project.git_hosts.port import Remote


@dataclass(frozen=True, slots=True)
class Mirrors:
    """Bare mirrors, ``<folder>/<host>/<path>.git`` each, that follow their repositories when asked.

    Commits stay, also when a branch that had them is deleted or rewritten.

    Attributes:
        folder: where the mirrors are; made when the first one is.
        remote: how Git reaches the repository of an address.
    """

    folder: Path
    remote: Callable[[str], Remote]

    def local(self, repository: str, ref: str) -> Path:
        """Where the commit of a repository can be read.

        A commit that is here is not asked for again; a branch or a tag always is, for it may have moved.

        Args:
            repository: an address; a path is returned as it is.
            ref: a branch, a tag, or a full or shortened hash.

        Raises:
            BadInput: the host could not be reached, or refused.
        """
        if "://" not in repository:
            return Path(repository)
        mirror = self._path(repository)
        if git.has_commit(mirror, ref):
            return mirror
        with _alone(mirror.with_suffix(".lock")):
            if git.has_commit(mirror, ref):  # somebody else fetched it while we waited
                return mirror
            remote = self.remote(repository)
            if not mirror.is_dir():
                self._start(mirror)
            git.fetch(mirror, remote.url, remote.environ)
        return mirror

    def _path(self, url: str) -> Path:
        parts = urlsplit(url)
        host = f"{parts.hostname or 'host'}{f'-{parts.port}' if parts.port else ''}"
        names = [host, *parts.path.removesuffix(".git").strip("/").split("/")]
        if not all(re.fullmatch(r"~?[A-Za-z0-9][A-Za-z0-9._-]*", name) for name in names):
            raise BadInput(f"{url} is not the address of a repository.")
        path = self.folder.joinpath(*names)
        return path.with_name(f"{path.name}.git")

    @staticmethod
    def _start(mirror: Path) -> None:
        aside = Path(tempfile.mkdtemp(prefix=".new-", dir=mirror.parent))
        try:
            git.init_bare(aside)
            aside.rename(mirror)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One process at a time: two that fetch into the same repository would fight for its branches."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
