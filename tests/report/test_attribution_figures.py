"""Figures of attributions and their page: the same to the byte, right, and harmless whatever is in the data."""

import base64
import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.image import imread

from spalje.attribution.attributions import Attributions
from spalje.report.attribution_figures import bar, beeswarm, dependence, partner, png, svg, waterfall
from spalje.report.attributions import Report, html

NASTY = [
    "<b>$x$</b>",
    "<script>alert(1)</script>",
    '"><img src=x onerror=1>',
    '<!-- style="fill: #55605a" -->',
    "$\\frac{1}{0}$ & $y$",
    "a\nb\x00c",
    "_hidden",
    "\u202eevil",
    "売上",
    "{{ 7*7 }}",
    "x" * 10_000,
]
SVG = "{http://www.w3.org/2000/svg}"


def attributions(values, expected=0.0, errors=None, names=None) -> Attributions:
    values = np.asarray(values, np.float64)
    values = values[:, :, None] if values.ndim == 2 else values
    names = names or tuple(f"f{place}" for place in range(values.shape[1]))
    whole = np.full(values.shape[2], expected)
    return Attributions(tuple(names), values, values.sum(axis=1) + whole, whole, errors)


def mixed(rows=300, outputs=1):
    """Numbers, dates, moments, booleans, decimals and categories, with and without nulls."""
    rng = np.random.default_rng(1)
    lacking = rng.random(rows) < 0.2
    days = [date(2024, 1, 1) + timedelta(days=int(day)) for day in rng.integers(0, 400, rows)]
    cells = pa.table(
        {
            "price": pa.array(rng.gamma(3.0, 2.0, rows), mask=lacking),
            "promo": pa.array(rng.random(rows) < 0.3, mask=lacking),
            "day": days,
            "moment": pa.array(rng.integers(0, 10**9, rows), pa.timestamp("ms", "UTC")),
            "lag": pa.array(rng.integers(0, 10**9, rows), pa.duration("ns")),
            "clock": pa.array(rng.integers(0, 86400, rows, np.int32)).cast(pa.time32("s")),
            "cost": [Decimal(int(cost)) / 100 for cost in rng.integers(0, 1000, rows)],
            "store": pa.array(rng.choice([f"store {n}" for n in range(30)], rows)).dictionary_encode(),
            "segment": pa.array(rng.choice(["_fruit", "nuts", None], rows), pa.string()),
            "none": pa.nulls(rows, pa.float64()),
            "untyped": pa.nulls(rows),
            "constant": np.ones(rows),
            "huge": rng.normal(size=rows) * 1e300,
        }
    )
    values = rng.normal(size=(rows, cells.num_columns, outputs))
    values[:, cells.column_names.index("constant")] = 0
    return attributions(values, 10.0, np.abs(values) / 10, cells.column_names), cells


def report(some, cells, **changes) -> Report:
    importance = np.abs(some.values / len(some.values)).sum(axis=0)
    made = Report(
        "Attributions: today",
        some,
        cells,
        ("units sold",) * len(some.expected),
        importance,
        np.stack([importance * 0.9, importance * 1.1]),
        "Kernel SHAP",
        ("A note.",),
        datetime(2026, 11, 24, tzinfo=UTC),
    )
    return replace(made, **changes)


def texts(figure) -> list[str]:
    return ["".join(text.itertext()) for text in ET.fromstring(svg(figure)).iter(f"{SVG}text")]


def every_figure(some, cells, unit="units"):
    output = len(some.expected) - 1
    size = np.abs(some.values[:, :, output]).max(axis=0)
    yield bar(some.features, size, [size, size], unit=unit, top=5)
    yield beeswarm(some, cells, output, unit=unit, top=5)
    yield waterfall(some, cells, len(some.values) - 1, output, unit=unit, top=5)
    for place, feature in enumerate(some.features):
        yield dependence(some, cells, feature, output, unit=unit)
        yield dependence(some, cells, feature, output, by=some.features[place - 1], unit=unit)


def test_every_figure_is_the_same_to_the_byte_however_often_it_is_drawn():
    some, cells = mixed(100)
    cells = cells.select(["price", "store", "day"])
    places = [some.features.index(name) for name in cells.column_names]
    some = attributions(some.values[:, places], 10.0, some.errors[:, places], cells.column_names)
    for first, second in zip(every_figure(some, cells), every_figure(some, cells), strict=True):
        drawn = svg(first)
        assert drawn == svg(first) == svg(second)
        assert png(first) == png(second)
        assert svg(first, dark=True) != drawn


