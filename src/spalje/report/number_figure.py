"""Drawings of two distributions of numbers over each other: a filled area and a line."""

from collections.abc import Iterator

from markupsafe import Markup

from spalje.profile.kind import Kind
from spalje.profile.kll import Floats
from spalje.report.scale import Scale, ticks
from spalje.report.shares import NumberShares
from spalje.report.svg import drawing, element, points
from spalje.report.value import share, value

WIDTH, HEIGHT = 360.0, 140.0
#: Where bars begin and how far up the tallest one reaches.
BASE, TOP = 116.0, 18.0
#: A drawing among the rows of a table.
SMALL = (96.0, 22.0)


def number_figure(shown: NumberShares, kind: Kind, title: str, description: str) -> Markup:
    """Both distributions, with axes, and the figures of each cell where the pointer rests.

    Args:
        shown: what is drawn.
        kind: of the column, for how its numbers are written.
        title: what it is about, one line.
        description: what is to be seen, for those who cannot see it.
    """
    scale = Scale.of(shown)
    return drawing(
        WIDTH,
        HEIGHT,
        title,
        description,
        [
            *_height_line(scale),
            *_areas(shown, scale, WIDTH, BASE, TOP),
            *_cut(shown, scale),
            element("line", x1=0, x2=WIDTH, y1=BASE, y2=BASE, class_="axis"),
            *_axis(shown, kind),
            *_cells(shown, kind),
        ],
        "figure",
    )


def small_figure(shown: NumberShares, title: str) -> Markup:
    """Both distributions without axes."""
    width, height = SMALL
    areas = _areas(shown, Scale.of(shown), width, height - 1, 1.0)
    line = element("line", x1=0, x2=width, y1=height - 0.5, y2=height - 0.5, class_="axis")
    return drawing(width, height, title, "Area: baseline. Line: batch.", [*areas, line], "small")


def _areas(shown: NumberShares, scale: Scale, width: float, base: float, top: float) -> Iterator[Markup]:
    for part, name in ((shown.then, "then"), (shown.now, "now")):
        if part is None:
            continue
        step = width / len(part)
        places = [(0.0, base)]
        for cell, height in enumerate(scale.heights(part)):
            y = base - float(height) * (base - top)
            places += [(cell * step, y), ((cell + 1) * step, y)]
        yield element("polyline", points=points([*places, (width, base)]), class_=name)


def _height_line(scale: Scale) -> Iterator[Markup]:
    """One line across, at a round share."""
    round_share = max(ticks(0.0, scale.top * 0.92, 2, whole=False))
    if round_share > 0:
        y = BASE - round_share / scale.top * (BASE - TOP)
        yield element("line", x1=0, x2=WIDTH, y1=y, y2=y, class_="grid")
        yield element("text", share(round_share), x=WIDTH, y=y - 3, class_="end")


def _cut(shown: NumberShares, scale: Scale) -> Iterator[Markup]:
    """A gap across the cell that is cut off, and its shares in words."""
    if scale.cut is None:
        return
    step = WIDTH / (len(shown.edges) - 1)
    left, right = scale.cut * step, (scale.cut + 1) * step
    y = TOP + 12
    places = points([(left - 3, y + 4), (right + 3, y - 1), (right + 3, y + 3), (left - 3, y + 8)])
    yield element("polygon", points=places, class_="gap")
    sides = [share(float(part[scale.cut])) for part in (shown.then, shown.now) if part is not None]
    behind = right + 6 if right < WIDTH / 2 else left - 6
    yield element(
        "text", " → ".join(sides), x=behind, y=TOP - 5, class_="said" if behind == right + 6 else "said end"
    )


def _axis(shown: NumberShares, kind: Kind) -> Iterator[Markup]:
    low, high = float(shown.edges[0]), float(shown.edges[-1])
    inside = [low, (low + high) / 2, high] if kind.temporal else ticks(low, high, 5, shown.whole)
    for number in inside:
        x = (number - low) / (high - low) * WIDTH
        anchor = "" if x < 16 else "end" if x > WIDTH - 16 else "middle"
        yield element("line", x1=x, x2=x, y1=BASE, y2=BASE + 4, class_="axis")
        yield element("text", value(kind, number), x=x, y=BASE + 17, class_=anchor)


def _cells(shown: NumberShares, kind: Kind) -> Iterator[Markup]:
    """Areas that cannot be seen, with what a cell holds in words."""
    step = WIDTH / (len(shown.edges) - 1)
    for cell in range(len(shown.edges) - 1):
        words = "; ".join(
            f"{name} {share(float(part[cell]))}"
            for name, part in (("baseline", shown.then), ("batch", shown.now))
            if part is not None
        )
        yield element(
            "rect",
            element("title", f"{_range(shown, kind, shown.edges, cell)}: {words}"),
            x=cell * step,
            y=TOP,
            width=step,
            height=BASE - TOP,
            class_="hit",
        )


def _range(shown: NumberShares, kind: Kind, edges: Floats, cell: int) -> str:
    low, high = float(edges[cell]), float(edges[cell + 1])
    if shown.whole:
        low, high = low + 0.5, high - 0.5
    return value(kind, low) if low == high else f"{value(kind, low)} to {value(kind, high)}"
