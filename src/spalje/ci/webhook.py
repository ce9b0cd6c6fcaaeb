"""Webhooks in: what a Git host delivers becomes jobs, once, whoever delivers it again."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from spalje.ci.promotion import short_name
from spalje.ci.push import PushedBranch, job_of
from spalje.ci.queue import Queue
from spalje.errors import BadInput, Refused, SpaljeError
from spalje.project.git_hosts.delivery import Delivery, PullRequestChange, Push
from spalje.project.hook import Role
from spalje.registry.ci_job import NewJob
from spalje.registry.project import Project
from spalje.settings import GitHostKind, GitHostSettings
from spalje.storage.metadata import Metadata

#: Bytes that a delivery may have.
LIMIT = 1024 * 1024

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class Reader(Protocol):
    """Finds out whether a delivery is the host's own, and what it tells; see ``git_hosts.deliveries.read``."""

    def __call__(
        self,
        kind: GitHostKind,
        headers: Mapping[str, str],
        body: bytes,
        secret: str,
        now: datetime,
        *,
        owner: str = "",
    ) -> Delivery:
        """See there."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host is answered.

    Attributes:
        status: of HTTP.
        text: what became of the delivery, without anything secret.
        jobs: the numbers of the jobs that were queued.
    """

    status: int
    text: str
    jobs: tuple[int, ...] = ()


NOT_FOUND = Answer(404, "There is no such Git host here.")
TOO_LARGE = Answer(413, f"A delivery may have {LIMIT} bytes.")


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Takes deliveries of all Git hosts that the settings give a secret for.

    Attributes:
        metadata: where deliveries and jobs are recorded.
        hosts: the settings of each host, by its name.
        environ: the variables in which the secrets are.
        read: verifies and understands a delivery.
        queue: sees that somebody works.
        clock: gives the time, UTC.
    """

    metadata: Metadata
    hosts: Mapping[str, GitHostSettings]
    environ: Mapping[str, str] = field(repr=False)
    read: Reader
    queue: Queue
    clock: Callable[[], datetime]

    def missing_secrets(self) -> tuple[str, ...]:
        """The variables that should hold a secret and do not."""
        named = [one.webhook_secret_env for one in self.hosts.values() if one.webhook_secret_env is not None]
        return tuple(name for name in named if not self.environ.get(name))

    def knows(self, host: str) -> bool:
        """Whether deliveries of that host are taken."""
        return host in self.hosts and self.hosts[host].webhook_secret_env is not None

    def receive(self, host: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Take a delivery.

        Args:
            host: as the settings call it.
            headers: of the request, in any case.
            body: its bytes as they came.
        """
        if not self.knows(host):
            return NOT_FOUND
        if len(body) > LIMIT:
            return TOO_LARGE
        settings = self.hosts[host]
        secret = self.environ.get(settings.webhook_secret_env or "")
        if not secret:
            return Answer(503, f"The secret of the Git host '{host}' is not set here.")
        now = self.clock()
        try:
            delivery = self.read(settings.kind, headers, body, secret, now, owner=settings.owner)
            jobs = tuple(job for event in delivery.events for job in self._jobs(host, event))
        except Refused as error:
            return Answer(401, str(error))
        except BadInput as error:
            return Answer(400, str(error))
        try:
            return self._take(host, delivery, jobs, now)
        except SpaljeError:  # busy, or full: the host shall try again, and need not know our database
            return Answer(503, "The delivery could not be recorded. Send it again later.")

    def see_to_all(self) -> None:
        """See that somebody works on every queue that is not empty."""
        for project in sorted({job.project for job in self.metadata.jobs.open()}):
            self.queue.see_to(project)

    def _take(self, host: str, delivery: Delivery, jobs: tuple[NewJob, ...], now: datetime) -> Answer:
        names = (f"id:{delivery.identity}", f"sha256:{delivery.digest}")
        taken = self.metadata.webhooks.take(host, names, delivery.what, jobs, now)
        self.see_to_all()  # also of one that was taken before: who took it may have died then
        if taken is None:
            return Answer(200, "This delivery has been taken already.")
        if not taken:
            return Answer(202, "There is nothing to do for it.")
        numbers = tuple(job.sequence for job in taken)
        return Answer(202, f"Queued: {', '.join(f'job {number}' for number in numbers)}.", numbers)

    def _jobs(self, host: str, event: Push | PullRequestChange) -> tuple[NewJob, ...]:
        """The jobs that an event asks for; none when it is about no project of ours."""
        if not _COMMIT.fullmatch(event.commit):
            raise BadInput(f"{event.commit[:80]!r} is not the hash of a commit.")
        place = _place(self.metadata.projects.all(), host, event.repository)
        if place is None:
            return ()
        project, role = place
        if isinstance(event, PullRequestChange):
            if event.state != "open":
                return ()
            by = f"pull request {event.number}"
            return (NewJob(project, role, "tests", event.source, event.commit, by, once=True),)
        if event.deleted:
            return ()
        return (job_of(project, role, PushedBranch(event.branch, event.commit), event.message, event.pusher),)


def _place(projects: tuple[Project, ...], host: str, repository: str) -> tuple[str, Role] | None:
    """The project whose repository on a host has that name, and which of its two it is."""
    wanted = repository.casefold()
    for project in projects:
        if project.host != host:
            continue
        if short_name(project.build_repository).casefold() == wanted:
            return project.name, "build"
        if short_name(project.deploy_repository).casefold() == wanted:
            return project.name, "deploy"
    return None