def test_every_kind_of_column_is_drawn_without_styles():
    for figure in every_figure(*mixed(50)):
        drawn = svg(figure)
        assert drawn.startswith("<svg ")
        assert not re.search(r"<metadata|<style|<script|\sstyle=|<!--", drawn)


def test_a_picture_has_144_dots_per_inch():
    figure = bar(["a"], [1.0], unit="")
    height, width, _ = imread(io.BytesIO(png(figure)), format="png").shape
    assert np.abs(figure.get_size_inches() * 144 - (width, height)).max() <= 1


@pytest.mark.parametrize("name", NASTY)
def test_names_and_cells_stand_in_figures_as_they_are(name):
    cells = pa.table({name: ["a", name, None], "other": [1.0, 2.0, 3.0]})
    some = attributions([[1.0, 2.0], [3.0, -1.0], [0.0, 1.0]], names=(name, "other"))
    figures = [
        bar(some.features, [2.0, 1.0], unit=name),
        beeswarm(some, cells, unit=name),
        waterfall(some, cells, 1, unit=name),
        dependence(some, cells, name, by="other", unit=name),
        dependence(some, cells, "other", by=name, unit=name),
    ]
    for figure in figures:
        png(figure)
        svg(figure, dark=True)
        if len(name) <= 30 and name.isprintable():
            assert any(name in text for text in texts(figure))
        elif len(name) > 100:
            assert all(len(text) < 120 for text in texts(figure))
    if name.isascii() and name.isprintable() and len(name) < 14:
        assert any(f"{name} = {name}" in text for text in texts(figures[2]))


@pytest.mark.parametrize(
    ("values", "cells"),
    [
        ([[2.0]], {"f0": [1.0]}),
        ([[0.0]], {"f0": ["a"]}),
        ([[0.0]] * 5, {"f0": [3] * 5}),
        ([[1.0]] * 5, {"f0": pa.nulls(5)}),
        ([[-1.0]] * 5, {"f0": pa.nulls(5, pa.string())}),
        ([[1e300], [-1e300], [3e299]], {"f0": [1e300, -1e300, 0.0]}),
        ([[1.5e308, 1.0, -1.5e308]] * 2, {"f0": [1.5e308, -1.5e308], "f1": [np.inf, np.nan], "f2": [0, 1]}),
        ([[5e-324, -1e-310]] * 3, {"f0": [5e-324, 0.0, 1e-310], "f1": [True, False, None]}),
        ([[1.0], [2.0]], {"f0": pa.array([[1], [2, 3]])}),
        ([[1.0], [2.0]], {"f0": pa.array([10**15, -(10**15)], pa.timestamp("s"))}),
        ([[1.0], [2.0]], {"f0": pa.array([0, 1], pa.timestamp("ns"))}),
    ],
)
def test_whatever_there_is_can_be_drawn(values, cells):
    cells = pa.table(cells)
    some = attributions(values)
    for figure in every_figure(some, cells):
        assert "nan" not in " ".join(texts(figure))
    for feature in some.features:
        partner(some, cells, feature)
    assert "<img" in html(report(some, cells))


def test_huge_numbers_are_written_as_such():
    some = attributions([[2e300], [-1e300]])
    cells = pa.table({"f0": [1e300, 3e300]})
    assert "+2e+300" in texts(waterfall(some, cells, 0, unit=""))
    assert "f0 = 1e+300" in texts(waterfall(some, cells, 0, unit=""))
    assert "3e+300" in texts(dependence(some, cells, "f0", unit=""))


def test_bars_stand_in_order_and_the_others_add_up():
    figure = bar(["a", "b", "c", "d"], [1.0, 40.0, 3.0, 20.0], unit="", top=2)
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["b", "d", "2 others"]
    assert [patch.get_width() for patch in axes.patches] == [40.0, 20.0, 4.0]
    bottom, top = axes.get_ylim()
    assert bottom > top  # the first is on top
    assert {"40.0", "20.0", "4.0"} <= set(texts(figure))


