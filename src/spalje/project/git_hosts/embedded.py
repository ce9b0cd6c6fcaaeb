"""The embedded host: bare repositories in a folder, pushes announced by a hook of Git's."""

import shlex
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from spalje.errors import BadInput, Conflict
from spalje.project import git
from spalje.project.git_hosts.embedded_pull_requests import EmbeddedPullRequests
from spalje.project.git_hosts.port import PullRequest, Remote, Repository
from spalje.project.git_hosts.repository_name import check_repository
from spalje.project.hook import HookSpec, Role
from spalje.settings import EMBEDDED

#: Git runs it after a push, with a line ``old new ref`` for each branch on standard input.
HOOK = """\
#!/bin/sh
# Written by Spaljé when the repository was made: tells it what was pushed, unless it pushed itself.
test -z "$SPALJE_QUEUED" || exit 0
exec {words}
"""
#: Set where the push comes from this workspace, which queues what is to be done about it without a hook's process.
QUEUED = "SPALJE_QUEUED"
#: Git runs it before each branch of a push, with the words ``ref old new``.
GUARD = """\
#!/bin/sh
# Written by Spaljé: nobody deletes a protected branch or rewrites its history.
git config --get-all spalje.protected | grep -qxF "$1" || exit 0
case "$3" in *[!0]*) ;; *) echo "spalje: $1 is protected: it cannot be deleted." >&2; exit 1 ;; esac
case "$2" in *[!0]*) ;; *) exit 0 ;; esac
git merge-base --is-ancestor "$2" "$3" && exit 0
echo "spalje: $1 is protected: its history cannot be rewritten. Pull, then push again." >&2
exit 1
"""


#: Starts CI for an approval: (repository, branch, variables) -> what was started, for a person.
Order = Callable[[str, str, Mapping[str, str]], str]


def _nobody(repository: str, branch: str, variables: Mapping[str, str]) -> str:
    raise BadInput(
        f"Nothing here builds {repository} ({branch}) for {variables.get('SPALJE_MODEL_VERSION', 'an approval')}.",
        do="Open the host through the workspace, which has a queue of jobs.",
    )


@dataclass(frozen=True, slots=True)
class EmbeddedHost:
    """Repositories in a folder, ``<name>.git`` each. CI runs in the workspace.

    Attributes:
        folder: where they are; made when the first one is.
        hook: what every push calls; None: ``announce`` cannot be asked for.
        order: starts CI for an approval.
    """

    folder: Path
    hook: HookSpec | None = None
    order: Order = _nobody

    @property
    def name(self) -> str:
        """See ``spalje.project.git_hosts.port.GitHost``."""
        return EMBEDDED

    def find(self, repository: str) -> Repository | None:
        """See the port. What the repository says of itself is in Git's own file ``description``."""
        path = self._path(check_repository(repository))
        if not path.is_dir():
            return None
        file = path / "description"
        description = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
        return Repository(repository, str(path), str(path), description)

    def create(self, repository: str, description: str) -> Repository:
        """See the port. It is made aside and moved, so that it is there whole or not at all."""
        path = self._path(check_repository(repository))
        self.folder.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{repository}-", dir=self.folder))
        try:
            git.init_bare(aside)
            aside.chmod(0o755)
            (aside / "description").write_text(f"{description}\n", encoding="utf-8")
            if path.exists():
                raise FileExistsError
            aside.rename(path)
        except OSError as error:
            if not path.exists():
                raise
            raise Conflict(
                f"There is already a repository {path}.",
                do="Choose another name; what is there is never overwritten.",
            ) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        return Repository(repository, str(path), str(path), description)

    def delete(self, repository: str) -> None:
        """See the port. It is moved aside first: half of it is never found."""
        path = self._path(check_repository(repository))
        if not path.is_dir():
            return
        aside = Path(tempfile.mkdtemp(prefix=f".{repository}-", dir=self.folder))
        try:
            path.rename(aside / path.name)
        except FileNotFoundError:
            pass  # somebody else deleted it just now
        finally:
            shutil.rmtree(aside)

    def remote(self, repository: str) -> Remote:
        """See the port."""
        return Remote(str(self._path(check_repository(repository))))

    def protect(self, repository: str, branch: str) -> None:
        """See the port. A hook of the repository's sees to it: Git's own settings hold for all branches."""
        path = self._there(repository)
        self._write_hook(path, "update", GUARD)
        git.set_config(path, "spalje.protected", f"refs/heads/{branch}", add=True)

    def set_variable(self, repository: str, name: str, value: str, *, secret: bool) -> None:  # noqa: ARG002
        """See the port. CI runs in the workspace and has the workspace's own variables: nothing is written."""
        self._there(repository)

    def announce(self, repository: str, project: str, role: Role) -> None:
        """See the port."""
        if self.hook is None:
            raise BadInput("It is not known what pushes to the embedded host shall call.")
        self._write_hook(
            self._there(repository),
            "post-receive",
            HOOK.format(words=shlex.join(self.hook.words(project, role))),
        )

    def is_announced(self, repository: str) -> bool:
        """Whether pushes to a repository are told of."""
        return (self._there(repository) / "hooks" / "post-receive").is_file()

    def propose(self, repository: str, source: str, target: str, title: str, body: str) -> PullRequest:
        """See the port."""
        return EmbeddedPullRequests(self._there(repository), repository).propose(source, target, title, body)

    def pull_requests(self, repository: str) -> tuple[PullRequest, ...]:
        """See the port. One whose commits are in the target is merged; one whose branch is gone is closed."""
        return EmbeddedPullRequests(self._there(repository), repository).open()

    def trigger(self, repository: str, branch: str, variables: Mapping[str, str]) -> str:
        """See the port."""
        self._there(repository)
        return self.order(repository, branch, variables)

    def _path(self, repository: str) -> Path:
        return self.folder / f"{repository}.git"

    def _there(self, repository: str) -> Path:
        path = self._path(check_repository(repository))
        if not path.is_dir():
            raise BadInput(f"There is no repository {path}.", do="Create the project first.")
        return path

    @staticmethod
    def _write_hook(repository: Path, name: str, text: str) -> None:
        """Whole or not at all; the repository's own hooks count, whatever a person's settings of Git say."""
        folder = repository / "hooks"
        folder.mkdir(exist_ok=True)
        script = folder / name
        if not script.is_file() or script.read_text(encoding="utf-8") != text:
            with tempfile.NamedTemporaryFile(
                "w", encoding="utf-8", dir=repository, prefix=f".{name}-", delete=False
            ) as file:
                file.write(text)
            Path(file.name).chmod(0o755)
            Path(file.name).replace(script)
        git.set_config(repository, "core.hooksPath", "hooks")
