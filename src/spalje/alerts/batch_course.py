"""When a project's batches came, and when their truth did."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from spalje.registry.batch import Batch, BatchStatus
from spalje.registry.truth import Truth
from spalje.storage.metadata import Metadata

#: So many batches are looked back on: a quarter of weeks.
LOOK_BACK = 13
#: So many are read: re-runs for the same days count once.
READ = 60


@dataclass(frozen=True, slots=True)
class Came:
    """A batch, or the last of several about the same days.

    Attributes:
        batch: its id.
        first, last: the days it is about; None without a time column.
        at: when the first batch about these days came, UTC.
        out: whether it went out; a blocked batch has come, and somebody was told.
        truth_known: whether some truth about it is known.
        truth_at: when the first came, UTC; None where that was not recorded.
    """

    batch: str
    first: date | None
    last: date | None
    at: datetime
    out: bool = True
    truth_known: bool = False
    truth_at: datetime | None = None

    @property
    def awaited_from(self) -> datetime:
        """From when on its truth can be known: it is out, and its last day is over."""
        if self.last is None:
            return self.at
        return max(self.at, datetime.combine(self.last + timedelta(days=1), time(), UTC))


def course(project: str, metadata: Metadata) -> tuple[Came, ...]:
    """The latest batches of a project, the oldest first; those about the same days are one."""
    batches = metadata.batches.list(project, READ)
    truths = metadata.truths.list(project)
    found: dict[object, Came] = {}
    for batch in reversed(batches):
        content = batch.content
        days = (content.first, content.last) if content.first is not None else batch.id
        before = found.pop(days, None)
        found[days] = _came(batch, truths, before)
    return tuple(sorted(found.values(), key=lambda came: came.at))[-LOOK_BACK:]


def _came(batch: Batch, truths: Sequence[Truth], before: Came | None) -> Came:
    content = batch.content
    came = Came(
        batch=batch.id,
        first=content.first,
        last=content.last,
        at=before.at if before else batch.created_at,
        out=content.status is not BatchStatus.BLOCKED,
    )
    if not came.out and before is not None and before.out:
        return before
    at = min((truth.at for truth in truths if _about(truth, came)), default=None)
    return replace(came, truth_at=at, truth_known=at is not None or bool(batch.evaluations))


def _about(truth: Truth, came: Came) -> bool:
    if truth.first is None or truth.last is None or came.first is None or came.last is None:
        return truth.at >= came.at
    return truth.first <= came.last and truth.last >= came.first
