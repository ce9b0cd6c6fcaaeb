"""What a page shows of one column: a card with figures, or a row of a table."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from markupsafe import Markup

from spalje.report import category_figure, number_figure
from spalje.report.facts import NOTHING, Fact, beyond, centre, facts, from_to, nulls
from spalje.report.figures import Drift
from spalje.report.label import isolated, label
from spalje.report.shares import CategoryShares, NumberShares, shares
from spalje.report.strip import SHOWN, strip
from spalje.report.subject import Subject
from spalje.report.value import distance, share

#: Classes of the style sheet for how bad something is.
Tone: TypeAlias = Literal["alarm", "warning", "quiet"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A word or few about a column."""

    word: str
    tone: Tone


@dataclass(frozen=True, slots=True, eq=False)
class Card:
    """A column with everything that is known of it.

    Attributes:
        name, kind: of the column, fit to be shown.
        marks: what stands behind its name.
        figure: both distributions; None where they cannot be drawn.
        caption: what the figure does not show; may be empty.
        facts: figures side by side.
        measures: what is said of the distance: words and number.
        strip: the distance in past batches; None without any.
        since: about the strip, and since when it has drifted; may be empty.
    """

    name: str
    kind: str
    marks: tuple[Mark, ...]
    figure: Markup | None
    caption: str
    facts: tuple[Fact, ...]
    measures: tuple[tuple[str, str], ...]
    strip: Markup | None
    since: str


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A column in a line.

    Attributes:
        name, kind: of the column, fit to be shown.
        mark: what was found in it; None: nothing.
        figure: a small one; None in all but the first rows, or where it cannot be drawn.
        distance, threshold: how far it is, and from where on that is found.
        centre, nulls: from the baseline to the batch.
    """

    name: str
    kind: str
    mark: Mark | None
    figure: Markup | None
    distance: str
    threshold: str
    centre: str
    nulls: str


def card(subject: Subject, drift: Drift | None) -> Card:
    """The card of a column."""
    shown = shares(subject.then, subject.now)
    said = tuple(facts(subject))
    name = isolated(label(subject.name))
    column = subject.now or subject.then
    figure = None
    if isinstance(shown, NumberShares) and column is not None:
        figure = number_figure.number_figure(shown, column.kind, f"{name}, baseline and batch", _seen(said))
    elif isinstance(shown, CategoryShares):
        figure = category_figure.category_figure(shown, f"{name}, baseline and batch", _seen(said))
    past: tuple[tuple[str, float], ...] = ()
    now = subject.distance
    if subject.drift and drift and subject.drift.history:
        past = tuple(zip(drift.past, subject.drift.history, strict=True))
    return Card(
        label(subject.name),
        subject.kind,
        tuple(marks(subject, drift)),
        figure,
        beyond(shown, subject),
        said,
        tuple(_measures(subject)),
        strip(past, now, subject.drift.threshold, f"{name}, distance of each batch")
        if past and now is not None and subject.drift
        else None,
        _since(subject),
    )


def row(subject: Subject, drift: Drift | None, *, drawn: bool) -> Row:
    """The line of a column, with a small figure if ``drawn``."""
    shown = shares(subject.then, subject.now) if drawn else None
    name = isolated(label(subject.name))
    figure = None
    if isinstance(shown, NumberShares):
        figure = number_figure.small_figure(shown, name)
    elif isinstance(shown, CategoryShares):
        figure = category_figure.small_figure(shown, name)
    threshold = subject.drift.threshold if subject.drift else None
    return Row(
        label(subject.name, 40),
        subject.kind,
        next(iter(marks(subject, drift)), None),
        figure,
        NOTHING if subject.distance is None else distance(subject.distance),
        NOTHING if threshold is None else distance(threshold),
        centre(subject),
        nulls(subject),
    )


def marks(subject: Subject, drift: Drift | None) -> list[Mark]:
    """What was found in a column, the worst first."""
    drifted = subject.drift is not None and subject.drift.found
    found = []
    if subject.blocks:
        found.append(Mark("blocks", "alarm"))
    if drifted:
        found.append(Mark("drifted", "warning"))
    elif subject.findings and not subject.blocks:
        found.append(Mark("finding", "warning"))
    elif not subject.blocks and small(subject, drift):
        found.append(Mark("unusual, but small", "quiet"))
    if subject.attribution is not None:
        found.append(Mark(f"{share(round(subject.attribution, 3))} of attributions", "quiet"))
    return found


def small(subject: Subject, drift: Drift | None) -> bool:
    """Whether a column is unusual among past batches, by less than would matter."""
    if drift is None or drift.critical is None or subject.drift is None or subject.drift.z is None:
        return False
    unusual = drift.p is not None and drift.p <= drift.alpha and subject.drift.z > drift.critical
    return unusual and not subject.drift.found


def _measures(subject: Subject) -> list[tuple[str, str]]:
    if subject.distance is None:
        return []
    said = [("Distance", distance(subject.distance))]
    if subject.drift is not None:
        for name, figure in (
            ("found above", subject.drift.threshold),
            ("usually", subject.drift.expected),
            ("margin", subject.drift.margin),
        ):
            if figure is not None:
                said.append((name, distance(figure)))
    return said


def _since(subject: Subject) -> str:
    drift = subject.drift
    if drift is None:
        return ""
    number = min(SHOWN, len(drift.history))
    about = f"The last {number} batches and this one; dashed: where it is found." if number else ""
    since = f"Drifted since {isolated(label(drift.since))}." if drift.since is not None else ""
    return " ".join(part for part in (since, about) if part)


def _seen(said: tuple[Fact, ...]) -> str:
    return "; ".join(f"{fact.name} {from_to([fact.then, fact.now])}" for fact in said) + "."
