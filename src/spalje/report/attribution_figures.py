"""Figures of attributions, drawn with matplotlib; imported only where it is there.

Every figure is drawn for a light and a dark page alike: its background is transparent, and ``svg``
changes the colour of its text and lines. Names from data are never read as mathematics.
"""

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from typing import TypeAlias, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from matplotlib import rc_context, rcdefaults, rcParams
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, to_rgba
from matplotlib.dates import AutoDateLocator
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, Formatter, MaxNLocator

from spalje.attribution.attributions import Attributions, Floats
from spalje.monitor import wording
from spalje.profile.kind import Kind, kind_of
from spalje.report.label import isolated, label
from spalje.report.value import value

Codes: TypeAlias = npt.NDArray[np.int64]

#: Rows that are drawn, at most, and dots of a figure above which they are one picture in an SVG.
DRAWN, DOTS = 2000, 600
#: Columns of a feature's name, of a cell beside it, and of a category under an axis.
NAME, CELL, CATEGORY = 32, 20, 16
#: Categories that get a strip, and that get a colour, of their own.
STRIPS, COLOURED = 12, 6
#: Bins of a feature of numbers in ``partner``, and the deviations above chance that it asks for.
BINS, SURE = 10, 5.0

#: Negative and positive values, or low and high cells: told apart by the colour blind, on light and dark.
LOW, HIGH = "#2f7fe0", "#e5502b"
#: Figures without a sign, and cells that are neither low nor high.
PLAIN, GREY = "#5f7d8c", "#8d9691"
#: Text, what is read first, and lines, as in the style sheet.
QUIET, INK, LINE = "#55605a", "#1b211e", "#dde2de"
_DARK = {QUIET: "#a4b0a9", INK: "#e8ece9", LINE: "#2e3733"}
#: Of categories (Okabe and Ito), without those that vanish on light or dark.
_CATEGORIES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
_RAMP = LinearSegmentedColormap.from_list("spalje", [LOW, "#a06bb0", HIGH])
#: Of ticks.
_STEPS = [1, 2, 2.5, 5, 10]
_SMALL, _TEXT = 8.0, 9.0
_FONTS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif'
#: Where matplotlib counts days from as well.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUS = "\N{MINUS SIGN}"


@contextmanager
def _plain() -> Iterator[None]:
    """Matplotlib as it comes, whatever its user has set up; never mathematics in text."""
    with rc_context(), warnings.catch_warnings():
        # a script that the font lacks: a browser has it
        warnings.filterwarnings("ignore", message=r"(?s)Glyph .* missing from font")
        rcdefaults()
        rcParams.update(
            {
                "font.family": ["DejaVu Sans"],
                "font.size": _TEXT,
                "text.parse_math": False,
                "svg.fonttype": "none",
                "svg.hashsalt": "spalje",
            }
        )
        yield


@_plain()
def bar(
    features: Sequence[str],
    importance: npt.ArrayLike,
    intervals: npt.ArrayLike | None = None,
    *,
    unit: str,
    top: int = 20,
) -> Figure:
    """How much each feature matters: one bar each, the largest on top.

    Args:
        features: names.
        importance: such as the mean of the absolute values, in ``unit``, shape (features,).
        intervals: from where to where it may be, shape (2, features); None where not known.
        unit: of the predictions; may be empty.
        top: features that get a bar of their own; the others are added up in the last bar.

    Example:
        >>> figure = bar(["price", "store"], [2.0, 0.5], unit="units sold")
        >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
        ['price', 'store']
    """
    sizes = np.nan_to_num(np.asarray(importance, np.float64))
    ends = None if intervals is None else np.asarray(intervals, np.float64)
    scale = _Scale.of(sizes, () if ends is None else ends)
    sizes = scale.small(sizes)
    ends = None if ends is None else scale.small(ends)
    first, others = _order(sizes, top)
    lengths = sizes[first]
    names = [_name(features[place]) for place in first]
    if len(others):
        lengths = np.append(lengths, sizes[others].sum())
        names.append(_others(len(others)))
    figure, axes = _figure(7.4, 0.72 + 0.27 * len(names))
    places = np.arange(len(names))
    colours = [PLAIN] * len(first) + [GREY] * (len(names) - len(first))
    axes.barh(places, lengths, height=0.62, color=colours)
    low, high = np.minimum(lengths, 0.0), np.maximum(lengths, 0.0)
    if ends is not None:
        _whiskers(axes, places[: len(first)], ends[0][first], ends[1][first])
        low[: len(first)] = np.fmin(low[: len(first)], ends[0][first])
        high[: len(first)] = np.fmax(high[: len(first)], ends[1][first])
    _limits(axes, float(low.min()), float(high.max()), bool((lengths < 0).any()), room=0.14)
    decimals = scale.decimals(lengths)
    _numbers(
        axes, places, np.where(lengths < 0, low, high), [scale.say(x, decimals) for x in lengths], lengths
    )
    _rows(axes, names)
    _across(axes, scale, _with_unit("importance", unit))
    return _settled(figure)


