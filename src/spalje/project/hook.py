"""What a push to a project's repository calls."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

#: The two repositories of a project.
Role = Literal["build", "deploy"]


@dataclass(frozen=True, slots=True)
class HookSpec:
    """The program that is told about every push.

    Attributes:
        command: its words, before those that say which repository it was.
    """

    command: tuple[str, ...]

    @classmethod
    def of(cls, python: Path | str, workspace: Path) -> "HookSpec":
        """Tell the Spaljé of a workspace.

        Example:
            >>> HookSpec.of("/usr/bin/python3", Path("/srv/spalje")).words("fresh-produce", "build")[-2:]
            ('--repository', 'build')
        """
        return cls((str(python), "-P", "-m", "spalje", "run", "pushed", "--workspace", str(workspace)))

    def words(self, project: str, repository: Role) -> tuple[str, ...]:
        """The words for a push to one of the repositories of a project."""
        return (*self.command, "--project", project, "--repository", repository)
