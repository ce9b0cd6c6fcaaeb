"""The port to a Git host: what a project needs of the place where its repositories live.

Every verb but ``delete`` and ``trigger`` says what shall be so and may be said again: a second call finds it so and
changes nothing. Repositories are named by their short name, such as ``fresh-produce-build``; the host knows whose they
are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from spalje.project.hook import Role


@dataclass(frozen=True, slots=True)
class Remote:
    """What Git needs to reach a repository.

    Attributes:
        url: what ``git clone`` takes: a path or an address, without a password in it.
        environ: variables for the ``git`` program, credentials among them; they never stand in its words.
    """

    url: str
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository on a host.

    Attributes:
        name: its short name.
        url: what ``git clone`` takes.
        page: where a person looks at it; the path where there is no page.
        description: what it says of itself; creation leaves its mark there.
    """

    name: str
    url: str
    page: str
    description: str


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A proposal to merge one branch into another.

    Attributes:
        repository: the repository's short name.
        number: the host's.
        page: where a person looks at it, or what shows it.
        source, target: branches.
        title: one line.
        body: Markdown.
        state: ``open``, ``merged`` or ``closed``.
    """

    repository: str
    number: int
    page: str
    source: str
    target: str
    title: str
    body: str
    state: str


class GitHost(Protocol):
    """A place for repositories.

    Every verb may raise ``HostFailed`` (see ``spalje.project.git_hosts.failure``): the host refused, or could not be
    reached after several tries; it says which host, what was asked, what it answered and what to do.
    """

    @property
    def name(self) -> str:
        """What the settings call it; ``embedded`` for the one in the workspace."""

    def find(self, repository: str) -> Repository | None:
        """The repository of that name, whatever the case of its letters where the host does not mind; None: none."""

    def create(self, repository: str, description: str) -> Repository:
        """Make an empty private repository whose branch is ``main``.

        Raises:
            Conflict: there is one of that name; it is left as it is.
        """

    def delete(self, repository: str) -> None:
        """Delete a repository with everything in it; one that is not there is no error."""

    def remote(self, repository: str) -> Remote:
        """How Git reaches the repository of that name, there or not."""

    def protect(self, repository: str, branch: str) -> None:
        """Nobody may delete a branch or rewrite its history."""

    def set_variable(self, repository: str, name: str, value: str, *, secret: bool) -> None:
        """Give a CI variable of a repository a value; a secret cannot be read again by anybody.

        A host without a CI of its own (the embedded one, whose CI has the workspace's variables; Data Center) has
        nowhere to keep it: there nothing is done.
        """

    def announce(self, repository: str, project: str, role: Role) -> None:
        """From now on this workspace is told of what is pushed to the repository and of its pull requests.

        The embedded host tells of pushes only; a host whose settings have no ``webhook_url`` tells of nothing.
        """

    def propose(self, repository: str, source: str, target: str, title: str, body: str) -> PullRequest:
        """See that a pull request of ``source`` into ``target`` is open; an open one gets the title and the body.

        Both branches are there, and ``source`` has what ``target`` has not.
        """

    def pull_requests(self, repository: str) -> tuple[PullRequest, ...]:
        """The pull requests that are open, oldest first."""

    def trigger(self, repository: str, branch: str, variables: Mapping[str, str]) -> str:
        """Start the repository's CI for an approval, the host's own way.

        Args:
            repository: its short name.
            branch: the branch whose CI it is.
            variables: what the CI is told: ``SPALJE_MODEL_VERSION`` (``PROJECT/NUMBER``) and ``SPALJE_STATUS``.

        Returns:
            What was started, for a person.

        Raises:
            Lost: it is not known whether it was started; it is not tried again.
        """
