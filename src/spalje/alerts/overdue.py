"""What should have come by now and did not: a batch, or a batch's truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from spalje.alerts.batch_course import Came
from spalje.alerts.event import Event, Kind
from spalje.alerts.link import Links
from spalje.settings import Expectation

#: So many batches have a rhythm: three pauses, of which one may be an accident.
RHYTHM = 4
#: A batch is given half a rhythm, but no longer than this, days.
GRACE = 3.0
#: Truth is given twice its usual delay, and at least this, days.
PATIENCE = 1.0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a project's batches follow each other.

    Attributes:
        every: usual days from one to the next.
        pause: the longest usual pause, days: over a weekend it is longer than ``every``.
        told: whether it is a setting and not what was seen.
    """

    every: float
    pause: float
    told: bool = False


def rhythm(came: Sequence[Came], expected: Expectation) -> Rhythm | None:
    """The rhythm that the next batch is held against; None while there is none.

    The median of the pauses between the days that batches are about, else between the times at which
    they came. The pause that is waited for is the longest but one, so that weekends count and one
    accident does not.

    Args:
        came: the latest batches, the oldest first.
        expected: what the settings say.

    Example:
        >>> from datetime import UTC, date
        >>> days = (2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 16)
        >>> week = [Came(f"a/{d}", date(2026, 3, d), date(2026, 3, d), datetime(2026, 3, d, tzinfo=UTC)) for d in days]
        >>> rhythm(week, Expectation())
        Rhythm(every=1.0, pause=3.0, told=False)
    """
    if expected.batch_every_days is not None:
        return Rhythm(expected.batch_every_days, expected.batch_every_days, told=True)
    if len(came) < RHYTHM:
        return None
    days = [one.first for one in came]
    if None in days:
        times = [one.at for one in came]
        pauses = [(b - a) / timedelta(days=1) for a, b in pairwise(times)]
    else:
        starts = sorted({day for day in days if day is not None})
        pauses = [float((b - a).days) for a, b in pairwise(starts)]
    if len(pauses) < RHYTHM - 1 or median(pauses) <= 0:
        return None
    return Rhythm(median(pauses), max(median(pauses), sorted(pauses)[-2]))


def missing_batch(
    project: str, came: Sequence[Came], expected: Expectation, links: Links, now: datetime
) -> Event | None:
    """The next batch, when it is later than it may be; the same event until another batch comes.

    Args:
        project: its name.
        came: its latest batches, the oldest first.
        expected: what the settings say.
        links: for the event.
        now: UTC.
    """
    found = rhythm(came, expected) if expected.watch and came else None
    if found is None:
        return None
    newest = came[-1]
    grace = expected.batch_grace_days
    if grace is None:
        grace = min(found.every / 2, GRACE)
    due = newest.at + timedelta(days=found.pause)
    if now <= due + timedelta(days=grace):
        return None
    why = "as the settings say" if found.told else f"as the last {len(came)} came"
    return Event(
        Kind.MISSING_BATCH,
        project,
        project,
        now,
        f"No batch of {project} has come since {newest.batch} on {_when(newest.at)}; the next was due by {_when(due)}.",
        (f"One is expected every {_days(found.every)}, {why}, with {_days(grace)} to spare.",),
        what=newest.batch,
        link=links.project(project),
    )


def missing_truths(
    project: str, came: Sequence[Came], expected: Expectation, links: Links, now: datetime
) -> tuple[Event, ...]:
    """The batches that went out and whose truth is later than it may be.

    Without a setting it is twice as late as it usually is, and nothing is missing where none ever came.

    Args:
        project: its name.
        came: its latest batches, the oldest first.
        expected: what the settings say.
        links: for the events.
        now: UTC.
    """
    if not expected.watch:
        return ()
    within = expected.truth_within_days
    why = "as the settings say"
    if within is None:
        delays = [
            (one.truth_at - one.awaited_from) / timedelta(days=1) for one in came if one.truth_at is not None
        ]
        if not delays:
            return ()
        within = max(PATIENCE, 2 * median(delays))
        why = "twice as long as it usually takes"
    return tuple(
        Event(
            Kind.MISSING_TRUTH,
            project,
            one.batch,
            now,
            f"The truth about batch {one.batch} is missing since {_when(one.awaited_from + timedelta(days=within))}.",
            (
                f"It could be known from {_when(one.awaited_from)}, and {_days(within)} were given, {why}.",
                f"Deliver it with: spalje batch truth FILE --project {project}",
            ),
            link=links.batch(one.batch),
        )
        for one in came
        if one.out and not one.truth_known and now > one.awaited_from + timedelta(days=within)
    )


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _days(days: float) -> str:
    """Days, or hours where they are few.

    Example:
        >>> _days(7), _days(1), _days(0.5), _days(3.5)
        ('7 days', '1 day', '12 hours', '3.5 days')
    """
    if days < 1:
        return f"{days * 24:.3g} hours"
    return "1 day" if days == 1 else f"{days:.3g} days"
