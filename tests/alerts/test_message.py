"""Events and the one message about several of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from spalje.alerts.event import Event, Kind, urgent_first
from spalje.alerts.message import LINES, SENTENCE, SHOWN, Message
from spalje.settings import AlertKind, AlertSeverity

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
events = st.lists(
    st.builds(
        Event, st.sampled_from(Kind), st.sampled_from(["fresh", "dairy"]), st.sampled_from(["fresh/1", "fresh/2"]),
        st.integers(0, 9).map(lambda hours: NOW + timedelta(hours=hours)), st.text(max_size=20), what=st.sampled_from("ab"),
    ),
    min_size=1, max_size=30,
)  # fmt: skip


def test_the_settings_know_the_same_kinds_in_the_same_order():
    assert get_args(AlertKind) == tuple(Kind)
    assert [kind for kind in Kind if kind.at_least("alarm")] == [*Kind][:5]
    order = get_args(AlertSeverity)
    severities = [order.index(kind.severity) for kind in Kind]
    assert severities == sorted(severities, reverse=True), "the most urgent kinds come first"


@given(events, st.randoms())
def test_the_order_in_which_events_were_found_does_not_matter(found: list[Event], random):
    shuffled = random.sample(found, len(found))
    one, other = Message.about(found), Message.about(shuffled)
    assert (one.title, one.identity) == (other.title, other.identity)
    kinds = [list(Kind).index(event.kind) for event in urgent_first(found)]
    assert kinds == sorted(kinds)


@given(events)
def test_the_title_counts_every_event(found: list[Event]):
    counts = Message.about(found).title.rpartition(": ")[2].split(", ")
    assert sum(int(one.split()[0]) for one in counts) == len(found)


def test_an_event_is_the_same_however_it_is_told():
    event = Event(Kind.ALARM, "fresh", "fresh/1", NOW, "Drift.", what="data_quality")
    same = replace(event, at=NOW + timedelta(days=9), summary="other", details=("x",), link="y", report="z")
    assert event.identity == same.identity
    for changed in (
        {"kind": Kind.WARNING},
        {"project": "dairy"},
        {"subject": "fresh/2"},
        {"what": "attribution"},
    ):
        assert replace(event, **changed).identity != event.identity


@given(st.text(max_size=900), st.lists(st.text(max_size=500), max_size=9))
def test_every_text_is_one_line_of_bounded_length(summary: str, details: list[str]):
    event = Event(Kind.WARNING, "fresh", summary, NOW, summary, tuple(details), link=summary, report=summary)
    (shown,) = Message.about([event]).paragraphs
    for text in (shown.summary, shown.subject, shown.link, shown.report, *shown.details):
        assert len(text) <= SENTENCE
        assert text.isprintable() or "\u200c" in text or "\u200d" in text
    assert len(shown.details) <= LINES + 1


def test_more_events_than_are_shown_are_counted():
    found = [Event(Kind.MISSING_TRUTH, "fresh", f"fresh/{n}", NOW, f"No {n}.") for n in range(SHOWN + 3)]
    message = Message.about(found)
    assert len(message.paragraphs) == SHOWN
    assert message.rest.startswith("… and 3 more")
    assert message.text.count("MISSING TRUTH") == SHOWN
    assert message.rest in message.text


def test_the_text_is_what_people_read():
    found = [
        Event(Kind.WARNING, "fresh", "fresh/3", NOW, "Prices have moved.", what="attribution"),
        Event(
            Kind.BLOCK, "fresh", "fresh/3", NOW, "Batch fresh/3 is blocked.", ("Nulls.",), link="spalje batch show fresh/3",
            report="/srv/report.html",
        ),
    ]  # fmt: skip
    assert Message.about(found).text == (
        "fresh: 1 block, 1 warning\n\n"
        "BLOCK  fresh/3  2026-03-02 06:00 UTC\nBatch fresh/3 is blocked.\n  - Nulls.\n"
        "  See: spalje batch show fresh/3\n  Report: /srv/report.html\n\n"
        "WARNING  fresh/3  2026-03-02 06:00 UTC\nPrices have moved.\n"
    )
