"""What was pushed, and what is to be done about it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from spalje.errors import BadInput
from spalje.project.git import BRANCH
from spalje.project.hook import Role
from spalje.registry.ci_job import JobStatus, NewJob, Work

_SKIP = re.compile(r"\[(skip ci|ci skip|no ci)\]", re.IGNORECASE)
_LINE = re.compile(r"([0-9a-f]{40,64}) ([0-9a-f]{40,64}) (refs/\S.*)")
_BRANCHES = "refs/heads/"


@dataclass(frozen=True, slots=True)
class PushedBranch:
    """A branch that was made or moved.

    Attributes:
        branch: without ``refs/heads/``.
        commit: where it is now.
    """

    branch: str
    commit: str


def pushed_branches(lines: Iterable[str]) -> Iterator[PushedBranch]:
    """What Git tells the hook of a push; tags and branches that were deleted are left out.

    Args:
        lines: ``OLD NEW REF`` each.

    Raises:
        BadInput: a line is none of those.

    Example:
        >>> [one.branch for one in pushed_branches([f"{'0' * 40} {'a' * 40} refs/heads/main"])]
        ['main']
        >>> list(pushed_branches([f"{'a' * 40} {'0' * 40} refs/heads/main", f"{'0' * 40} {'a' * 40} refs/tags/v1"]))
        []
    """
    for line in lines:
        found = _LINE.fullmatch(line.rstrip("\n"))
        if found is None:
            raise BadInput(
                f"{line.strip()[:100]!r} is not a line that Git gives a post-receive hook.",
                do="The command is for Git's hook; to start a build by hand use `spalje run start build`.",
            )
        if found[3].startswith(_BRANCHES) and set(found[2]) != {"0"}:
            yield PushedBranch(found[3].removeprefix(_BRANCHES), found[2])


def work(repository: Role, branch: str) -> Work:
    """What is done about a push.

    Example:
        >>> work("build", "main"), work("deploy", "main"), work("build", "try-more-trees")
        ('build', 'compile', 'tests')
    """
    if branch != BRANCH:
        return "tests"
    return "build" if repository == "build" else "compile"


def skip_mark(message: str) -> str | None:
    r"""What in a commit's message asks that nothing be done about a push; None: nothing does.

    Example:
        >>> skip_mark("Mend a word\n\n[Skip CI]"), skip_mark("skip ci")
        ('[Skip CI]', None)
    """
    found = _SKIP.search(message)
    return found[0] if found else None


def job_of(project: str, repository: Role, pushed: PushedBranch, message: str | None, by: str) -> NewJob:
    """The job that a pushed branch asks for.

    Args:
        project: whose.
        repository: which of its two.
        pushed: the branch.
        message: the message of its last commit; None: not known here.
        by: who pushed.
    """
    mark = skip_mark(message) if message is not None else None
    return NewJob(
        project,
        repository,
        work(repository, pushed.branch),
        pushed.branch,
        pushed.commit,
        by,
        JobStatus.WAITING if mark is None else JobStatus.SKIPPED,
        "" if mark is None else f"The commit's message says {mark}.",
    )
