"""An event that people are told about."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from spalje.fingerprint import fingerprint
from spalje.settings import AlertSeverity


class Kind(StrEnum):
    """What happened, the most urgent first; docs/alerts.md says what each means."""

    BLOCK = "block"
    FAILED_RUN = "failed_run"
    MISSING_BATCH = "missing_batch"
    ALARM = "alarm"
    RETRAIN = "retrain"
    MISSING_TRUTH = "missing_truth"
    WARNING = "warning"

    def counted(self, count: int) -> str:
        """So many of them, for people.

        Example:
            >>> Kind.FAILED_RUN.counted(1), Kind.MISSING_BATCH.counted(2)
            ('1 failed run', '2 missing batches')
        """
        one = "retraining" if self is Kind.RETRAIN else self.replace("_", " ")
        if count == 1:
            return f"1 {one}"
        return f"{count} {one}{'es' if one.endswith('ch') else 's'}"

    @property
    def severity(self) -> AlertSeverity:
        """How bad it is: predictions that are not where they should be are critical."""
        if self in (Kind.BLOCK, Kind.FAILED_RUN, Kind.MISSING_BATCH):
            return "critical"
        return "alarm" if self in (Kind.ALARM, Kind.RETRAIN) else "warning"

    def at_least(self, severity: AlertSeverity) -> bool:
        """Whether it is at least that bad.

        Example:
            >>> Kind.ALARM.at_least("warning"), Kind.ALARM.at_least("critical")
            (True, False)
        """
        order: tuple[AlertSeverity, ...] = ("warning", "alarm", "critical")
        return order.index(self.severity) >= order.index(severity)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, or should have happened and did not.

    Attributes:
        kind: what.
        project: whose.
        subject: what it is about: a run ``fresh/build/7``, a batch ``fresh/3``, or the project.
        at: when it was found, UTC.
        summary: one sentence.
        details: more lines, the weightiest first.
        what: tells events of one kind about one subject apart: the monitor, or the batch waited from.
        link: where to look: an address, or a command.
        report: the path of the page with figures; empty: there is none.

    Example:
        >>> from datetime import UTC
        >>> event = Event(Kind.BLOCK, "fresh", "fresh/3", datetime(2026, 3, 2, tzinfo=UTC), "It was blocked.")
        >>> later = Event(Kind.BLOCK, "fresh", "fresh/3", datetime(2026, 3, 9, tzinfo=UTC), "Blocked again.")
        >>> event.identity == later.identity
        True
    """

    kind: Kind
    project: str
    subject: str
    at: datetime
    summary: str
    details: tuple[str, ...] = ()
    what: str = field(default="", kw_only=True)
    link: str = field(default="", kw_only=True)
    report: str = field(default="", kw_only=True)

    @property
    def identity(self) -> str:
        """The same for the same event, however often it is found: 64 hexadecimal digits."""
        return fingerprint(
            {"kind": self.kind, "project": self.project, "subject": self.subject, "what": self.what}
        )


def urgent_first(events: Iterable[Event]) -> tuple[Event, ...]:
    """Events by kind, the most urgent first; those of one kind by project, subject and time."""
    order = list(Kind)
    return tuple(
        sorted(
            events, key=lambda e: (order.index(e.kind), e.project, e.at, len(e.subject), e.subject, e.what)
        )
    )
