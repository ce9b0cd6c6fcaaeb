"""The port to a Git host: what a project needs of the place where its repositories live."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class GitHost(Protocol):
    """A place for repositories."""

    @property
    def staging(self) -> Path:
        """A folder of this host's own on which repositories are prepared; survives interruptions."""

    def url(self, repository: str) -> str:
        """What ``git clone`` takes for the repository of that name, there or not."""

    def has(self, repository: str) -> bool:
        """Whether there is a repository of that name."""

    def publish(self, repository: str, prepared: Path, hook: Sequence[str]) -> None:
        """Make a prepared bare repository available; pushes to it call the hook from then on.

        The repository appears whole or not at all, and nothing of what it holds already calls the hook.

        Args:
            repository: its name.
            prepared: a bare repository in ``staging``; it may be gone afterwards.
            hook: the words of the program that gets Git's lines ``old new ref`` on standard input.

        Raises:
            UsageError: there is a repository of that name; it is left as it is.
        """
