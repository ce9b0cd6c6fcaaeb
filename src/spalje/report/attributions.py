"""Attributions as a person reads them: a page; imported only where matplotlib is there."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from markupsafe import Markup
from matplotlib.figure import Figure

from spalje.attribution.attributions import Attributions, Floats
from spalje.monitor.wording import number, percent, rows
from spalje.report.attribution_figures import bar, beeswarm, dependence, light_and_dark, partner, waterfall
from spalje.report.label import label, sentence
from spalje.report.sheet import PAGES, STYLE, policy

#: Outputs that get a section, features a figure and a line of the table, and rows a figure.
OUTPUTS, DEPENDENCE, LISTED, EXPLAINED = 5, 6, 1000, 3
#: A table no longer than this is open.
SHORT = 12

#: What figures need besides the style sheet of all pages.
_FIGURES = """
.plot { display: block; max-width: 100%; height: auto; margin: 0 auto; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 0 .9rem; }
.group { margin: 1.5rem 0 .5rem; }
.card details { border: none; padding: 0; }
.output { scroll-margin-top: 1rem; }
@media print { .plots { grid-template-columns: 1fr 1fr; } }
"""
_STYLE = STYLE + _FIGURES


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """Attributions, and what a page about them is made of.

    Attributes:
        title: what the page is called.
        attributions: of at least one row.
        cells: the explained rows, with a column for each feature.
        labels: what each output is, with its unit, such as ``units sold``; may be empty texts.
        importance: how much each feature matters, in the outputs' units, shape (features, outputs).
        intervals: from where to where that may be, shape (2, features, outputs); None where not known.
        method: how the attributions were found, such as ``Kernel SHAP``.
        notes: sentences that belong to the page.
        made_at: when the report was made.
    """

    title: str
    attributions: Attributions
    cells: pa.Table
    labels: tuple[str, ...]
    importance: Floats
    intervals: Floats | None
    method: str
    notes: tuple[str, ...]
    made_at: datetime


def html(report: Report) -> str:
    """One page of HTML that needs nothing else: no network, no scripts, no fonts.

    The first five outputs get a section each.

    Args:
        report: what it is made of.
    """
    outputs = len(report.attributions.expected)
    parts = [_Part.of(report, output) for output in range(min(outputs, OUTPUTS))]
    explained = rows(len(report.attributions.values))
    left_out = outputs - len(parts)
    notes = [sentence(note) for note in report.notes]
    if left_out:
        notes.append(f"{rows(left_out)} more {'output is' if left_out == 1 else 'outputs are'} left out.")
    return PAGES.get_template("attributions.html").render(
        style=Markup(_STYLE),  # noqa: S704  a file of ours
        policy=policy(_STYLE, pictures=True),
        title=label(report.title, 120),
        how=f"{sentence(report.method)}, {explained} {'row' if explained == '1' else 'rows'}.",
        facts=[
            ("Rows explained", explained),
            ("Features", rows(len(report.attributions.features))),
            ("Outputs", rows(outputs)),
            ("Report made", f"{report.made_at:%Y-%m-%d %H:%M} {report.made_at.tzname() or ''}".strip()),
        ],
        parts=parts,
        several=outputs > 1,
        intervals=report.intervals is not None,
        notes=notes,
    )


@dataclass(frozen=True, slots=True)
class _Picture:
    """A figure as addresses that hold all of it, for a light and for a dark page."""

    light: str
    dark: str
    alt: str
    width: int
    height: int
    title: str

    @classmethod
    def of(cls, figure: Figure, alt: str, title: str = "") -> "_Picture":
        width, height = (round(96 * inches) for inches in figure.get_size_inches())
        light, dark = light_and_dark(figure)
        return cls(_address(light), _address(dark), alt, width, height, title)


@dataclass(frozen=True, slots=True)
class _Line:
    """A feature in the table."""

    name: str
    importance: str
    share: str
    interval: str
    mean: str


@dataclass(frozen=True, slots=True)
class _Part:
    """What the page says of an output."""

    name: str
    sentence: str
    count: str
    short: bool
    lines: list[_Line]
    left_out: str
    bar: _Picture
    beeswarm: _Picture
    dependence: list[_Picture]
    waterfalls: list[_Picture]

    @classmethod
    def of(cls, report: Report, output: int) -> "_Part":
        some = report.attributions
        unit = report.labels[output]
        importance = report.importance[:, output]
        intervals = None if report.intervals is None else report.intervals[:, :, output]
        order = np.argsort(-np.abs(np.nan_to_num(importance)), kind="stable").tolist()
        said = _sentence(report, output, order)
        return cls(
            label(unit) if unit else f"Output {output + 1}",
            said,
            rows(len(order)),
            len(order) <= SHORT,
            list(_lines(report, output, order[:LISTED])),
            rows(max(0, len(order) - LISTED)),
            _Picture.of(
                bar(some.features, importance, intervals, unit=unit),
                f"Bars of the features' importance. {said}",
            ),
            _Picture.of(
                beeswarm(some, report.cells, output, unit=unit),
                "Dots, one for each row and feature, along what the feature adds to the prediction.",
            ),
            [_dependence(report, output, some.features[place]) for place in order[:DEPENDENCE]],
            [_waterfall(report, output, row) for row in _furthest(some, output)],
        )


def _dependence(report: Report, output: int, feature: str) -> _Picture:
    by = partner(report.attributions, report.cells, feature, output)
    figure = dependence(report.attributions, report.cells, feature, output, by=by, unit=report.labels[output])
    coloured = f", coloured by {label(by)}" if by is not None else ""
    return _Picture.of(figure, f"Dots of the cells of {label(feature)} against what they add{coloured}.")


def _waterfall(report: Report, output: int, row: int) -> _Picture:
    some = report.attributions
    figure = waterfall(some, report.cells, row, output, unit=report.labels[output])
    said = f"{_number(some.predictions[row, output])} instead of {_number(some.expected[output])}"
    return _Picture.of(
        figure,
        f"Steps from the expected prediction to that of row {rows(row + 1)}: {said}.",
        f"Row {rows(row + 1)}: {said}",
    )


def _furthest(some: Attributions, output: int) -> list[int]:
    """The rows whose predictions are furthest from the expected one."""
    # halves: the difference of two numbers may be too large
    apart = np.abs(np.nan_to_num(some.predictions[:, output] / 2 - some.expected[output] / 2))
    return [int(row) for row in np.argsort(-apart, kind="stable")[:EXPLAINED]]


def _sentence(report: Report, output: int, order: list[int]) -> str:
    """Which features matter most, and how much."""
    features, shares = report.attributions.features, _shares(report.importance[:, output])
    if not shares.any():
        return "No feature moves the predictions."
    first = [place for place in order[:3] if shares[place] > 0]
    named = [f"{label(features[place])} ({percent(float(shares[place]))})" for place in first]
    if len(named) == 1:
        return f"{named[0]} matters most{_of(len(features))}."
    together = percent(min(1.0, float(shares[first].sum())))
    whole = f": together {together} of the sum of importance" if len(features) > len(named) else ""
    return f"{', '.join(named[:-1])} and {named[-1]} matter most{_of(len(features))}{whole}."


def _of(features: int) -> str:
    return f", of {rows(features)} features" if features > 1 else ""


def _shares(importance: Floats) -> Floats:
    """Of the sum of absolute values, which may be too large to be added up as it is."""
    sizes = np.abs(np.nan_to_num(importance))
    largest = float(sizes.max(initial=0.0))
    return sizes if largest == 0 else np.asarray(sizes / largest / (sizes / largest).sum())


def _lines(report: Report, output: int, order: list[int]) -> Iterator[_Line]:
    values, importance = report.attributions.values[:, :, output], report.importance[:, output]
    shares = _shares(importance)
    means = (values / len(values)).sum(axis=0)
    for place in order:
        ends = () if report.intervals is None else report.intervals[:, place, output]
        yield _Line(
            label(report.attributions.features[place]),
            _number(importance[place]),
            percent(float(shares[place])),
            " to ".join(_number(end) for end in ends),
            _number(means[place]),
        )


def _number(figure: float) -> str:
    return number(float(figure)).replace("-", "\N{MINUS SIGN}") if np.isfinite(figure) else "–"


def _address(drawn: str) -> str:
    return f"data:image/svg+xml;base64,{b64encode(drawn.encode()).decode()}"
