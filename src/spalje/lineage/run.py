"""A run and its step runs: the record of what was done, which is also the lineage."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """Of a run or a step run; ``skipped`` is a step's only."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self not in (Status.WAITING, Status.RUNNING)


@dataclass(frozen=True, slots=True)
class Artifact:
    """An immutable file tree.

    Attributes:
        digest: SHA-256 of the tree's manifest (64 hexadecimal digits): its name.
        kind: what it holds, see ``spalje.pipeline.definition.ArtifactKind``.
        size: bytes in all files together.
        files: number of files.
    """

    digest: str
    kind: str
    size: int
    files: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What a step run took.

    Attributes:
        wall_s: seconds from start to end.
        cpu_s: seconds of processor time, user and system, children included.
        peak_mib: largest resident memory of one process, MiB.
        cost: in the currency of the settings' prices.
        script_s: of ``wall_s``, the seconds in the user's own process; 0 for a step of ours.
    """

    wall_s: float
    cpu_s: float
    peak_mib: float
    cost: float
    script_s: float = 0.0


@dataclass(frozen=True, slots=True)
class StepRun:
    """One execution of a step in a run."""

    run: str
    step: str
    kind: str
    status: Status = Status.WAITING
    #: hash of everything that decides the outputs; None until the inputs are known
    key: str | None = None
    #: the run whose success with the same key was reused, or None
    reused_from: str | None = None
    #: port -> artifact digest
    inputs: Mapping[str, str] = field(default_factory=dict)
    #: output -> artifact digest
    outputs: Mapping[str, str] = field(default_factory=dict)
    usage: Usage | None = None
    #: digest of the environment's lock
    environment: str | None = None
    #: digest of the script's source tree, None for a step without a script
    source: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    #: what went wrong, in words
    error: str | None = None


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run about to be recorded; for what it shares with ``Run``, see there.

    Attributes:
        definition: None when the recipe did not compile; ``error`` then says why.
        steps: name and kind of each step, in the recipe's order.
        artifacts: those of the inputs that came from outside, as they were stored.
    """

    project: str
    pipeline: str
    definition: str | None
    steps: tuple[tuple[str, str], ...]
    repository: str
    commit: str
    author: str
    trigger: str
    started_by: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    version: int | None = None
    batch: str | None = None
    error: str | None = None
    artifacts: tuple[Artifact, ...] = ()
    key: str | None = None
    link: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a pipeline; ``id`` is ``<project>/<pipeline>/<number>``."""

    project: str
    pipeline: str
    number: int
    #: the compiled pipeline as JSON text, None when the recipe did not compile
    definition: str | None
    repository: str
    commit: str
    #: who wrote the commit, "Name <mail>"
    author: str
    #: who or what started it: push, manual, schedule, retrain, ground-truth
    trigger: str
    started_by: str
    parameters: Mapping[str, Any]
    #: input -> artifact digest, pinned at the start
    inputs: Mapping[str, str]
    #: the model version pinned at the start, or None
    version: int | None
    #: the batch the run is about (a quality run), or None
    batch: str | None
    status: Status
    created_at: datetime
    ended_at: datetime | None = None
    error: str | None = None
    #: by which another orchestrator finds it again; None: the embedded runner's
    key: str | None = None
    #: where that orchestrator shows it, or ""
    link: str = ""

    @property
    def id(self) -> str:
        """The run's name, as people type it."""
        return f"{self.project}/{self.pipeline}/{self.number}"
