"""A delivery of ground truth: what really happened, as somebody brought it."""

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