@_plain()
def beeswarm(
    attributions: Attributions, cells: pa.Table, output: int = 0, *, unit: str, top: int = 20
) -> Figure:
    """Every row's value of every feature as a dot, coloured by its cell from low to high.

    Dots lie above each other where there are many. Categories and nulls are grey. At most 2,000
    rows are drawn, evenly spaced.

    Args:
        attributions: of at least one row.
        cells: the explained rows, with a column for each feature.
        output: which one.
        unit: of the predictions; may be empty.
        top: features that are drawn; the values of the others are added up, in grey.
    """
    taken = _taken(len(attributions.values))
    values = attributions.values[:, :, output]
    scale = _Scale.of(values)
    values = scale.small(values)
    first, others = _order(np.abs(np.nan_to_num(values)).mean(axis=0), top)
    names = [attributions.features[place] for place in first]
    columns = [values[taken, place] for place in first]
    colours = [_Cells.of(cells[name]).take(taken).colours() for name in names]
    shown = [_name(name) for name in names]
    if len(others):
        columns.append(values[np.ix_(taken, others)].sum(axis=1))
        colours.append(_all_grey(len(taken)))
        shown.append(_others(len(others)))
    figure, axes = _figure(7.4, max(1.9, 0.9 + 0.34 * len(shown)))
    along = np.concatenate(columns)
    low, high = _extent(along)
    across = np.concatenate([place + _swarm(x, low, high, 0.4) for place, x in enumerate(columns)])
    paint = np.concatenate(colours)
    axes.axvline(0.0, color=GREY, linewidth=0.8, zorder=1.5)
    axes.scatter(along, across, s=9, c=paint, linewidths=0, zorder=2, rasterized=len(along) > DOTS)
    _limits(axes, low, high, both=True, room=0.03)
    _rows(axes, shown)
    grey = np.all(paint == to_rgba(GREY), axis=1)
    note = "\ngrey: category, null or several features" if grey.any() else ""
    _across(axes, scale, _with_unit("added to the prediction", unit) + note)
    if not grey.all():
        _ramp(figure, axes, "cell")
    return _settled(figure)


@_plain()
def waterfall(
    attributions: Attributions,
    cells: pa.Table,
    row: int,
    output: int = 0,
    *,
    unit: str,
    top: int = 12,
) -> Figure:
    """How one prediction comes about: from the expected one, a step for each feature.

    Standard errors are drawn as whiskers where they are known and not 0, but not for the others
    together: errors of features are not independent.

    Args:
        attributions: what the features add.
        cells: the explained rows, with a column for each feature.
        row: which one, from 0.
        output: which one.
        unit: of the predictions; may be empty.
        top: features that get a step of their own; the others are added up.
    """
    values, errors = attributions.values[row, :, output], attributions.errors
    start, end = float(attributions.expected[output]), float(attributions.predictions[row, output])
    scale = _Scale.of(values, [start, end])
    start, end = (float(x) for x in scale.small([start, end]))
    values = scale.small(values)
    first, others = _order(np.abs(np.nan_to_num(values)), top)
    names = [
        f"{_name(attributions.features[place])} = {_said(cells[attributions.features[place]], row)}"
        for place in first
    ]
    steps, deviations = values[first], np.zeros(len(first))
    if errors is not None:
        deviations = scale.small(errors[row, first, output])
    if len(others):
        steps, deviations = np.append(steps, values[others].sum()), np.append(deviations, 0.0)
        names.append(_others(len(others)))
    # from the bottom up: expected, the others, the smallest step, ..., the largest one, the prediction
    steps, deviations, names = steps[::-1], deviations[::-1], names[::-1]
    after = start + np.cumsum(steps)
    before = np.concatenate([[start], after[:-1]])
    places = np.arange(1, len(steps) + 1)
    figure, axes = _figure(7.4, 0.95 + 0.3 * (len(steps) + 2))
    axes.barh(places, steps, left=before, height=0.62, color=[HIGH if step >= 0 else LOW for step in steps])
    axes.vlines(
        np.append(before, after[-1:]),
        np.arange(len(steps) + 1),
        np.arange(1, len(steps) + 2),
        color=GREY,
        linewidth=0.8,
        zorder=1.5,
    )
    axes.plot([start, end], [0, len(steps) + 1], "o", color=INK, markersize=5, zorder=3)
    low, high = np.minimum(before, after), np.maximum(before, after)
    known = deviations > 0
    _whiskers(axes, places[known], (after - deviations)[known], (after + deviations)[known])
    ends = np.where(steps < 0, np.minimum(low, after - deviations), np.maximum(high, after + deviations))
    _limits(
        axes,
        float(min(low.min(), start, end, ends.min())),
        float(max(high.max(), start, end, ends.max())),
        both=True,
        room=0.16,
    )
    decimals = scale.decimals(steps if np.any(steps) else np.array([start, end]))
    _numbers(axes, places, ends, [scale.say(step, decimals, sign=True) for step in steps], steps)
    sides = np.array([-1.0 if end > start else 1.0, 1.0 if end >= start else -1.0])
    said = [scale.say(start, decimals), scale.say(end, decimals)]
    _numbers(axes, [0, len(steps) + 1], [start, end], said, sides, colour=INK, away=5.0)
    _rows(axes, ["expected", *names, "prediction"], down=False)
    _across(axes, scale, _with_unit("prediction", unit))
    return _settled(figure)


