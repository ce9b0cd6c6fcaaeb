"""Environments that were made: kept by key, made once, used by many at once, collected when unused.

On disk, a key has a folder with what was made, the marker ``made.json`` (written last: without it the folder is
rubbish), and a file per project, whose time says when it was last used there. The lock stands beside the folder:
shared while a program runs in the environment, exclusive while it is made or removed. The programs that make it
inherit the lock, so that it is held until the last of them has ended even if we are killed.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

MADE = "made.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """An environment in the store.

    Attributes:
        key: what it is called there.
        kind: ``uv`` or ``container``; ``unfinished`` where making it did not come to an end.
        size: bytes of its files, also of those that it shares with uv's cache.
        made_at: when, UTC.
        used_at: when it was last used, UTC.
        projects: those that use it.
        in_use: whether it is being used or made right now.
        facts: what making it left: the image's name.
    """

    key: str
    kind: str
    size: int
    made_at: datetime
    used_at: datetime
    projects: tuple[str, ...]
    in_use: bool
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EnvironmentStore:
    """The folder of a workspace's environments."""

    folder: Path

    def home(self, key: str) -> Path:
        """The folder of an environment."""
        return self.folder / key

    def log(self, key: str) -> Path:
        """What the programs that make an environment print."""
        return self.folder / f"{key}.log"

    def made(self, key: str) -> dict[str, Any] | None:
        """What making an environment left; None when it is not there whole."""
        try:
            return dict(json.loads((self.home(key) / MADE).read_text(encoding="utf-8")))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def make(self, key: str, kind: str, build: Callable[[Path, int], dict[str, Any]]) -> None:
        """Make an environment unless it is there; of many that ask at once one makes it, and the others wait.

        Args:
            key: what it is called.
            kind: ``uv`` or ``container``.
            build: given an empty folder, and the descriptor of the lock for its programs to inherit; says what it
                made: at least its ``size`` in bytes.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked(key, fcntl.LOCK_EX) as lock:
            if self.made(key) is not None:
                return
            home = self.home(key)
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir()
            facts = {**build(home, lock), "kind": kind, "made_at": datetime.now(UTC).isoformat()}
            aside = home / f"{MADE}.aside"
            with aside.open("w", encoding="utf-8") as marker:
                json.dump(facts, marker)
                marker.flush()
                os.fsync(marker.fileno())
            aside.replace(home / MADE)

    @contextmanager
    def used(self, key: str, project: str, make: Callable[[], None]) -> Iterator[dict[str, Any]]:
        """What making an environment left; it is made if need be, and not removed while the context lasts.

        Args:
            key: what it is called.
            project: who uses it; may be blank.
            make: makes it.
        """
        while True:
            if self.made(key) is None:
                make()
            with self._locked(key, fcntl.LOCK_SH):
                facts = self.made(key)
                if facts is None:
                    continue  # collected between the two
                self._note(key, project)
                yield facts
                return

    def discard(self, key: str) -> None:
        """Forget that an environment was made: what it stood for is gone."""
        (self.home(key) / MADE).unlink(missing_ok=True)

    def all(self) -> tuple[Kept, ...]:
        """All environments, the one used last first."""
        if not self.folder.is_dir():
            return ()
        found = [self._kept(home) for home in self.folder.iterdir() if home.is_dir()]
        return tuple(sorted(found, key=lambda kept: kept.used_at, reverse=True))

    def collect(
        self, unused: timedelta, now: datetime, remove: Callable[[Kept], bool], *, dry: bool = False
    ) -> tuple[Kept, ...]:
        """Remove what nobody has used for long; nothing that is in use.

        Args:
            unused: for how long.
            now: the time, UTC.
            remove: removes what stands outside the store; says whether it could.
            dry: only say what would be removed.

        Returns:
            What was removed, or would be.
        """
        gone = []
        for kept in self.all():
            if kept.in_use or now - kept.used_at < unused:
                continue
            if dry or self._remove(kept, unused, now, remove):
                gone.append(kept)
        return tuple(gone)

    def _remove(self, kept: Kept, unused: timedelta, now: datetime, remove: Callable[[Kept], bool]) -> bool:
        with self._locked(kept.key, fcntl.LOCK_EX | fcntl.LOCK_NB) as lock:
            if lock < 0 or now - self._used_at(self.home(kept.key)) < unused or not remove(kept):
                return False
            self.discard(kept.key)
            shutil.rmtree(self.home(kept.key))
            self.log(kept.key).unlink(missing_ok=True)
            self._lock_file(kept.key).unlink(missing_ok=True)
            return True

    def _kept(self, home: Path) -> Kept:
        facts = self.made(home.name) or {"kind": "unfinished", "size": 0}
        with self._locked(home.name, fcntl.LOCK_EX | fcntl.LOCK_NB) as lock:
            in_use = lock < 0
        used_at = self._used_at(home)
        projects = home / "projects"
        return Kept(
            key=home.name,
            kind=facts["kind"],
            size=facts["size"],
            made_at=datetime.fromisoformat(facts["made_at"]) if "made_at" in facts else used_at,
            used_at=used_at,
            projects=tuple(sorted(each.name for each in projects.glob("[!-]*"))),
            in_use=in_use,
            facts=facts,
        )

    def _used_at(self, home: Path) -> datetime:
        """When an environment was last used; when it was made if it never was."""
        marks = [home, home / MADE, *(home / "projects").glob("*")]
        times = [mark.stat().st_mtime for mark in marks if mark.exists()]
        return datetime.fromtimestamp(max(times, default=0.0), UTC)

    def _note(self, key: str, project: str) -> None:
        mark = self.home(key) / "projects" / (project or "-")
        mark.parent.mkdir(exist_ok=True)
        mark.touch()

    def _lock_file(self, key: str) -> Path:
        return self.folder / f"{key}.lock"

    @contextmanager
    def _locked(self, key: str, how: int) -> Iterator[int]:
        """Hold the lock of a key; its descriptor, or -1 where it is held by others and we do not wait."""
        while True:
            lock = os.open(self._lock_file(key), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                try:
                    fcntl.flock(lock, how)
                except BlockingIOError:
                    yield -1
                    return
                if not self._is(lock, self._lock_file(key)):
                    continue  # removed while we waited: that file locks nothing any more
                yield lock
                return
            finally:
                os.close(lock)

    @staticmethod
    def _is(lock: int, file: Path) -> bool:
        try:
            return os.path.samestat(os.fstat(lock), file.stat())
        except FileNotFoundError:
            return False


def size_of(folder: Path) -> int:
    """The bytes of all files below a folder."""
    return sum((Path(where) / name).lstat().st_size for where, _, names in os.walk(folder) for name in names)
