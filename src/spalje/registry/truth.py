"""A delivery of ground truth: what really happened, as somebody brought it, and what was learned from it."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Truth:
    """One delivery; the same content delivered twice is one delivery.

    Attributes:
        project: whose it is.
        digest: the table's artifact.
        first, last: first and last date it is about (None without a time column).
        rows: number of rows.
        who: who delivered it.
        at: when, UTC.
    """

    project: str
    digest: str
    first: date | None
    last: date | None
    rows: int
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Correction:
    """A value that a later delivery changed.

    Attributes:
        key: the row's business keys, for people.
        before: what was known; a number for a regression, else what the class is called.
        after: what is known now.
    """

    key: str
    before: float | str
    after: float | str


@dataclass(frozen=True, slots=True)
class Learned:
    """What a delivery told about one batch.

    Attributes:
        batch: the batch's id.
        first, last: the dates it is about (None without a time column).
        rows: of the batch.
        known: those of them whose truth is known now.
        coverage: their share, 0 to 1.
        new: rows of truth about what was not known before.
        corrected: those that changed what was known.
        unchanged: those that said what was known.
        largest: the correction by most; of classes the first; None without one.
    """

    batch: str
    first: date | None
    last: date | None
    rows: int
    known: int
    coverage: float
    new: int
    corrected: int
    unchanged: int
    largest: Correction | None

    @property
    def changed(self) -> bool:
        """Whether more or something else is known than before."""
        return self.new + self.corrected > 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a delivery of ground truth brought.

    Attributes:
        rows: as they were delivered.
        first, last: first and last date of its truth (None without a time column).
        batches: what it told about each batch, the oldest first.
        unknown: rows of truth that no prediction was made for, though batches about their dates went out.
        unknown_keys: what the first few of them are about.
        other_dates: rows of truth about dates that no batch that went out predicts; they are not taken.
        other_first, other_last: the first and last of those dates.
        not_yet_known: rows without a value.
    """

    rows: int
    first: date | None
    last: date | None
    batches: tuple[Learned, ...]
    unknown: int = 0
    unknown_keys: tuple[str, ...] = ()
    other_dates: int = 0
    other_first: date | None = None
    other_last: date | None = None
    not_yet_known: int = 0

    @property
    def changed(self) -> bool:
        """Whether more or something else is known than before."""
        return any(learned.changed for learned in self.batches)