@_plain()
def dependence(
    attributions: Attributions,
    cells: pa.Table,
    feature: str,
    output: int = 0,
    *,
    by: str | None = None,
    unit: str,
) -> Figure:
    """A feature's cells against what they add: one dot for each row.

    Categories get a strip each, the 12 most frequent in the order of the mean of their values, the
    rest together; nulls have a strip at the left. At most 2,000 rows are drawn, evenly spaced.

    Args:
        attributions: of at least one row.
        cells: the explained rows, with a column for each feature.
        feature: its name.
        output: which one.
        by: another feature, whose cells colour the dots; see ``partner``.
        unit: of the predictions; may be empty.
    """
    taken = _taken(len(attributions.values))
    values = attributions.values[taken, attributions.features.index(feature), output]
    scale = _Scale.of(values)
    values = scale.small(values)
    figure, axes = _figure(5.2, 3.5)
    low, high = _extent(values)
    places, ticks = _Cells.of(cells[feature]).take(taken).places(np.nan_to_num(values), low, high)
    other = None if by is None else _Cells.of(cells[by]).take(taken)
    colours = np.tile(to_rgba(PLAIN), (len(taken), 1)) if other is None else other.colours(categories=True)
    axes.axhline(0.0, color=GREY, linewidth=0.8, zorder=1.5)
    axes.scatter(places, values, s=10, c=colours, linewidths=0, zorder=2, rasterized=len(values) > DOTS)
    margin = 0.05 * (high - low)
    axes.set_ylim(low - margin, high + margin)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=_STEPS))
    axes.yaxis.set_major_formatter(_Numbers(scale))
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    _words(axes.set_ylabel(_with_unit("added", unit), labelpad=4))
    _words(axes.set_xlabel(_name(feature), labelpad=4))
    axes.set_xlim(*ticks.limits)
    axes.xaxis.set_major_locator(FixedLocator(ticks.places))
    crowded = sum(map(len, ticks.labels)) > 42
    for text in axes.set_xticklabels(
        ticks.labels, rotation=40 if crowded else 0, ha="right" if crowded else "center"
    ):
        text.set_rotation_mode("anchor")
        _words(text)
    if ticks.wall is not None:
        axes.axvline(ticks.wall, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)))
    if by is not None and other is not None:
        _key(figure, axes, other, _name(by))
    return _settled(figure)


