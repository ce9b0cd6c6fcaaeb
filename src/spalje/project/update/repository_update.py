"""What became of an update of a repository."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from spalje.project.git_hosts.port import PullRequest
from spalje.project.hook import Role
from spalje.project.update.merge import Merged

#: ``current``: main is at that version; ``newer``: at a newer one; ``same``: nothing would change; ``proposed``: there
#: is a pull request; ``standing``: there was one already, and it is up to date; ``continued``: somebody works on the
#: branch, which is left alone; ``would``: what it would be, was it not a dry run; ``failed``: it did not work.
Outcome = Literal["current", "newer", "same", "proposed", "standing", "continued", "would", "failed"]


@dataclass(frozen=True, slots=True)
class RepositoryUpdate:
    """What became of an update of a repository.

    Attributes:
        role: which of the project's.
        outcome: see ``Outcome``.
        was: the version that main is at; None: it could not be read.
        becomes: the version that was wanted.
        conflicts: how many files a person has to look at.
        merged: what the merge came to; None where there was none.
        answered: questions that are new or answered otherwise than before, and their answers.
        dropped: questions that are not asked any more.
        pull_request: where the team finds it; None: there is none.
        said: why, where something did not go as usual.
        do: what to do about it.
        code: the exit code that it calls for.
    """

    role: Role
    outcome: Outcome
    was: str | None
    becomes: str
    conflicts: int = 0
    merged: Merged | None = None
    answered: Mapping[str, Any] = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    pull_request: PullRequest | None = None
    said: str = ""
    do: str = ""
    code: int = 0
