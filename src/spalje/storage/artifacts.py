"""The artifact store in a folder: immutable file trees named by the hash of their content.

``<root>/<digest[:2]>/<digest>/manifest.json`` and ``files/``; what is being written lies in
``<root>/incoming``. A tree becomes visible by one rename, after everything in it has reached the
disk, so there is never half an artifact.
"""

import errno
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from spalje.errors import NotFound, SpaljeError
from spalje.lineage.run import Artifact
from spalje.storage import tree
from spalje.storage.manifest import Manifest

#: The folder of what is not stored yet.
INCOMING = "incoming"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def _threads() -> Executor:
    """Threads to read with and to wait for the disk; they start when first needed."""
    return ThreadPoolExecutor(max_workers=max(4, os.cpu_count() or 1), thread_name_prefix="artifacts")


@dataclass(frozen=True, slots=True)
class Artifacts:
    """The artifact store in one folder.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     artifacts = Artifacts(Path(folder))
        ...     scratch = artifacts.scratch()
        ...     _ = (scratch / "answer.txt").write_text("42")
        ...     stored = artifacts.put(scratch, "folder")
        ...     (artifacts.open(stored.digest) / "answer.txt").read_text()
        '42'
    """

    root: Path
    _pool: Executor = field(default_factory=_threads, init=False, repr=False, compare=False)
    _verified: dict[str, object] = field(default_factory=dict, init=False, repr=False, compare=False)

    def scratch(self) -> Path:
        """A new empty folder on the store's file system, for nobody else to read."""
        with _explained(self.root):
            self._incoming.mkdir(parents=True, exist_ok=True, mode=0o700)
            return Path(tempfile.mkdtemp(dir=self._incoming))

    def put(self, folder: Path, kind: str) -> Artifact:
        """Store a folder made inside ``scratch()``; it is moved away from there.

        Folders without files are dropped, files become read-only. What is stored already is kept.

        Raises:
            BadInput: it holds a symbolic link or a special file.
            SpaljeError: the disk is full, or something cannot be read or written.
            ValueError: the folder is not inside ``scratch()``.
        """
        if not folder.resolve().is_relative_to(self._incoming.resolve()):
            raise ValueError(f"{folder} is not inside scratch(): use copy()")
        with _explained(folder):
            tree.seal(folder)
            return self._store(folder, tree.describe(folder, self._pool), kind)

    def copy(self, path: Path, kind: str) -> Artifact:
        """Store a copy of a file or folder from outside, read once.

        Raises:
            BadInput: it is or holds something else than regular files and folders, or was
                written to meanwhile.
            SpaljeError: it is not there or cannot be read, or the disk is full.
        """
        scratch = self.scratch()
        try:
            with _explained(path):
                hashes = tree.copy(path.resolve(strict=True), scratch / "files")
                return self._store(
                    scratch / "files", tree.describe(scratch / "files", self._pool, hashes), kind
                )
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def open(self, digest: str) -> Path:
        """The folder with an artifact's files, after checking that they are what was stored.

        The content is read once per process as long as the files stay untouched.

        Raises:
            NotFound: no artifact has that digest.
            Corrupt: a file was changed, is missing or was added.
        """
        manifest = self.manifest(digest)
        files = self._folder(digest) / "files"
        with _explained(files):
            signature = tree.signature(files)
            if signature is None or self._verified.get(digest) != signature:
                tree.verify(files, manifest, self._pool)
                self._verified[digest] = signature
        return files

    def manifest(self, digest: str) -> Manifest:
        """The list of an artifact's files, with sizes and hashes.

        Raises:
            NotFound: no artifact has that digest.
            Corrupt: the list is missing or not the one that was stored.
        """
        folder = self._folder(digest)
        if not folder.is_dir():
            raise self._unknown(digest)
        with _explained(folder):
            return Manifest.read(folder / "manifest.json", digest)

    def digests(self) -> Iterator[str]:
        """The digests of all artifacts, in order."""
        for prefix in _entries(self.root):
            if len(prefix.name) == 2:
                yield from (entry.name for entry in _entries(prefix) if _DIGEST.fullmatch(entry.name))

    def remove(self, digest: str) -> None:
        """Remove an artifact, at once or not at all.

        Raises:
            NotFound: no artifact has that digest.
        """
        aside = self.scratch()
        try:
            self._folder(digest).rename(aside / digest)
        except FileNotFoundError:
            raise self._unknown(digest) from None
        finally:
            self._verified.pop(digest, None)
            shutil.rmtree(aside, ignore_errors=True)

    def sweep(self, older_than_s: float) -> int:
        """Remove what interrupted writers left behind.

        Args:
            older_than_s: leave alone what was touched within so many seconds.

        Returns:
            How many folders were removed.
        """
        until = time.time() - older_than_s
        leftovers = [entry for entry in _entries(self._incoming) if entry.stat().st_mtime <= until]
        for entry in leftovers:
            shutil.rmtree(entry, ignore_errors=True)
        return len(leftovers)

    @property
    def _incoming(self) -> Path:
        return self.root / INCOMING

    def _folder(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise self._unknown(digest)
        return self.root / digest[:2] / digest

    def _unknown(self, digest: str) -> NotFound:
        return NotFound("artifact", digest, islice(self.digests(), 20))

    def _store(self, folder: Path, manifest: Manifest, kind: str) -> Artifact:
        """Make the folder's files visible under the manifest's digest, all at once."""
        artifact = Artifact(manifest.digest, kind, manifest.size, len(manifest.files))
        target = self._folder(artifact.digest)
        if target.exists():
            self.open(artifact.digest)
            shutil.rmtree(folder)
            return artifact
        staging = self.scratch()
        try:
            folder.rename(staging / "files")
            (staging / "manifest.json").write_bytes(manifest.to_json())
            (staging / "manifest.json").chmod(0o444)
            staging.chmod(0o755)
            tree.fsync(staging, self._pool)
            signature = tree.signature(staging / "files")
            if self._reveal(staging, target):
                self._verified[artifact.digest] = signature
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        return artifact

    def _reveal(self, staging: Path, target: Path) -> bool:
        """Rename into place; False when somebody else stored the same content first."""
        if not target.parent.exists():
            target.parent.mkdir(exist_ok=True)
            tree.fsync_one(self.root)
        try:
            staging.rename(target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            return False
        tree.fsync_one(target.parent)
        return True


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Failures of the operating system as sentences for a person."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise SpaljeError(
                f"There is no space left to store {path} ({error.strerror}).",
                do="Free some on the workspace's disk (`df -h`), then run again; nothing half-written is kept.",
            ) from error
        raise SpaljeError(
            f"{error.filename or path} cannot be used: {error.strerror}.",
            do="Check that it exists and who may read and write it.",
        ) from error