def partner(attributions: Attributions, cells: pa.Table, feature: str, output: int = 0) -> str | None:
    """The feature with which another one interacts most, if with any.

    What is left of the feature's values in 10 bins of its own cells (after a line within each of them,
    since bins are wide, and by rank, since a few rows may be far out) is held against the bins of each
    other feature within each of these: the share of the variance that they explain, minus the share
    that chance would, (bins - 1) / (rows - 1). Only within the feature's own bins is an interaction
    seen that makes values larger here and smaller there.

    Args:
        attributions: of some rows; the more, the weaker interactions are found.
        cells: the explained rows, with a column for each feature.
        feature: its name.
        output: which one.

    Returns:
        The name of the best one; None if it does not explain more than chance would, by at least five
        standard deviations of what chance explains: the best of many is always somewhat above it.

    Example:
        >>> a, b = np.repeat([0.0, 1.0], 50), np.tile([0.0, 1.0], 50)
        >>> values = np.stack([a * b, b, 0 * b], axis=1)[:, :, None]
        >>> some = Attributions(("a", "b", "c"), values, values.sum(axis=1), np.zeros(1))
        >>> rows = pa.table({"a": a, "b": b, "c": a})
        >>> partner(some, rows, "a"), partner(some, rows, "b")
        ('b', None)
    """
    values = np.nan_to_num(attributions.values[:, attributions.features.index(feature), output])
    rows = len(values)
    if rows < 3 or not np.any(values):
        return None
    own = _Cells.of(cells[feature])
    left = _left(values / np.abs(values).max(), own)
    total = float(left @ left)
    if total <= 1e-24 * rows:  # nothing but rounding
        return None
    within = own.bins()
    rows_in, squares = np.bincount(within), np.bincount(within, left**2)
    best, found = 0.0, None
    for name in attributions.features:
        if name == feature:
            continue
        others = _Cells.of(cells[name]).bins()
        both = within * (int(others.max()) + 1) + others
        pairs, codes, counts = np.unique(both, return_inverse=True, return_counts=True)
        bins_in = np.bincount(pairs // (int(others.max()) + 1), minlength=len(rows_in))
        chance = (bins_in - 1) / np.maximum(rows_in - 1, 1)
        deviation = float(np.sqrt((squares**2 * 2 * chance * (1 - chance) / (rows_in + 1)).sum())) / total
        share = float((np.bincount(codes, left) ** 2 / counts).sum() - (squares * chance).sum()) / total
        if share > max(best, SURE * deviation, 1e-9):  # less is rounding
            best, found = share, name
    return found


def png(figure: Figure) -> bytes:
    """A figure as a PNG on white, 144 dots per inch."""
    into = BytesIO()
    with _plain():
        figure.savefig(into, format="png", dpi=144, facecolor="white", metadata={"Software": None})
    return into.getvalue()


def svg(figure: Figure, dark: bool = False) -> str:
    """A figure as an SVG element on no background, the same to the byte whenever it is drawn.

    Text stays text. There are no style sheets and no style attributes in it, so that it is shown as it
    should be even where a page forbids them.

    Args:
        figure: one of this module's.
        dark: whether its text and lines are for a dark page.

    Example:
        >>> svg(bar(["a < b"], [1.0], unit="")).count(">a &lt; b</text>")
        1
    """
    return _in_colours(_drawn(figure), dark=dark)


def light_and_dark(figure: Figure) -> tuple[str, str]:
    """A figure as ``svg`` draws it for a light and for a dark page, drawn once."""
    drawn = _drawn(figure)
    return _in_colours(drawn, dark=False), _in_colours(drawn, dark=True)


def _drawn(figure: Figure) -> str:
    into = StringIO()
    with _plain():
        figure.savefig(
            into,
            format="svg",
            dpi=160,
            facecolor="none",
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    drawn = into.getvalue()
    drawn = _LEFT_OUT.sub("", drawn[drawn.index("<svg") :])
    return drawn.replace("<svg ", '<svg stroke-linejoin="round" stroke-linecap="butt" ', 1)


def _in_colours(drawn: str, *, dark: bool) -> str:
    return _TAG.sub(lambda tag: _tag(tag[0], dark), drawn).strip()


#: Comments, and the one style sheet; what stands in text cannot look like it, since < is escaped there.
_LEFT_OUT = re.compile(r"<!--.*?-->\s*|<style.*?</style>\s*|<metadata>.*?</metadata>\s*", re.DOTALL)
_TAG = re.compile(r"<[A-Za-z][^<>]*>")
_STYLE = re.compile(r'\sstyle="([^"]*)"')


def _tag(tag: str, dark: bool) -> str:
    """A tag with attributes in place of its style, in the colours of a light or a dark page."""
    tag = _STYLE.sub(lambda style: _attributes(style[1]), tag)
    for light, instead in _DARK.items() if dark else ():
        tag = tag.replace(light, instead)
    return tag


def _attributes(style: str) -> str:
    pairs = dict(part.split(":", 1) for part in style.split(";") if ":" in part)
    written = {name.strip(): text.strip() for name, text in pairs.items()}
    if "font-family" in written:
        written["font-family"] = _FONTS.replace('"', "'")
    return "".join(f' {name}="{text}"' for name, text in written.items())


@dataclass(frozen=True, slots=True)
class _Scale:
    """Numbers divided by a power of ten, so that what is drawn is neither too large nor too small."""

    power: int

    @classmethod
    def of(cls, *values: npt.ArrayLike) -> "_Scale":
        every = np.abs(np.concatenate([np.asarray(some, np.float64).ravel() for some in values]))
        largest = float(every[np.isfinite(every)].max(initial=0.0))
        if largest == 0 or 1e-4 <= largest < 1e10:
            return cls(0)
        return cls(max(-300, int(np.floor(np.log10(largest)))))

    def small(self, values: npt.ArrayLike) -> Floats:
        """What is drawn for some numbers."""
        return (
            np.asarray(values, np.float64) / 10.0**self.power
            if self.power
            else np.asarray(values, np.float64)
        )

    def decimals(self, values: npt.ArrayLike) -> int:
        """So many that the largest of what is drawn has three digits."""
        every = np.abs(np.asarray(values, np.float64))
        largest = float(every[np.isfinite(every)].max(initial=0.0))
        return min(8, max(0, 2 - int(np.floor(np.log10(largest))))) if largest > 0 else 0

    def say(self, drawn: float, decimals: int, *, sign: bool = False) -> str:
        """The number that is drawn so, in words."""
        if not np.isfinite(drawn):
            return "–"
        kept = round(float(drawn), decimals) + 0.0
        text = f"{kept:+,.{decimals}f}" if sign and kept else f"{kept:,.{decimals}f}"
        if self.power and not kept:
            return "0"
        if self.power:
            digits, _, power = f"{kept:{'+' if sign else ''}.{min(decimals, 3)}e}".partition("e")
            digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
            text = f"{digits}e{int(power) + self.power:+d}"
        return text.replace("-", _MINUS)


class _Numbers(Formatter):
    """Ticks with as many decimals as it takes to tell them apart."""

    def __init__(self, scale: _Scale) -> None:
        self.scale = scale

    def __call__(self, x: float, pos: int | None = None) -> str:  # noqa: ARG002
        return self.format_ticks([x])[0]

    def format_ticks(self, values: Iterable[float]) -> list[str]:
        ticks = np.asarray(list(values), np.float64)
        step = float(np.diff(ticks).min()) if len(ticks) > 1 else 0.0
        slack = 1e-3 * step or 1e-9
        decimals = next(
            (n for n in range(9) if np.allclose(np.round(ticks, n), ticks, rtol=0, atol=slack)), 9
        )
        return [self.scale.say(tick, decimals) for tick in ticks]


@dataclass(frozen=True, slots=True)
class _Ticks:
    """Of the cells' axis. ``wall`` parts the nulls from the others; None: there are none, or no others."""

    places: list[float]
    labels: list[str]
    limits: tuple[float, float]
    wall: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """A column as numbers, NaN where null; or as categories, -1 where null, the most frequent first."""

    kind: Kind | None
    numbers: Floats | None
    codes: Codes
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, column: pa.ChunkedArray) -> "_Cells":
        kind = kind_of(column.type)
        numbers = _as_numbers(column, kind)
        if numbers is not None:
            return cls(kind, numbers, np.empty(0, np.int64))
        texts = [None if cell is None else str(cell) for cell in column.to_pylist()]
        frequent = Counter(text for text in texts if text is not None).most_common()
        # of those that are as frequent the first by name: the order of rows does not matter
        ordered = [text for text, _ in sorted(frequent, key=lambda pair: (-pair[1], pair[0]))]
        place = {text: code for code, text in enumerate(ordered)}
        codes = np.array([-1 if text is None else place[text] for text in texts], np.int64)
        return cls(kind, None, codes, tuple(ordered))

    def take(self, rows: Codes) -> "_Cells":
        """Some of the rows."""
        if self.numbers is not None:
            return _Cells(self.kind, self.numbers[rows], self.codes, self.names)
        return _Cells(self.kind, None, self.codes[rows], self.names)

    @property
    def null(self) -> npt.NDArray[np.bool_]:
        """Where there is no cell."""
        return np.isnan(self.numbers) if self.numbers is not None else self.codes < 0

    def ranks(self) -> Floats:
        """From 0, the lowest cell, to 1, the highest; cells alike in the middle of their ranks."""
        if self.numbers is None:
            return np.full(len(self.codes), np.nan)
        there = ~self.null
        ranks = np.full(len(there), np.nan)
        found, inverse, counts = np.unique(self.numbers[there], return_inverse=True, return_counts=True)
        middle = np.cumsum(counts) - counts / 2
        span = middle[-1] - middle[0] if len(found) > 1 else 0.0
        ranks[there] = ((middle - middle[0]) / span)[inverse] if span else 0.5
        return ranks

    def colours(self, *, categories: bool = False) -> Floats:
        """Red, green, blue and opacity for each cell, shape (rows, 4)."""
        painted = _all_grey(len(self.null))
        ranks = self.ranks()
        there = ~np.isnan(ranks)
        painted[there] = _RAMP(ranks[there])
        if categories:
            for code, colour in enumerate(_CATEGORIES[: len(self.names)]):
                painted[self.codes == code] = to_rgba(colour)
        return painted

    def bins(self) -> Codes:
        """Tenths of the numbers, or the categories, nulls among them: from 0, without gaps."""
        if self.numbers is None:
            return _dense(self.codes)
        there = ~self.null
        numbers = _Scale.of(self.numbers).small(self.numbers)
        codes = np.full(len(there), -1, np.int64)
        found, inverse = np.unique(numbers[there], return_inverse=True)
        if len(found) > BINS:
            edges = np.quantile(numbers[there], np.linspace(0, 1, BINS + 1)[1:-1])
            inverse = np.searchsorted(np.unique(edges), numbers[there])
        codes[there] = inverse
        return _dense(codes)

    def places(self, values: Floats, low: float, high: float) -> tuple[Floats, _Ticks]:
        """Where the cells are drawn along an axis, and its ticks; ``values`` lie across it."""
        if self.numbers is None or self.kind is Kind.BOOLEAN or self.null.all():
            return self._strips(values, low, high)
        there, scale = ~self.null, _Scale.of(self.numbers)
        numbers = scale.small(self.numbers)
        first, last = float(numbers[there].min()), float(numbers[there].max())
        span = last - first
        along = (numbers - first) / span if span else np.where(there, 0.5, np.nan)
        ticks = self._ticks(first, last, scale)
        places = [float(tick - first) / span if span else 0.5 for tick in ticks]
        labels = self._written(ticks, scale)
        if there.all():
            return along, _Ticks(places, labels, (-0.03, 1.03))
        along[~there] = -0.14 + 0.1 * _swarm(values[~there], low, high, 0.5)
        return along, _Ticks([-0.14, *places], ["null", *labels], (-0.22, 1.03), -0.06)

    def _strips(self, values: Floats, low: float, high: float) -> tuple[Floats, _Ticks]:
        codes, names = self.codes, self.names
        if self.numbers is not None:
            codes, names = (
                np.where(self.null, -1, np.nan_to_num(self.numbers)).astype(np.int64),
                ("false", "true"),
            )
        groups = [(name, codes == code) for code, name in enumerate(names[:STRIPS])]
        groups = [(label(name, CATEGORY), where) for name, where in groups if where.any()]
        if self.numbers is None:
            groups.sort(key=lambda group: -float(values[group[1]].mean()))
        groups += [("others", codes >= STRIPS)] if (codes >= STRIPS).any() else []
        nulls = bool((codes < 0).any())
        if nulls:
            groups.insert(0, ("null", codes < 0))
        along = np.zeros(len(codes))
        for place, (_, where) in enumerate(groups):
            along[where] = place + _swarm(values[where], low, high, 0.4)
        wall = 0.5 if nulls and len(groups) > 1 else None
        limits = (-0.7, len(groups) - 0.3)
        return along, _Ticks(
            [float(place) for place in range(len(groups))], [name for name, _ in groups], limits, wall
        )

    def _ticks(self, first: float, last: float, scale: _Scale) -> Floats:
        """Round numbers between the lowest and the highest cell."""
        if first == last:
            return np.array([first])
        day = 1.0 if self.kind is Kind.DATE else 86400.0
        if self.kind in (Kind.DATE, Kind.TIMESTAMP) and last - first > 10:
            try:
                ends = [_EPOCH + timedelta(days=number * 10.0**scale.power / day) for number in (first, last)]
                days = AutoDateLocator(minticks=2, maxticks=5).tick_values(*ends)  # type: ignore[no-untyped-call]
            except (ValueError, OverflowError):
                days = np.linspace(first, last, 3) / day  # before year 1 or after year 9999
            ticks = np.asarray(days, np.float64) * day / 10.0**scale.power
        else:
            whole = self.kind is not None and self.kind.whole and not scale.power
            ticks = np.asarray(
                MaxNLocator(5, steps=_STEPS, integer=whole).tick_values(first, last), np.float64
            )
        slack = 1e-9 * (last - first)
        inside = ticks[(ticks >= first - slack) & (ticks <= last + slack)]
        return np.asarray(inside if len(inside) > 1 else np.array([first, last]))

    def _written(self, ticks: Floats, scale: _Scale) -> list[str]:
        if self.kind is None or not self.kind.temporal:
            return _Numbers(scale).format_ticks(ticks.tolist())
        texts = [value(self.kind, float(tick) * 10.0**scale.power) for tick in ticks]
        return [text.removesuffix(" 00:00") for text in texts] if all(" 00:00" in x for x in texts) else texts


def _as_numbers(column: pa.ChunkedArray, kind: Kind | None) -> Floats | None:
    """Numbers, days, seconds and booleans as float64, NaN for whatever is null or not finite."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if kind is Kind.UNKNOWN:
        return np.full(len(column), np.nan)
    if kind is not Kind.BOOLEAN and (kind is None or not kind.numeric):
        return None
    unit = 1.0
    if kind is Kind.BOOLEAN:
        column = column.cast(pa.int8())
    elif kind is Kind.DATE:
        column = column.cast(pa.date32()).cast(pa.int32())
    elif kind in (Kind.TIMESTAMP, Kind.DURATION):
        unit = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[column.type.unit]
        column = column.cast(pa.int32() if pa.types.is_time32(column.type) else pa.int64())
    numbers = np.array(column.cast(pa.float64(), safe=False).to_numpy(), np.float64) / unit
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def _left(values: Floats, own: _Cells) -> Floats:
    """What is left of values after the mean, and for numbers a line, within each of a feature's bins.

    Within a bin it is spaced by rank, so that one row far out does not stand for all.
    """
    codes = own.bins()
    left = _centred(values, codes)
    if own.numbers is not None:
        numbers = np.nan_to_num(own.numbers)
        numbers = _centred(numbers / (float(np.abs(numbers).max()) or 1.0), codes)
        spread = np.bincount(codes, numbers**2)
        slopes = np.bincount(codes, numbers * left) / np.where(spread > 0, spread, 1.0)
        left = left - slopes[codes] * numbers
    left = np.round(left, 12)  # what is alike but for rounding is alike
    order = np.lexsort((left, codes))
    new = np.diff(left[order], prepend=np.nan) != 0
    new |= np.diff(codes[order], prepend=-1) != 0
    group = np.cumsum(new) - 1
    ranks = np.empty(len(left))
    ranks[order] = (np.bincount(group, np.arange(len(left))) / np.bincount(group))[group]
    ranks = _centred(ranks, codes)
    wide = np.bincount(codes, ranks**2)
    return np.asarray(ranks * np.sqrt(np.bincount(codes, left**2) / np.where(wide > 0, wide, 1.0))[codes])


def _centred(values: Floats, codes: Codes) -> Floats:
    return np.asarray(values - (np.bincount(codes, values) / np.bincount(codes))[codes])


def _dense(codes: Codes) -> Codes:
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


def _said(column: pa.ChunkedArray, row: int) -> str:
    """A cell as a person reads it."""
    cell = column.slice(row, 1)
    kind = kind_of(column.type)
    numbers = _as_numbers(cell, kind)
    if numbers is None:
        text = cell[0].as_py()
        return "null" if text is None else isolated(label(str(text), CELL))
    number = float(numbers[0])
    if np.isnan(number):
        return "null"
    if kind is Kind.BOOLEAN:
        return "true" if number else "false"
    said = value(kind, number) if kind is not None else wording.number(number)
    return said.replace("-", _MINUS) if kind is not None and not kind.temporal else said


def _swarm(values: Floats, low: float, high: float, half: float) -> Floats:
    """How far each dot is moved aside, at most ``half``: the further, the more lie where it does."""
    bins = np.floor((np.nan_to_num(values) - low) / (high - low) * 150).astype(np.int64)
    order = np.argsort(bins, kind="stable")
    _, starts, counts = np.unique(bins[order], return_index=True, return_counts=True)
    before = np.arange(len(values)) - np.repeat(starts, counts)
    layers = np.empty(len(values))
    layers[order] = (before + 1) // 2 * np.where(before % 2, 1.0, -1.0)
    widest = float(np.abs(layers).max(initial=0.0))
    return layers * min(half / 6, half / widest) if widest else layers


def _taken(rows: int) -> Codes:
    return np.linspace(0, rows - 1, min(rows, DRAWN)).round().astype(np.int64)


def _order(sizes: Floats, top: int) -> tuple[Codes, Codes]:
    """Places of the largest, and of all others."""
    order = np.argsort(-sizes, kind="stable").astype(np.int64)
    return order[:top], order[top:]


def _extent(values: Floats) -> tuple[float, float]:
    """The lowest and the highest, and 0; never the same."""
    there = values[np.isfinite(values)]
    low, high = float(there.min(initial=0.0)), float(there.max(initial=0.0))
    return (low, high) if low < high else (-1.0, 1.0)


def _name(feature: str) -> str:
    return isolated(label(feature, NAME))


def _others(count: int) -> str:
    return "1 other" if count == 1 else f"{count:,} others"


def _with_unit(what: str, unit: str) -> str:
    return f"{what} ({isolated(label(unit, 60))})" if unit else what


def _all_grey(rows: int) -> Floats:
    return np.tile(to_rgba(GREY), (rows, 1))


def _words(text: object) -> None:
    """Text as it stands, whatever dollars are in it."""
    cast("Line2D", text).set(parse_math=False)


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="none")
    axes = figure.add_subplot(facecolor="none")
    axes.spines[["top", "right"]].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set(color=GREY, linewidth=0.8)
    axes.tick_params(colors=QUIET, color=GREY, labelsize=_TEXT, length=3, width=0.8)
    for axis in (axes.xaxis, axes.yaxis):
        axis.label.set(color=QUIET, fontsize=_TEXT)
    axes.set_axisbelow(True)
    return figure, axes


def _settled(figure: Figure) -> Figure:
    """The figure with everything in its place for good: it is drawn alike ever after."""
    for _ in range(2):
        figure.draw_without_rendering()
    figure.set_layout_engine("none")
    figure.set_layout_engine(None)  # one that does nothing would have it drawn once more for each picture
    return figure


def _rows(axes: Axes, names: Sequence[str], *, down: bool = True) -> None:
    """One row for each name, from the top ``down`` or from the bottom up."""
    axes.set_yticks(range(len(names)))
    for text in axes.set_yticklabels(list(names), color=INK):
        _words(text)
    ends = (-0.6, len(names) - 0.4)
    axes.set_ylim(*(ends[::-1] if down else ends))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _across(axes: Axes, scale: _Scale, what: str) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=_STEPS))
    axes.xaxis.set_major_formatter(_Numbers(scale))
    axes.grid(axis="x", color=LINE, linewidth=0.8)
    _words(axes.set_xlabel(what, labelpad=5))


def _limits(axes: Axes, low: float, high: float, both: bool, room: float) -> None:
    """From lowest to highest with room for numbers at the right, or at both ends."""
    if not low < high:
        low, high = low - (abs(low) or 1.0) * (0.5 if both else 0.0), high + (abs(high) or 1.0) * 0.5
    span = high - low
    axes.set_xlim(low - room * span if both else low, high + room * span)


def _whiskers(axes: Axes, places: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike) -> None:
    axes.hlines(places, low, high, color=INK, linewidth=1.0, zorder=3)
    for ends in (low, high):
        axes.plot(ends, places, "|", color=INK, markersize=4, markeredgewidth=1.0, zorder=3)


def _numbers(
    axes: Axes,
    rows: npt.ArrayLike,
    places: npt.ArrayLike,
    texts: Sequence[str],
    sides: npt.ArrayLike,
    *,
    colour: str = QUIET,
    away: float = 4.0,
) -> None:
    """Numbers beside the ends of bars: at the left of those below 0, at the right of all others."""
    for row, place, text, side in zip(
        np.asarray(rows), np.asarray(places), texts, np.asarray(sides), strict=True
    ):
        _words(
            axes.annotate(
                text,
                (float(place), float(row)),
                (-away if side < 0 else away, 0),
                textcoords="offset points",
                ha="right" if side < 0 else "left",
                va="center_baseline",
                fontsize=_SMALL,
                color=colour,
            )
        )


def _ramp(figure: Figure, axes: Axes, what: str) -> None:
    """The key to colours from low to high."""
    key = figure.colorbar(ScalarMappable(cmap=_RAMP), ax=axes, ticks=[0, 1], aspect=32, shrink=0.7, pad=0.015)
    key.outline.set_visible(False)
    if key.solids is not None:  # a picture is smaller than 256 paths
        key.solids.set_rasterized(True)
    key.ax.tick_params(length=0, labelsize=_SMALL, colors=QUIET)
    key.ax.set_yticklabels(["low", "high"])
    key.ax.yaxis.label.set(color=QUIET, fontsize=_SMALL)
    _words(key.ax.set_ylabel(what, labelpad=0))


def _key(figure: Figure, axes: Axes, cells: _Cells, name: str) -> None:
    """What the colours of a feature's cells mean."""
    if cells.numbers is not None and not cells.null.all():
        _ramp(figure, axes, f"{name}\ngrey: null" if cells.null.any() else name)
        return
    said = [label(text, CATEGORY) for text in cells.names[:COLOURED]]
    colours = [*_CATEGORIES[: len(said)]]
    grey = (["others"] if len(cells.names) > COLOURED else []) + (["null"] if cells.null.any() else [])
    if grey:
        said, colours = [*said, " and ".join(grey)], [*colours, GREY]
    dots = [Line2D([], [], marker="o", linestyle="", markersize=4, color=colour) for colour in colours]
    # a name that begins with an underscore would not be shown
    key = axes.legend(
        dots,
        [str(place) for place in range(len(dots))],
        title="by",
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        handletextpad=0.1,
    )
    key.set_frame_on(False)
    for text, words in zip(key.get_texts(), said, strict=True):
        text.set(text=words, color=QUIET, fontsize=_SMALL)
        _words(text)
    title = key.get_title()
    title.set(text=name, color=QUIET, fontsize=_SMALL)
    _words(title)
