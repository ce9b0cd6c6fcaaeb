"""A Git host that is a folder and keeps to the port's sentences; and one that misbehaves."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spalje.errors import Conflict
from spalje.project import git
from spalje.project.git_hosts.failure import HostFailed
from spalje.project.git_hosts.port import GitHost, PullRequest, Remote, Repository


@dataclass(frozen=True)
class FolderHost:
    """Bare repositories, ``NAME.git``, each with ``NAME.json`` beside it: what else the host was told."""

    folder: Path
    name: str = "folder"

    def find(self, repository: str) -> Repository | None:
        if not self._bare(repository).is_dir():
            return None
        return Repository(
            repository,
            str(self._bare(repository)),
            str(self._bare(repository)),
            self.told(repository)["description"],
        )

    def create(self, repository: str, description: str) -> Repository:
        if self._bare(repository).is_dir():
            raise Conflict(f"There is a repository {repository} already.")
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = self.folder / f".{repository}"
        shutil.rmtree(aside, ignore_errors=True)
        git.init_bare(aside)
        self._tell(
            repository,
            {"description": description, "variables": {}, "secrets": {}, "protected": [], "announced": []},
        )
        aside.rename(self._bare(repository))
        return Repository(repository, str(self._bare(repository)), str(self._bare(repository)), description)

    def delete(self, repository: str) -> None:
        if self._bare(repository).is_dir():
            away = self.folder / f".{repository}.deleted"
            shutil.rmtree(away, ignore_errors=True)
            self._bare(repository).rename(away)
        (self.folder / f"{repository}.json").unlink(missing_ok=True)
        shutil.rmtree(self.folder / f".{repository}.deleted", ignore_errors=True)

    def remote(self, repository: str) -> Remote:
        return Remote(str(self._bare(repository)))

    def protect(self, repository: str, branch: str) -> None:
        self._change(
            repository,
            lambda told: told["protected"].append(branch) if branch not in told["protected"] else None,
        )

    def set_variable(self, repository: str, name: str, value: str, *, secret: bool) -> None:
        self._change(
            repository, lambda told: told["secrets" if secret else "variables"].update({name: value})
        )

    def announce(self, repository: str, project: str, role: str) -> None:
        wanted = [project, role]
        self._change(
            repository,
            lambda told: told["announced"].append(wanted) if wanted not in told["announced"] else None,
        )

    def propose(self, repository: str, source: str, target: str, title: str, body: str) -> PullRequest:
        raise NotImplementedError

    def pull_requests(self, repository: str) -> tuple[PullRequest, ...]:
        return ()

    def trigger(self, repository: str, branch: str, variables: Mapping[str, str]) -> str:
        raise NotImplementedError

    def told(self, repository: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / f"{repository}.json").read_text())
        return found

    def state(self) -> dict[str, Any]:
        """Everything that is on the host."""
        if not self.folder.is_dir():
            return {}
        names = sorted(path.stem for path in self.folder.iterdir() if not path.name.startswith("."))
        return {
            name: {"told": self.told(name), "main": git.tip(str(self._bare(name)))}
            for name in dict.fromkeys(names)
        }

    def _bare(self, repository: str) -> Path:
        return self.folder / f"{repository}.git"

    def _change(self, repository: str, change: Callable[[dict[str, Any]], object]) -> None:
        told = self.told(repository)
        change(told)
        self._tell(repository, told)

    def _tell(self, repository: str, told: Mapping[str, Any]) -> None:
        aside = self.folder / f".{repository}.json"
        aside.write_text(json.dumps(told, sort_keys=True))
        aside.replace(self.folder / f"{repository}.json")


#: The verbs that change something.
CHANGING = ("create", "delete", "protect", "set_variable", "announce")


@dataclass
class Disturbed:
    """A host whose changing verbs are disturbed: ``before`` and ``after`` are told the number of the call, from 1 on."""

    host: GitHost
    before: Callable[[int], None] = field(default=lambda number: None)
    after: Callable[[int], None] = field(default=lambda number: None)
    calls: int = 0

    def __getattr__(self, verb: str) -> Any:
        found = getattr(self.host, verb)
        if verb not in CHANGING:
            return found

        def disturbed(*words: Any, **more: Any) -> Any:
            self.calls += 1
            number = self.calls
            self.before(number)
            answer = found(*words, **more)
            self.after(number)
            return answer

        return disturbed


def fail_at(wanted: int) -> Callable[[int], None]:
    """The call of that number fails."""

    def disturb(number: int) -> None:
        if number == wanted:
            raise HostFailed("folder did not answer.", do="Look whether it runs.")

    return disturb
