"""The embedded host: bare repositories in a folder, pushes announced by a hook of Git's."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spalje.errors import UsageError

#: Git runs it after a push, with a line ``old new ref`` for each branch on standard input.
HOOK = """\
#!/bin/sh
# Written by Spaljé when the repository was made: tells it what was pushed.
exec {words}
"""


@dataclass(frozen=True, slots=True)
class EmbeddedHost:
    """Repositories in a folder, ``<name>.git`` each.

    Attributes:
        folder: where they are; made when the first one is.
    """

    folder: Path

    @property
    def staging(self) -> Path:
        """Where, and whether there is one."""
        return self.folder / ".staging"

    def url(self, repository: str) -> str:
        """The path."""
        return str(self._path(repository))

    def has(self, repository: str) -> bool:
        """Where, and whether there is one."""
        return self._path(repository).exists()

    def publish(self, repository: str, prepared: Path, hook: Sequence[str]) -> None:
        """The hook is written into the prepared repository, which is then moved."""
        if self.has(repository):
            raise UsageError(
                f"There is already a repository {self._path(repository)}.",
                do="Choose another name; what is there is never overwritten.",
            )
        script = prepared / "hooks" / "post-receive"
        script.parent.mkdir(exist_ok=True)
        script.write_text(HOOK.format(words=shlex.join(hook)), encoding="utf-8")
        script.chmod(0o755)
        prepared.rename(self._path(repository))

    def _path(self, repository: str) -> Path:
        return self.folder / f"{repository}.git"
