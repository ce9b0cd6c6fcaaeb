"""What is said about a column in words: from the baseline to the batch."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow.compute as pc

from spalje.monitor.wording import number, rows
from spalje.profile.column import Column
from spalje.profile.number import Numbers
from spalje.profile.text import Texts
from spalje.report.label import label
from spalje.report.shares import CategoryShares, NumberShares
from spalje.report.subject import Subject
from spalje.report.value import share, value

#: What stands where there is nothing to say.
NOTHING = "–"
#: Characters of a value in a table.
VALUE = 24
#: What is said of numbers: name -> share of the numbers at or below it.
QUANTILES = {"5 %": 0.05, "Median": 0.5, "95 %": 0.95}


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of a column: what it is, in the baseline, in the batch."""

    name: str
    then: str
    now: str


def facts(subject: Subject) -> Iterator[Fact]:
    """The figures of a column, side by side."""
    sides = (subject.then, subject.now)
    yield _fact("No value", sides, lambda column: share(1.0 - column.completeness))
    if any(column and column.nan + column.infinite for column in sides):
        yield _fact("NaN or infinite", sides, lambda column: rows(column.nan + column.infinite))
    if any(column and column.numbers for column in sides):
        yield _fact("Mean", sides, _mean)
        for name, part in QUANTILES.items():
            yield _fact(name, sides, partial(_quantile, part=part))
        yield _fact("Range", sides, _range)
    if any(column and column.texts for column in sides):
        yield _fact("Different values", sides, _different)
        yield _fact("Most frequent", sides, most_frequent)


def centre(subject: Subject) -> str:
    """Where a column's values lie, in a few words: the mean, or the share of one value."""
    then, now = subject.then, subject.now
    numbers = [column for column in (then, now) if column and column.numbers and column.numbers.moments.count]
    if numbers:
        return f"mean {from_to([_mean(column) for column in numbers])}"
    texts = [column.texts for column in (then, now) if column and column.texts and len(column.texts.values)]
    if texts:
        name, place = _top(texts[0])
        before = texts[0].counts[place] / texts[0].count
        after = [_share_of(name, each) for each in texts[1:]]
        return f"{label(name, VALUE)} {from_to([share(float(before)), *(share(part) for part in after)])}"
    return NOTHING


def nulls(subject: Subject) -> str:
    """Shares of rows without a value."""
    return from_to([share(1.0 - column.completeness) for column in (subject.then, subject.now) if column])


def from_to(sides: list[str]) -> str:
    """Both sides; only one where they read the same, or there is only one.

    Example:
        >>> from_to(["1 %", "2 %"]), from_to(["1 %", "1 %"]), from_to([])
        ('1 % → 2 %', '1 %', '–')
    """
    return " → ".join(dict.fromkeys(sides)) or NOTHING


def beyond(shown: NumberShares | CategoryShares | None, subject: Subject) -> str:
    """What a figure does not show."""
    if shown is None:
        return "There are no values of one kind in both to draw."
    if isinstance(shown, CategoryShares):
        if shown.unseen and shown.strange is not None:
            return f"Never seen before, most often: {label(shown.strange, VALUE)}."
        return ""
    kind = next(column.kind for column in (subject.then, subject.now) if column)
    sides = [
        f"{share(then)} → {share(now)} {where} {value(kind, float(edge))}"
        for (then, now), where, edge in (
            (shown.below, "below", shown.edges[0]),
            (shown.above, "above", shown.edges[-1]),
        )
        if then > 0 or now > 0
    ]
    return f"Not drawn: {', '.join(sides)}." if sides else ""


def _fact(name: str, sides: tuple[Column | None, ...], said: Callable[[Column], str]) -> Fact:
    then, now = (NOTHING if column is None else said(column) for column in sides)
    return Fact(name, then, now)


def _known(column: Column) -> Numbers | None:
    return column.numbers if column.numbers and column.numbers.moments.count else None


def _mean(column: Column) -> str:
    numbers = _known(column)
    return NOTHING if numbers is None else value(column.kind, numbers.moments.mean)


def _quantile(column: Column, part: float) -> str:
    numbers = _known(column)
    return NOTHING if numbers is None else value(column.kind, numbers.quantile(part))


def _range(column: Column) -> str:
    numbers = _known(column)
    if numbers is None:
        return NOTHING
    low, high = (value(column.kind, float(end)) for end in (numbers.moments.low, numbers.moments.high))
    return f"{low} to {high}"


def _different(column: Column) -> str:
    return NOTHING if column.different is None or column.texts is None else number(column.different)


def most_frequent(column: Column) -> str:
    """The value that most rows have, and how many of them."""
    if column.texts is None or not len(column.texts.values):
        return NOTHING
    name, place = _top(column.texts)
    return f"{label(name, VALUE)} ({share(float(column.texts.counts[place] / column.texts.count))})"


def _top(texts: Texts) -> tuple[str, int]:
    """The most frequent value and where it stands; without sorting, as there may be very many."""
    place = int(np.argmax(texts.counts))
    return texts.values[place].as_py(), place


def _share_of(name: str, texts: Texts) -> float:
    place = pc.index(texts.values, name).as_py()
    return float(texts.counts[place] / texts.count) if place >= 0 else 0.0
