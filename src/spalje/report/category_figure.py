"""Drawings of two distributions of categories: pairs of bars side by side."""

from collections.abc import Iterator

from markupsafe import Markup

from spalje.report.label import isolated, label
from spalje.report.number_figure import SMALL
from spalje.report.shares import CategoryShares
from spalje.report.svg import drawing, element
from spalje.report.value import share

WIDTH, ROW = 360.0, 25.0
#: Where bars begin, how long the longest is, and the room for a value's name, in characters.
LEFT, LONGEST, NAME = 120.0, 132.0, 17


def category_figure(shown: CategoryShares, title: str, description: str) -> Markup:
    """The most frequent values, all others together, and those never seen in the baseline."""
    rows = list(_rows(shown))
    longest = max(max(then or 0.0, now or 0.0) for _, then, now, _ in rows) or 1.0
    content: list[Markup] = []
    for place, (name, then, now, kind) in enumerate(rows):
        y = place * ROW + 3
        content.append(element("text", name, x=0, y=y + 12.5, class_=kind))
        for part, offset, side in ((then, 0.0, "then"), (now, 9.0, "now")):
            if part is not None:
                bar = part / longest * LONGEST
                content.append(element("rect", x=LEFT, y=y + offset, width=bar, height=8, class_=side))
        sides = [share(part) for part in (then, now) if part is not None]
        content.append(element("text", " → ".join(sides), x=WIDTH, y=y + 12.5, class_="end shares"))
    foot = len(rows) * ROW + 2
    content.append(element("line", x1=LEFT, x2=LEFT, y1=0, y2=foot, class_="axis"))
    return drawing(WIDTH, foot, title, description, content, "figure")


def small_figure(shown: CategoryShares, title: str) -> Markup:
    """The same as standing bars without words."""
    width, height = SMALL
    rows = list(_rows(shown))
    longest = max(max(then or 0.0, now or 0.0) for _, then, now, _ in rows) or 1.0
    step = width / len(rows)
    bars = [
        element(
            "rect",
            x=place * step + offset * step,
            y=height - 1 - part / longest * (height - 2),
            width=step * 0.36,
            height=part / longest * (height - 2),
            class_=side,
        )
        for place, (_, then, now, _) in enumerate(rows)
        for part, offset, side in ((then, 0.08, "then"), (now, 0.5, "now"))
        if part is not None
    ]
    line = element("line", x1=0, x2=width, y1=height - 0.5, y2=height - 0.5, class_="axis")
    return drawing(width, height, title, "Left of each pair: baseline. Right: batch.", [*bars, line], "small")


def _rows(shown: CategoryShares) -> Iterator[tuple[str, float | None, float | None, str]]:
    """Name, both shares, and a class of the style sheet."""
    for place, name in enumerate(shown.values):
        then, now = (None if part is None else float(part[place]) for part in (shown.then, shown.now))
        yield isolated(label(name, NAME)), then, now, "name"
    then, now = (
        None if part is None else size
        for part, size in zip((shown.then, shown.now), shown.other, strict=True)
    )
    if shown.others or max(shown.other) > 0:
        yield f"{shown.others:,} others" if shown.others else "others", then, now, "rest"
    if shown.unseen is not None:
        yield "never seen before", None if then is None else 0.0, shown.unseen, "rest"
