"""A batch: one inference's inputs and predictions, published as a whole or not at all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class BatchStatus(StrEnum):
    """A blocked batch is kept, and can be released by an approver with a reason."""

    PUBLISHED = "published"
    BLOCKED = "blocked"
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch about to be published or blocked by an inference run.

    Attributes:
        project: whose it is.
        run: the inference run.
        version: number of the model version that predicted.
        first, last: first and last date of the rows' time column (None without one).
        rows: number of rows.
        status: published or blocked.
        action: the decision: publish, block or investigate.
        reasons: why, in plain words.
        artifacts: features, predictions, output, verdict_* and decision -> artifact digest.
    """

    project: str
    run: str
    version: int
    first: date | None
    last: date | None
    rows: int
    status: BatchStatus
    action: str
    reasons: tuple[str, ...]
    artifacts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What ground truth said about a batch; a correction of the truth makes a new one.

    Attributes:
        batch: the batch's id.
        run: the quality run.
        ground_truth: digest of the truth's table.
        coverage: share of the batch's rows that have truth, 0 to 1.
        outcome: the model-quality verdict's outcome.
        action: the decision: publish (go on), investigate or retrain.
        reasons: why, in plain words.
        metrics: name -> number.
    """

    batch: str
    run: str
    ground_truth: str
    coverage: float
    outcome: str
    action: str
    reasons: tuple[str, ...]
    metrics: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of a project: number 1, 2, 3, ...; revision counts re-runs for the same dates."""

    number: int
    content: NewBatch
    revision: int
    created_at: datetime
    #: who released it and why, if somebody did
    released_by: str | None = None
    release_reason: str | None = None
    evaluations: tuple[Evaluation, ...] = field(default=())

    @property
    def id(self) -> str:
        """``<project>/<number>``, as people type it."""
        return f"{self.content.project}/{self.number}"


def newest_of_days(batches: Iterable[Batch]) -> tuple[Batch, ...]:
    """Batches without those that a later one about the same days stands for; without dates each stands for itself.

    Args:
        batches: the oldest first, as is what is given back.
    """
    found: dict[object, Batch] = {}
    for batch in batches:
        days = (batch.content.first, batch.content.last)
        key = batch.number if None in days else days
        found.pop(key, None)
        found[key] = batch
    return tuple(found.values())
