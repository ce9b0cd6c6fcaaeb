"""The report of a data quality check: whole, self-contained, hostile names harmless, what matters first."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console

from spalje.errors import BadInput
from spalje.monitor.data_quality import check
from spalje.monitor.history import History, PastBatch
from spalje.monitor.suggestion import suggest
from spalje.profile.grid import freeze
from spalje.profile.scan import profile_batches
from spalje.report.data_quality import Report, html, terminal

NASTY = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=1>',
    "a\nb",
    "\u202eevil",
    "__proto__",
    "x" * 10_000,
    "{{ 7*7 }}",
]
VOID = {"meta", "link", "br", "img", "input", "hr", "col"}


def batch(number: int, shift: float = 0.0) -> pa.RecordBatch:
    rng = np.random.default_rng(number)
    columns = {"units": rng.poisson(3, 2000) + shift, "segment": rng.choice(["fruit", "nuts"], 2000)}
    columns |= {name: rng.normal(size=2000) for name in NASTY}
    return pa.RecordBatch.from_pydict(columns)


def report(number: int = 50, shift: float = 0.0, attributions=None) -> Report:
    baseline = profile_batches([batch(n) for n in range(25)])
    grids = freeze(baseline)
    past = tuple(
        PastBatch(
            f"day-{n}", date(2026, 1, 1) + timedelta(days=n), profile_batches([batch(n)], (), grids).sketch
        )
        for n in range(25)
    )
    now = profile_batches([batch(number, shift)], (), grids)
    verdict = check(now, baseline, suggest(baseline), history=History(past), name="today")
    return Report(
        "Data quality: today", verdict, now, baseline, attributions, datetime(2026, 11, 24, tzinfo=UTC)
    )


@pytest.fixture(scope="module")
def drifted() -> Report:
    return report(shift=1.5)


class Walk(HTMLParser):
    """Checks that every element is closed, and keeps what there is."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_else(drifted):
    walk = Walk()
    walk.feed(html(drifted))
    assert walk.open == []
    assert not walk.tags & {"script", "img", "iframe", "object", "link"}
    assert not [name for name, _ in walk.attributes if name.startswith("on")]
    outside = [
        value for name, value in walk.attributes if name in ("href", "src") and not str(value).startswith("#")
    ]
    assert outside == []


def test_names_are_shown_and_do_nothing(drifted):
    page = html(drifted)
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert "{{ 7*7 }}" in page
    walk = Walk()
    walk.feed(page)
    assert not any(
        "evil" in str(value) for name, value in walk.attributes if name in ("id", "style", "class")
    )


def test_what_matters_most_comes_first(drifted):
    page = html(drifted)
    assert drifted.verdict.outcome == "alarm"
    findings, _, columns = page.partition('<h2 id="columns">')
    assert "units has drifted" in findings
    assert drifted.verdict.figures["drift"]["calibrated"]
    assert columns.index("units") < columns.index("segment")


def test_a_table_of_ten_thousand_columns_stays_readable():
    names = [f"c{i}" for i in range(10_000)]
    one = pa.RecordBatch.from_pydict({name: [1.0, 2.0] for name in names})
    profile = profile_batches([one])
    made = Report(
        "Wide",
        check(profile, profile, suggest(profile)),
        profile,
        profile,
        None,
        datetime(2026, 1, 1, tzinfo=UTC),
    )
    page = html(made)
    assert len(page) < 6_000_000
    assert "10,000" in page


@pytest.mark.parametrize("width", [80, 160])
def test_the_terminal_rendering_fits(drifted, width):
    console = Console(width=width, record=True, file=open("/dev/null", "w"), force_terminal=False)  # noqa: SIM115, PTH123
    console.print(terminal(drifted))
    said = console.export_text()
    console.file.close()
    assert max(len(line) for line in said.splitlines()) <= width
    assert "units" in said
    assert "ALARM" in said


def test_a_verdict_of_another_monitor_is_refused(drifted):
    other = replace(drifted, verdict=drifted.verdict.model_copy(update={"monitor": "model_quality"}))
    with pytest.raises(BadInput, match="model_quality"):
        html(other)


def test_figures_are_strict_json(drifted):
    json.loads(json.dumps(drifted.verdict.model_dump(mode="json"), allow_nan=False))
