"""File trees on disk: walked, hashed, copied, sealed and compared with their manifest."""

import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import TypeVar

from spalje.errors import BadInput, Corrupt
from spalje.storage.manifest import File, Manifest

#: Trees with more bytes or files than this are read by several threads.
_FEW_BYTES, _FEW_FILES = 4 << 20, 16
_CHUNK = 1 << 20

_Result = TypeVar("_Result")


def regular_files(folder: Path) -> dict[str, os.stat_result]:
    """Relative path -> status of every file below a folder, sorted by path.

    Raises:
        BadInput: there is a symbolic link, a device or another special file, or a name that is not UTF-8.
    """
    found: dict[str, os.stat_result] = {}
    folders = [(folder, "")]
    while folders:
        here, prefix = folders.pop()
        with os.scandir(here) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                path = prefix + entry.name
                if stat.S_ISDIR(status.st_mode):
                    folders.append((Path(entry.path), path + "/"))
                elif stat.S_ISREG(status.st_mode):
                    found[_utf8(path, folder)] = status
                else:
                    what = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "a special file"
                    raise BadInput(
                        f"{entry.path} is {what}; an artifact holds regular files only.",
                        do="Copy what it stands for, or leave it out.",
                    )
    return dict(sorted(found.items()))


def describe(folder: Path, pool: Executor, hashes: Mapping[str, str] | None = None) -> Manifest:
    """The manifest of what is in a folder.

    Args:
        folder: the tree.
        pool: threads to read with when there is much to read.
        hashes: relative path -> SHA-256, where they are known already.

    Raises:
        BadInput: see ``regular_files``; or a file was written to while it was read.
    """
    files = regular_files(folder)
    if hashes is None:
        size = sum(status.st_size for status in files.values())
        digests = _side_by_side(pool, lambda path: _sha256(folder / path), files, size)
        hashes = dict(zip(files, digests, strict=True))
    return Manifest(tuple(File(path, status.st_size, hashes[path]) for path, status in files.items()))


def verify(folder: Path, manifest: Manifest, pool: Executor) -> None:
    """Read every file and compare it with the manifest.

    Args:
        folder: the tree.
        manifest: what it should be.
        pool: threads to read with when there is much to read.

    Raises:
        Corrupt: a file is missing, was added, or is not what was stored; says which, what its
            SHA-256 should be and what it is.
    """
    wrong = _difference(folder, manifest, pool)
    if wrong:
        raise Corrupt(
            f"Artifact {manifest.digest} was damaged: {wrong}.",
            do=f"Restore {folder.parent} from a backup, or remove it and make it again.",
        )


def _difference(folder: Path, manifest: Manifest, pool: Executor) -> str | None:
    try:
        there = regular_files(folder)
    except (BadInput, FileNotFoundError) as error:
        return str(error).rstrip(".")
    expected = {file.path: file for file in manifest.files}
    for path in sorted(expected.keys() ^ there.keys()):
        return f"{folder / path} {'is missing' if path in expected else 'does not belong to it'}"
    found = _side_by_side(pool, lambda path: _sha256(folder / path), expected, manifest.size)
    for (path, file), sha256 in zip(expected.items(), found, strict=True):
        if sha256 != file.sha256:
            return (
                f"{folder / path} has {there[path].st_size} bytes instead of {file.size}, "
                f"and its SHA-256 should be {file.sha256} and is {sha256}"
            )
    return None


def signature(folder: Path) -> tuple[tuple[str, int, int, int, int], ...] | None:
    """What tells an untouched tree from a touched one without reading it; None when it is no sound tree."""
    try:
        files = regular_files(folder)
    except (BadInput, FileNotFoundError):
        return None
    return tuple(
        (path, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        for path, status in files.items()
    )


def copy(source: Path, target: Path) -> dict[str, str]:
    """Copy a file or folder into a new folder, reading it once.

    Returns:
        Relative path -> SHA-256.

    Raises:
        BadInput: see ``regular_files``; or a file was written to while it was copied.
    """
    names = [source.name] if source.is_file() else list(regular_files(source))
    home = source.parent if source.is_file() else source
    target.mkdir()
    return {name: _copy_file(home / name, target / name) for name in names}


def seal(folder: Path) -> None:
    """Make files read-only and nobody else's (no hard links), and drop folders without files."""
    folder.chmod(0o755)
    for here, folders, files in os.walk(folder):
        for path in (Path(here, name) for name in folders):
            if not path.is_symlink():
                path.chmod(0o755)
        for path in (Path(here, name) for name in files):
            if path.is_file() and not path.is_symlink():
                _own(path)
    for here, _, _ in os.walk(folder, topdown=False):
        if Path(here) != folder and not any(Path(here).iterdir()):
            Path(here).rmdir()


def fsync(folder: Path, pool: Executor) -> None:
    """Make everything below a folder, and the folder itself, survive a loss of power.

    Several threads wait for the disk together, which takes it not much longer than one.
    """
    files = regular_files(folder)
    folders = {str(parent) for name in files for parent in Path(name).parents} | {"."}
    list(pool.map(lambda name: fsync_one(folder / name), [*files, *sorted(folders)]))


def fsync_one(path: Path) -> None:
    """Make one file or the list of one folder's entries survive a loss of power."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _own(path: Path) -> None:
    if path.stat().st_nlink > 1:
        aside = path.with_name(f".{os.getpid()}.{path.name}"[:200])
        shutil.copyfile(path, aside)
        aside.replace(path)
    path.chmod(0o444)


def _copy_file(source: Path, target: Path) -> str:
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(_CHUNK))
    with source.open("rb", buffering=0) as read, target.open("xb") as write:
        before = os.fstat(read.fileno())
        while count := read.readinto(buffer):
            digest.update(buffer[:count])
            write.write(buffer[:count])
        _untouched(source, before, os.fstat(read.fileno()))
    target.chmod(0o444)
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb", buffering=0) as file:
        before = os.fstat(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        _untouched(path, before, os.fstat(file.fileno()))
    return digest


def _untouched(path: Path, before: os.stat_result, after: os.stat_result) -> None:
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise BadInput(
            f"{path} was written to while it was read.", do="Let its writer finish, then try again."
        )


def _side_by_side(
    pool: Executor, function: Callable[[str], _Result], paths: Iterable[str], size: int
) -> list[_Result]:
    """Apply a function to every path, in several threads when there is much to read."""
    names = list(paths)
    if len(names) < 2 or (size <= _FEW_BYTES and len(names) <= _FEW_FILES):
        return [function(name) for name in names]
    return list(pool.map(function, names))


def _utf8(path: str, folder: Path) -> str:
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise BadInput(
            f"{folder} holds a file whose name is not UTF-8: {path!r}.", do="Rename it."
        ) from error
    return path
