"""Drawings of a column's distance in past batches and in this one, against its threshold."""

from collections.abc import Sequence

from markupsafe import Markup

from spalje.report.label import isolated, label
from spalje.report.svg import drawing, element
from spalje.report.value import distance

WIDTH, HEIGHT = 360.0, 64.0
BASE, TOP = 60.0, 8.0
#: Past batches shown, the latest: a bar for each is wide enough to point at.
SHOWN = 60
#: Widest bar; few batches do not fill the strip.
WIDEST = 16.0


def strip(past: Sequence[tuple[str, float]], now: float, threshold: float | None, title: str) -> Markup:
    """A bar for each batch, the last one this; a dashed line where a distance is found.

    Args:
        past: name and distance of past batches, the oldest first.
        now: distance of this batch.
        threshold: a distance above it is found; None where there is none.
        title: what it is about, one line.
    """
    bars = [*past[-SHOWN:], ("This batch", now)]
    highest = max(1e-9, *(far for _, far in bars), threshold or 0.0) * 1.06
    step = min(WIDEST, WIDTH / len(bars))
    left = WIDTH - step * len(bars)
    content = [
        element(
            "rect",
            element("title", f"{isolated(label(name))}: {distance(far)}"),
            x=left + place * step + step * 0.12,
            y=BASE - max(1.0, far / highest * (BASE - TOP)),
            width=step * 0.76,
            height=max(1.0, far / highest * (BASE - TOP)),
            class_="now" if place == len(bars) - 1 else "then",
        )
        for place, (name, far) in enumerate(bars)
    ]
    content.append(element("line", x1=0, x2=WIDTH, y1=BASE, y2=BASE, class_="axis"))
    if threshold is not None:
        y = BASE - threshold / highest * (BASE - TOP)
        content.append(element("line", x1=0, x2=WIDTH, y1=y, y2=y, class_="limit"))
    return drawing(WIDTH, HEIGHT, title, _seen(past, now, threshold), content, "figure strip")


def _seen(past: Sequence[tuple[str, float]], now: float, threshold: float | None) -> str:
    far = [each for _, each in past]
    between = f"{len(far)} past batches from {distance(min(far))} to {distance(max(far))}. " if far else ""
    limit = f", found above {distance(threshold)}" if threshold is not None else ""
    return f"{between}This batch {distance(now)}{limit}."
