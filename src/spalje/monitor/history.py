"""Batches that were checked before: what a new one is held against."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal, Self, TypeAlias

from spalje.monitor.verdict import Outcome, Verdict
from spalje.profile.sketch import Sketch

#: After what a batch's data goes: nothing, the day of the week or the month it is about.
Season: TypeAlias = Literal["none", "weekday", "month"]

#: So many batches without a finding in a row end a run of findings: an alarm looks at three batches.
QUIET = 3

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True, slots=True, eq=False)
class PastBatch:
    """A batch that was checked, or a part of the training data that stands for one.

    Attributes:
        name: as people call it; no two batches of a history have the same.
        at: the day that it is about; None: not known.
        sketch: its rows per cell.
        p: how unusual it was among good batches, as its check said, above 0 to 1; None: not said.
        found: what its check found to have drifted: columns, pairs of them (``a × b``), ``rows``.
        outcome: of its check; None: it was not checked.
        good: whether later batches may be held against it.
        pseudo: whether it was cut out of the training data.
    """

    name: str
    at: date | None
    sketch: Sketch
    p: float | None = None
    found: tuple[str, ...] = ()
    outcome: Outcome | None = None
    good: bool = True
    pseudo: bool = False

    @classmethod
    def of(cls, name: str, at: date | None, sketch: Sketch, verdict: Verdict) -> Self:
        """What is to be remembered of a batch that has been checked.

        It is good unless it was blocked, its check could not conclude, or drift has lasted. Drift that
        was found in it alone does not make it bad for good, see ``History.references``.
        """
        drift = verdict.figures.get("drift", {})
        return cls(
            name=name,
            at=at,
            sketch=sketch,
            p=drift.get("p"),
            found=tuple(drift.get("found", ())),
            outcome=verdict.outcome,
            good=not (
                verdict.blocks or drift.get("lasting", False) or verdict.outcome is Outcome.INSUFFICIENT
            ),
        )


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """The batches before a batch.

    Attributes:
        batches: the oldest first.
        season: after what their data goes.
    """

    batches: tuple[PastBatch, ...] = ()
    season: Season = "none"

    def key(self, at: date | None) -> str | None:
        """The season of a day; None where there are no seasons, or the day is not known.

        Example:
            >>> History(season="weekday").key(date(2026, 11, 23)), History(season="month").key(date(2026, 1, 9))
            ('Monday', 'January')
        """
        if at is None or self.season == "none":
            return None
        return WEEKDAYS[at.weekday()] if self.season == "weekday" else MONTHS[at.month - 1]

    def before(self, name: str, at: date | None) -> Self:
        """The history of a batch: without itself, and without what came after it.

        A batch that is checked once more is not held against itself.
        """
        earlier = tuple(
            batch
            for batch in self.batches
            if batch.name != name and (at is None or batch.at is None or batch.at <= at)
        )
        return self if len(earlier) == len(self.batches) else type(self)(earlier, self.season)

    def references(self) -> tuple[PastBatch, ...]:
        """The good batches that a new one may be held against, the oldest first.

        A batch in which drift was found is left out until ``QUIET`` batches without have followed it:
        were it used at once, the next one that has drifted alike would seem ordinary. After that it
        was an exception, and is used: without the exceptions good batches would seem to be more alike
        than they are.
        """
        waiting: set[str] = set()
        quiet = 0
        for batch in self.checked():
            if batch.found:
                waiting.add(batch.name)
                quiet = 0
            else:
                quiet += 1
            if quiet == QUIET:
                break
        return tuple(batch for batch in self.batches if batch.good and batch.name not in waiting)

    def checked(self) -> Iterator[PastBatch]:
        """The batches that were really checked, the latest first."""
        return (batch for batch in reversed(self.batches) if batch.outcome is not None and not batch.pseudo)
