"""A drawing of a replay: for each policy its batches in a row, and how its error differs from that of another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from spalje.report.label import label
from spalje.report.svg import drawing, element

#: Widths of what stands left of the batches, of the batches together, and right of them.
LEFT, WIDTH, RIGHT = 118.0, 520.0, 300.0
#: Heights of the head, of the drawing of the error, of a policy's row, and of what explains the marks.
HEAD, ERROR, ROW, FOOT = 24.0, 84.0, 84.0, 44.0
#: Half the height of the bars of a row.
BARS = 20.0

#: What a drawing needs that stands alone; colours are told apart without colour vision, and shapes say the same.
STYLE = """
.backtest { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
.backtest text { fill: #1b211e; font-size: 12px; } .backtest text.quiet { fill: #55605a; }
.backtest text.name { font-weight: 600; font-size: 13px; }
.backtest .axis { stroke: #b3bdb8; stroke-width: 1; }
.backtest .path { fill: none; stroke: #55605a; stroke-width: 1.5; }
.backtest .better { fill: #2f7fc1; } .backtest .worse { fill: #d9822b; }
.backtest .built { fill: #1b211e; } .backtest .refused { fill: none; stroke: #1b211e; stroke-width: 1.4; }
.backtest .found { fill: #c0392b; } .backtest .kept { stroke: #1b211e; stroke-width: 1.6; }
@media (prefers-color-scheme: dark) {
  .backtest.page text { fill: #e8ece9; } .backtest.page text.quiet { fill: #a4b0a9; }
  .backtest.page .axis { stroke: #5d6a64; } .backtest.page .path { stroke: #a4b0a9; }
  .backtest.page .built { fill: #e8ece9; } .backtest.page .refused, .backtest.page .kept { stroke: #e8ece9; }
  .backtest.page .found { fill: #ff938a; }
}
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of a life.

    Attributes:
        error: its score; None without truth.
        alarm: whether the policy found something wrong with it.
        built: whether a new model was built after it.
        accepted: whether that one went into use.
        blocked: whether it would have been kept back.
    """

    error: float | None
    alarm: bool
    built: bool
    accepted: bool
    blocked: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """A policy.

    Attributes:
        name: of the policy.
        batches: the oldest first, one for each day.
        says: lines that stand beside it.
    """

    name: str
    batches: tuple[Batch, ...]
    says: tuple[str, ...]


def picture(lanes: Sequence[Lane], days: Sequence[date], score: str, *, page: bool = False) -> Markup:
    """The drawing.

    Args:
        lanes: policies; the last is the one that the others' errors are held against.
        days: of the batches.
        score: what the error is called.
        page: whether it stands in a page that may be dark.
    """
    step = WIDTH / max(1, len(days))
    ground = lanes[-1]
    # in a page the style is the page's, which names it by its hash
    style = [] if page else [element("style", Markup(STYLE))]  # noqa: S704  ours
    content = [*style, *_error(ground, days, score, step)]
    top = HEAD + ERROR
    for lane in lanes:
        content += _lane(lane, ground, top, step)
        top += ROW
    content += _legend(top, ground.name)
    title = f"{len(lanes)} policies over {len(days)} batches"
    seen = " ".join(f"{lane.name}: {', '.join(lane.says)}." for lane in lanes)
    kind = "backtest page" if page else "backtest"
    return drawing(LEFT + WIDTH + RIGHT, top + FOOT, title, seen, content, kind)


def _error(ground: Lane, days: Sequence[date], score: str, step: float) -> list[Markup]:
    """The error of the policy that the others are held against, batch by batch."""
    known = [batch.error for batch in ground.batches if batch.error is not None]
    if not known:
        return []
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    base, height = HEAD + ERROR - 26.0, ERROR - 38.0

    def y(error: float) -> float:
        return base - (error - low) / span * height

    path = [
        f"{LEFT + (place + 0.5) * step:.1f},{y(batch.error):.1f}"
        for place, batch in enumerate(ground.batches)
        if batch.error is not None
    ]
    parts = [
        element("text", f"{score} of each batch under “{label(ground.name)}”", x=LEFT, y=14, class_="quiet"),
        element("polyline", points=" ".join(path), class_="path"),
        element("text", f"{high:.3g}", x=LEFT - 6, y=y(high) + 4, text_anchor="end", class_="quiet"),
        element("text", f"{low:.3g}", x=LEFT - 6, y=y(low) + 4, text_anchor="end", class_="quiet"),
    ]
    marks = [place for place in range(len(days)) if place == 0 or days[place].month != days[place - 1].month]
    least = 46.0
    last = -least
    for place in marks:
        x = LEFT + place * step
        if x - last < least:
            continue
        last = x
        parts.append(element("text", f"{days[place]:%b %d}", x=x, y=HEAD + ERROR - 8, class_="quiet"))
    return parts


def _lane(lane: Lane, ground: Lane, top: float, step: float) -> list[Markup]:
    middle = top + 12.0 + BARS
    shares = [
        None
        if mine.error is None or theirs.error is None or not theirs.error
        else mine.error / theirs.error - 1.0
        for mine, theirs in zip(lane.batches, ground.batches, strict=True)
    ]
    most = max([abs(share) for share in shares if share is not None] + [0.02])
    parts = [
        element("line", x1=0, x2=LEFT + WIDTH + RIGHT, y1=top, y2=top, class_="axis", opacity="0.5"),
        element("text", label(lane.name), x=0, y=top + 22, class_="name"),
        element("line", x1=LEFT, x2=LEFT + WIDTH, y1=middle, y2=middle, class_="axis"),
    ]
    if lane is not ground:
        parts.append(
            element("text", f"±{most:.0%}", x=LEFT - 6, y=middle + 4, text_anchor="end", class_="quiet")
        )
    for place, (batch, share) in enumerate(zip(lane.batches, shares, strict=True)):
        x = LEFT + place * step
        if share:
            height = abs(share) / most * BARS
            parts.append(
                element(
                    "rect",
                    element("title", f"{share:+.1%}"),
                    x=x + step * 0.15,
                    y=middle if share < 0 else middle - height,
                    width=step * 0.7,
                    height=max(0.5, height),
                    class_="better" if share < 0 else "worse",
                )
            )
        parts += _marks(batch, x + step / 2, top + ROW - 14, min(5.0, step / 3))
    for number, line in enumerate(lane.says):
        parts.append(
            element(
                "text",
                line,
                x=LEFT + WIDTH + 16,
                y=top + 18 + 16 * number,
                class_="" if number == 0 else "quiet",
            )
        )
    return parts


def _marks(batch: Batch, x: float, y: float, r: float) -> list[Markup]:
    parts = []
    if batch.alarm:
        parts.append(
            element(
                "path",
                d=f"M{x - r:.1f},{y + r:.1f} L{x + r:.1f},{y + r:.1f} L{x:.1f},{y - r:.1f} Z",
                class_="found",
            )
        )
    if batch.built:
        parts.append(
            element(
                "circle", cx=x, cy=y - 2.6 * r, r=r * 0.8, class_="built" if batch.accepted else "refused"
            )
        )
    if batch.blocked:
        parts.append(element("line", x1=x - r, x2=x + r, y1=y + 1.9 * r, y2=y + 1.9 * r, class_="kept"))
    return parts


def _legend(top: float, ground: str) -> list[Markup]:
    """What the marks mean."""
    y, x = top + 18.0, LEFT
    parts = [element("line", x1=0, x2=LEFT + WIDTH + RIGHT, y1=top, y2=top, class_="axis", opacity="0.5")]
    told = (
        (Batch(None, True, False, False, False), "alarm", 66.0),
        (Batch(None, False, True, True, False), "model built, in use from the next batch on", 288.0),
        (Batch(None, False, True, False, False), "built, worse, not used", 160.0),
        (Batch(None, False, False, False, True), "blocked", 70.0),
    )
    for batch, words, width in told:
        height = y + (11.7 if batch.built else -8.5 if batch.blocked else 0.0)
        parts += _marks(batch, x + 5, height, 4.5)
        parts.append(element("text", words, x=x + 15, y=y + 4, class_="quiet"))
        x += width
    parts.append(element("rect", x=LEFT, y=y + 13, width=9, height=9, class_="better"))
    parts.append(element("rect", x=LEFT + 12, y=y + 13, width=9, height=9, class_="worse"))
    words = f"error of the batch lower, higher than under “{label(ground)}”"
    parts.append(element("text", words, x=LEFT + 27, y=y + 22, class_="quiet"))
    return parts
