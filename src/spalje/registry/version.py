"""A model version: what it was made of, how it scored, and where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from spalje.fingerprint import fingerprint


class VersionStatus(StrEnum):
    """Pending until a named person decides."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Approval:
    """An entry in the history of a version, chained to the one before it by hash.

    Attributes:
        number: 1 for the registration, then 2, 3, ...
        at: when, UTC.
        who: the person, "Name <mail>" or a login.
        status: the status from here on.
        reason: why, in the person's words.
        previous: hash of the entry before, 64 zeros for the first.
        hash: SHA-256 over the version's manifest digest and all of the above.
    """

    number: int
    at: datetime
    who: str
    status: VersionStatus
    reason: str
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version about to be registered: everything that its manifest covers.

    Attributes:
        project: whose model group it joins.
        run: the build run that made it.
        model: digest of the packaged model.
        evaluation: digest of the evaluation report.
        metrics: the headline metrics of the evaluation, name -> number.
        baselines: what later batches are held against: data_quality, model_quality, attribution
            -> artifact digest (SageMaker's ``DriftCheckBaselines``).
        own_baselines: what this very version measured (SageMaker's ``ModelMetrics`` slot).
        data: digests of the data it was made from, input or output name -> digest.
        repository, commit: the code it was made from.
        environment: digest of the environment's lock.
        author: who wrote that commit.
        cost: of the build run, in the settings' currency.
    """

    project: str
    run: str
    model: str
    evaluation: str
    metrics: Mapping[str, float]
    baselines: Mapping[str, str]
    own_baselines: Mapping[str, str]
    data: Mapping[str, str]
    repository: str
    commit: str
    environment: str
    author: str
    cost: float

    @property
    def manifest(self) -> dict[str, Any]:
        """What an approval signs: everything but the cost."""
        return {
            "project": self.project,
            "run": self.run,
            "model": self.model,
            "evaluation": self.evaluation,
            "metrics": dict(self.metrics),
            "baselines": dict(self.baselines),
            "own_baselines": dict(self.own_baselines),
            "data": dict(self.data),
            "repository": self.repository,
            "commit": self.commit,
            "environment": self.environment,
            "author": self.author,
        }

    @property
    def manifest_digest(self) -> str:
        """SHA-256 of the manifest's canonical JSON."""
        return fingerprint(self.manifest)


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A registered version: version 1, 2, 3, ... of a project."""

    number: int
    content: NewVersion
    status: VersionStatus
    created_at: datetime
    history: tuple[Approval, ...] = field(default=())

    @property
    def id(self) -> str:
        """``<project>/<number>``, as people type it."""
        return f"{self.content.project}/{self.number}"