def test_intervals_are_whiskers():
    figure = bar(["a", "b"], [1.0, 2.0], [[0.5, 1.8], [1.6, 2.1]], unit="")
    (whiskers,) = figure.axes[0].collections
    assert [segment[:, 0].tolist() for segment in whiskers.get_segments()] == [[1.8, 2.1], [0.5, 1.6]]


def test_a_beeswarm_has_a_dot_for_each_row_and_feature_and_the_others_are_added_up():
    values = np.random.default_rng(1).normal(size=(50, 5))
    values[:, 0] *= 100
    some = attributions(values)
    cells = pa.table({name: np.arange(50.0) for name in some.features})
    (dots,) = beeswarm(some, cells, unit="", top=1).axes[0].collections
    places = np.asarray(dots.get_offsets())
    assert places[:50, 0] == pytest.approx(values[:, 0])
    assert places[50:, 0] == pytest.approx(values[:, 1:].sum(axis=1))
    assert np.abs(places[:, 1] - np.repeat([0, 1], 50)).max() <= 0.4


def test_a_beeswarm_draws_at_most_2000_rows_and_colours_them_by_rank():
    rows = 5001
    cells = pa.table({"f0": np.exp(np.linspace(0, 600, rows)), "f1": ["a"] * rows})
    some = attributions(np.ones((rows, 2)))
    (dots,) = beeswarm(some, cells, unit="").axes[0].collections
    colours = dots.get_facecolors()
    assert len(colours) == 4000
    blue = colours[:2000, 2] - colours[:2000, 0]
    assert (np.diff(blue) <= 0.02).all()
    assert abs(blue[1000] - (blue[0] + blue[-1]) / 2) < 0.3
    assert len(np.unique(colours[2000:], axis=0)) == 1


def test_a_waterfall_leads_from_the_expected_to_the_predicted():
    some = attributions([[3.0, -5.0, 0.5, 0.25]], 10.0)
    cells = pa.table({"f0": [1.5], "f1": ["a"], "f2": [True], "f3": [None]})
    figure = waterfall(some, cells, 0, unit="", top=2)
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "expected",
        "2 others",
        "f0 = 1.5",
        "f1 = a",
        "prediction",
    ]
    ends = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches]
    assert np.sort(ends, axis=1).tolist() == [[10.0, 10.75], [10.75, 13.75], [8.75, 13.75]]
    assert {"10.00", "+0.75", "+3.00", "−5.00", "8.75"} <= set(texts(figure))


def test_standard_errors_are_whiskers_where_they_are_known():
    values = np.array([[[2.0], [1.0]]])
    some = attributions(values, errors=np.array([[[0.25], [0.0]]]))
    cells = pa.table({"f0": [1], "f1": [2]})
    segments = [
        segment[:, 0].tolist()
        for lines in waterfall(some, cells, 0, unit="").axes[0].collections
        for segment in lines.get_segments()
    ]
    assert [2.75, 3.25] in segments


def test_categories_get_strips_and_nulls_one_of_their_own():
    rows = 400
    rng = np.random.default_rng(1)
    stores = [None if n < 5 else f"s{n % 20}" for n in rng.integers(0, 200, rows)]
    some = attributions(rng.normal(size=(rows, 1)))
    axes = dependence(some, pa.table({"f0": stores}), "f0", unit="").axes[0]
    ticks = [text.get_text() for text in axes.get_xticklabels()]
    assert len(ticks) == 14
    assert (ticks[0], ticks[-1]) == ("null", "others")
    places = np.asarray(axes.collections[0].get_offsets())[:, 0]
    assert [round(place) for place, store in zip(places, stores, strict=True) if store is None] == [0] * sum(
        store is None for store in stores
    )


def test_nulls_of_numbers_stand_at_the_left():
    cells = pa.table({"f0": [None, 1.0, 2.0, np.nan]})
    axes = dependence(attributions([[1.0], [2.0], [3.0], [4.0]]), cells, "f0", unit="").axes[0]
    assert axes.get_xticklabels()[0].get_text() == "null"
    places = np.asarray(axes.collections[0].get_offsets())
    assert places[:, 1].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert max(places[0, 0], places[3, 0]) < places[1, 0] < places[2, 0]


