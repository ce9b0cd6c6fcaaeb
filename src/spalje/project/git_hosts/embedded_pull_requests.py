"""Pull requests of the embedded host: a file each, in the bare repository itself."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from spalje.errors import BadInput
from spalje.project import git
from spalje.project.git_hosts.port import PullRequest


@dataclass(frozen=True, slots=True)
class _Record:
    """One pull request: what is written down; what became of it is derived from Git."""

    request: PullRequest
    commit: str


@dataclass(frozen=True, slots=True)
class EmbeddedPullRequests:
    """The pull requests of a bare repository, ``<repository>.git/spalje/pull-requests/<number>.json``.

    Attributes:
        path: the bare repository.
        repository: its short name.
    """

    path: Path
    repository: str

    def propose(self, source: str, target: str, title: str, body: str) -> PullRequest:
        """See that one is open.

        Raises:
            NotFound: a branch is not there.
            BadInput: the target has all that the source has.
        """
        commit = git.resolve(self.path, f"refs/heads/{source}")
        if git.is_ancestor(self.path, commit, git.resolve(self.path, f"refs/heads/{target}")):
            raise BadInput(f"{target} of {self.repository} has everything that {source} has.")
        with self._alone():
            known = self.all()
            there = next(
                (one for one in known if (one.source, one.target, one.state) == (source, target, "open")),
                None,
            )
            request = PullRequest(
                self.repository,
                there.number if there else 1 + max((one.number for one in known), default=0),
                f"git -C {self.path} log --patch {target}..{source}",
                source,
                target,
                title,
                body,
                "open",
            )
            self._write(_Record(request, commit))
        return request

    def open(self) -> tuple[PullRequest, ...]:
        """Those that are open, oldest first."""
        return tuple(one for one in self.all() if one.state == "open")

    def all(self) -> tuple[PullRequest, ...]:
        """All that there ever were, oldest first, each as it is now."""
        files = sorted(self._folder.glob("*.json"), key=lambda file: int(file.stem))
        return tuple(self._as_it_is(self._read(file)) for file in files)

    @property
    def _folder(self) -> Path:
        return self.path / "spalje" / "pull-requests"

    def _as_it_is(self, record: _Record) -> PullRequest:
        """What Git says has become of it; what has ended stays so, and is written down."""
        request = record.request
        if request.state != "open":
            return request
        tip = git.branch(self.path, request.source)
        target = git.branch(self.path, request.target)
        commit = tip or record.commit
        if target is not None and git.is_ancestor(self.path, commit, target):
            request = replace(request, state="merged")
        elif tip is None or target is None:
            request = replace(request, state="closed")
        if request.state != "open" or commit != record.commit:
            self._write(_Record(request, commit))
        return request

    @staticmethod
    def _read(file: Path) -> _Record:
        said = json.loads(file.read_text(encoding="utf-8"))
        return _Record(PullRequest(**said["request"]), said["commit"])

    def _write(self, record: _Record) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"{record.request.number}.json"
        aside = file.with_suffix(".writing")
        aside.write_text(json.dumps(asdict(record), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        aside.replace(file)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Two that propose at once wait for each other."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
