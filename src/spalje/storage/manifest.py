"""The manifest of a file tree: every file's path, size and SHA-256. Its own hash names the tree."""

import json
from dataclasses import dataclass
from pathlib import Path

from spalje.errors import Corrupt
from spalje.fingerprint import canonical, fingerprint


@dataclass(frozen=True, slots=True, order=True)
class File:
    """A regular file of a tree.

    Attributes:
        path: relative to the tree, with ``/``.
        size: bytes.
        sha256: of the content, 64 hexadecimal digits.
    """

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The files of a tree, sorted by path; folders without files do not count.

    Example:
        >>> Manifest(()).digest[:12], Manifest((File("a.txt", 0, "e3b0"),)).digest[:12]
        ('45dd9756664e', '9726d12659c0')
    """

    files: tuple[File, ...]

    @property
    def digest(self) -> str:
        """The SHA-256 that names the tree."""
        return fingerprint(self._plain())

    @property
    def size(self) -> int:
        """Bytes in all files together."""
        return sum(file.size for file in self.files)

    def to_json(self) -> bytes:
        """As canonical JSON: ``{"files": [[path, size, sha256], ...], "format": 1}``."""
        return canonical(self._plain())

    @classmethod
    def read(cls, path: Path, digest: str) -> "Manifest":
        """Read one that must have the given digest.

        Raises:
            Corrupt: it is missing, or not the one that was written.
        """
        remedy = f"Restore {path.parent} from a backup, or remove it and make it again."
        try:
            manifest = cls(tuple(File(*entry) for entry in json.loads(path.read_bytes())["files"]))
            found = manifest.digest
        except FileNotFoundError as error:
            raise Corrupt(f"{path} is missing.", do=remedy) from error
        except (ValueError, TypeError, KeyError) as error:
            raise Corrupt(f"{path} is not a manifest any more: {error}.", do=remedy) from error
        if found != digest:
            raise Corrupt(f"{path} was changed: its SHA-256 should be {digest} and is {found}.", do=remedy)
        return manifest

    def _plain(self) -> dict[str, object]:
        return {"format": 1, "files": [[file.path, file.size, file.sha256] for file in self.files]}