def simulated(rows=1000):
    rng = np.random.default_rng(7)
    return rng, {name: rng.normal(size=rows) for name in ("a", "b", "c", "d")}


def test_the_partner_is_the_other_factor_of_a_product():
    rng, cells = simulated()
    store = rng.choice(["x", "y", "z"], len(cells["a"]))
    by_store = np.select([store == "x", store == "y"], [1.0, -1.0], 0.0)
    product, other = cells["a"] * cells["b"] / 2, cells["c"] * by_store / 2
    values = np.column_stack([product, product, other + cells["c"], cells["d"] ** 2, other])
    some = attributions(values, names=(*cells, "store"))
    table = pa.table({**cells, "store": store})
    assert [partner(some, table, name) for name in some.features] == ["b", "a", "store", None, "c"]


@pytest.mark.parametrize("seed", range(5))
def test_an_additive_model_has_no_partners(seed):
    rng = np.random.default_rng(seed)
    columns = {f"f{place}": rng.normal(size=500) for place in range(20)}
    columns["f0"] = np.exp(columns["f0"])  # a long tail
    columns["f1"] = columns["f0"] + rng.normal(size=500) / 10  # goes together with it
    values = np.column_stack([np.sin(column) + column**2 for column in columns.values()])
    some = attributions(values)
    assert [partner(some, pa.table(columns), name) for name in some.features[2:]] == [None] * 18


class Walk(HTMLParser):
    """Checks that every element is closed, and keeps what there is."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in {"meta", "img", "source"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else():
    walk = Walk()
    page = html(report(*mixed(60)))
    walk.feed(page)
    assert walk.open == []
    assert not set(walk.tags) & {"script", "iframe", "object", "link"}
    assert "http://" not in page
    assert "https://" not in page
    assert not [name for name, _ in walk.attributes if name.startswith("on") or name == "style"]
    loaded = [value for name, value in walk.attributes if name in ("src", "srcset", "href")]
    assert len(loaded) == 2 * (1 + 1 + 6 + 3)
    assert all(value.startswith("data:image/svg+xml;base64,") for value in loaded)
    for value in loaded:
        ET.fromstring(base64.b64decode(value.partition(",")[2]))
    assert page == html(report(*mixed(60)))


def test_the_page_says_what_matters_most():
    some = attributions([[6.0, 1.0, -3.0, 0.0], [-6.0, 1.0, -3.0, 0.0]], names=("a", "b", "<c>", "d"))
    cells = pa.table({name: [1.0, 2.0] for name in some.features})
    page = html(report(some, cells))
    assert "a (60 %), &lt;c&gt; (30 %) and b (10 %) matter most, of 4 features" in page
    assert "Kernel SHAP, 2 rows." in page
    assert (
        page.index("a (60 %)")
        < page.index('<th scope="row"><bdi>a</bdi>')
        < page.index("<bdi>&lt;c&gt;</bdi>")
    )
    assert "5.4 to 6.6" in page
    assert "A note." in page
    nothing = html(report(attributions(np.zeros((2, 4)), names=some.features), cells, intervals=None))
    assert "No feature moves the predictions." in nothing
    assert "Interval<" not in nothing


def test_names_are_shown_in_the_page_and_do_nothing():
    cells = pa.table({name: [name, None, "a"] for name in NASTY})
    some = attributions(np.arange(3.0 * len(NASTY)).reshape(3, -1), names=NASTY)
    page = html(report(some, cells, title=NASTY[1], labels=(NASTY[0],), method=NASTY[2], notes=tuple(NASTY)))
    walk = Walk()
    walk.feed(page)
    assert walk.open == []
    assert "<script" not in page
    assert "<b>" not in page
    assert page.count("<img") == 2 + 6 + 3
    assert "&lt;b&gt;$x$&lt;/b&gt;" in page
    assert "{{ 7*7 }}" in page
    assert "onerror" not in [name for name, _ in walk.attributes]


def test_several_outputs_get_a_section_each_up_to_five():
    some, cells = mixed(20, outputs=6)
    some = replace(some, features=some.features[:2], values=some.values[:, :2], errors=None)
    page = html(report(some, cells, labels=tuple(f"class {n}" for n in range(6))))
    assert page.count('class="output"') == 5
    assert "class 4" in page
    assert "class 5" not in page
    assert "1 more output is left out." in page
