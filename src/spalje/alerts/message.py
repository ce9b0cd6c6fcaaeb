"""One message about several events: the same words for every channel, safe to show anywhere."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from spalje.alerts.event import Event, Kind, urgent_first
from spalje.fingerprint import fingerprint
from spalje.report.label import sentence
from spalje.settings import AlertSeverity

#: So many events are written out, and so many lines of each; the others are counted.
SHOWN, LINES = 15, 6
#: Characters of a sentence and of a title.
SENTENCE, TITLE = 400, 120


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One event as it is shown: every text is one line of bounded length without control characters.

    Attributes:
        kind: in words, ``failed run``.
        severity: how bad it is.
        subject: what it is about.
        at: when it was found, for people.
        summary, details: what happened.
        link: an address or a command.
        report: the path of its page; empty: there is none.
    """

    kind: str
    severity: AlertSeverity
    subject: str
    at: str
    summary: str
    details: tuple[str, ...]
    link: str
    report: str


@dataclass(frozen=True, slots=True)
class Message:
    """What goes to a channel at once.

    Attributes:
        events: the most urgent first; at least one.

    Example:
        >>> from datetime import UTC
        >>> at = datetime(2026, 3, 2, tzinfo=UTC)
        >>> alarms = [Event(Kind.ALARM, "fresh", "fresh/3", at, "Drift.", what=name) for name in ("a", "b")]
        >>> Message.about([*alarms, Event(Kind.BLOCK, "fresh", "fresh/3", at, "It is blocked.")]).title
        'fresh: 1 block, 2 alarms'
    """

    events: tuple[Event, ...]

    @classmethod
    def about(cls, events: Iterable[Event]) -> "Message":
        """A message about events in any order."""
        return cls(urgent_first(events))

    @property
    def identity(self) -> str:
        """The same for the same events, so that a receiver can tell a repetition."""
        return fingerprint(sorted(event.identity for event in self.events))

    @property
    def title(self) -> str:
        """Whose, and how many of which kind, the most urgent first."""
        projects = sorted({event.project for event in self.events})
        whose = ", ".join(projects) if len(projects) <= 3 else f"{len(projects)} projects"
        counts = Counter(event.kind for event in self.events)
        return sentence(
            f"{whose}: {', '.join(kind.counted(counts[kind]) for kind in Kind if counts[kind])}", TITLE
        )

    @property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """The events that are written out."""
        return tuple(_paragraph(event) for event in self.events[:SHOWN])

    @property
    def rest(self) -> str:
        """What is said of the events that are not written out; empty: all are."""
        more = len(self.events) - SHOWN
        return f"… and {more} more: spalje alert list --limit {len(self.events)}" if more > 0 else ""

    @property
    def text(self) -> str:
        """All of it as plain text."""
        parts = [self.title]
        for one in self.paragraphs:
            lines = [f"{one.kind.upper()}  {one.subject}  {one.at}", one.summary]
            lines += [f"  - {detail}" for detail in one.details]
            lines += [f"  See: {one.link}"] if one.link else []
            lines += [f"  Report: {one.report}"] if one.report else []
            parts.append("\n".join(lines))
        return "\n\n".join([*parts, *([self.rest] if self.rest else [])]) + "\n"


def _paragraph(event: Event) -> Paragraph:
    details = [sentence(detail, SENTENCE) for detail in event.details[:LINES]]
    if len(event.details) > LINES:
        details.append(f"… and {len(event.details) - LINES} more lines.")
    return Paragraph(
        kind=event.kind.counted(1).removeprefix("1 "),
        severity=event.kind.severity,
        subject=sentence(event.subject, TITLE),
        at=_when(event.at),
        summary=sentence(event.summary, SENTENCE),
        details=tuple(details),
        link=sentence(event.link, SENTENCE),
        report=sentence(event.report, SENTENCE),
    )


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
