"""A job of a project's CI: what is to be done about one pushed commit, or about an approval."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

#: What is done: the repository's tests; these and then the build pipeline; these and then compiling; the same for an
#: approval.
Work = Literal["tests", "build", "compile", "promotion"]


class JobStatus(StrEnum):
    """Of a job of CI."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self not in (JobStatus.WAITING, JobStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job about to be recorded; for what it shares with ``Job``, see there.

    Attributes:
        status: waiting, or skipped.
        said: why it is skipped.
        once: leave it out when the same commit of the repository has a job that was not skipped.
    """

    project: str
    repository: Literal["build", "deploy"]
    what: Work
    branch: str
    commit: str
    ordered_by: str
    status: JobStatus = JobStatus.WAITING
    said: str = ""
    once: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """One job; those of a project are done one after the other, in the order of their numbers.

    Attributes:
        sequence: its number; rises with every job of the workspace.
        project: whose.
        repository: ``build`` or ``deploy``.
        what: what is done.
        branch: where the commit was pushed to.
        commit: 40 hexadecimal digits.
        status: how far it is.
        run: the run of the build pipeline; None: not recorded yet, or nothing is built.
        said: how it ended, in words.
        ordered_by: who pushed, or decided.
        ordered_at, started_at, ended_at: UTC.
    """

    sequence: int
    project: str
    repository: str
    what: str
    branch: str
    commit: str
    status: JobStatus
    run: str | None
    said: str
    ordered_by: str
    ordered_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
