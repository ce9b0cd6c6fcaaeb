"""What is missing: held against the clock that is passed in."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recorder import Recorder

from spalje.alerts.batch_course import LOOK_BACK, Came, course
from spalje.alerts.event import Kind
from spalje.alerts.link import Links
from spalje.alerts.overdue import missing_batch, missing_truths, rhythm
from spalje.registry.batch import BatchStatus
from spalje.settings import Expectation

START = date(2026, 1, 5)
DAY = timedelta(days=1)
NOTHING = Expectation()


def weekly(count: int, every: int = 7, truth_after: float | None = None) -> list[Came]:
    """Batches that come at six in the morning of the first day they are about."""
    found = []
    for number in range(count):
        first = START + timedelta(days=every * number)
        last = first + timedelta(days=every - 1)
        at = datetime(first.year, first.month, first.day, 6, tzinfo=UTC)
        came = Came(f"fresh/{number + 1}", first, last, at)
        if truth_after is not None:
            came = replace(came, truth_known=True, truth_at=came.awaited_from + truth_after * DAY)
        found.append(came)
    return found


def missing(came: list[Came], days_after: float, expected: Expectation = NOTHING):
    return missing_batch("fresh", came, expected, Links(), came[-1].at + days_after * DAY)


def late(came: list[Came], now: datetime, expected: Expectation = NOTHING) -> list[str]:
    return [event.subject for event in missing_truths("fresh", came, expected, Links(), now)]


@pytest.mark.parametrize(("every", "grace"), [(1, 0.5), (2, 1), (7, 3), (30, 3)])
def test_a_batch_is_missing_when_its_time_and_the_grace_are_over(every: int, grace: float):
    came = weekly(5, every)
    assert missing(came, every + grace) is None
    event = missing(came, every + grace + 0.001)
    assert event is not None
    assert (event.kind, event.subject, event.link) == (Kind.MISSING_BATCH, "fresh", "spalje batch list fresh")
    assert "since fresh/5" in event.summary


def test_it_is_the_same_event_until_another_batch_comes():
    came = weekly(5)
    first, much_later = missing(came, 11), missing(came, 300)
    assert first.identity == much_later.identity
    assert missing(weekly(6), 11).identity != first.identity


@given(st.integers(1, 60), st.integers(4, LOOK_BACK), st.floats(0, 400), st.floats(0, 400))
def test_what_is_missing_stays_missing(every: int, count: int, one: float, other: float):
    came = weekly(count, every)
    sooner, later = sorted((one, other))
    if missing(came, sooner) is not None:
        assert missing(came, later) is not None


def test_nothing_is_missing_where_there_is_no_rhythm():
    for count in range(4):
        assert rhythm(weekly(count), NOTHING) is None
    assert missing(weekly(3), 1000) is None
    assert missing_batch("fresh", [], Expectation(batch_every_days=1), Links(), datetime.now(UTC)) is None


def test_settings_say_it_from_the_first_batch_on():
    expected = Expectation(batch_every_days=1, batch_grace_days=0)
    assert missing(weekly(1), 1.0, expected) is None
    event = missing(weekly(1), 1.001, expected)
    assert "as the settings say" in event.details[0]
    assert missing(weekly(1), 1000, Expectation(batch_every_days=1, watch=False)) is None
    assert missing(weekly(5), 8, Expectation(batch_grace_days=0.5)) is not None


def test_one_accident_does_not_change_the_rhythm_and_a_weekend_is_part_of_it():
    accident = [
        *weekly(4),
        *[replace(c, first=c.first + 28 * DAY, at=c.at + 28 * DAY) for c in weekly(6)[4:]],
    ]
    found = rhythm(accident, NOTHING)
    assert (found.every, found.pause) == (7, 7)
    workdays = [came for came in weekly(12, 1) if came.first.weekday() < 5]
    found = rhythm(workdays, NOTHING)
    assert (found.every, found.pause) == (1, 1), "one weekend may be an accident"
    workdays = [came for came in weekly(17, 1) if came.first.weekday() < 5]
    assert rhythm(workdays, NOTHING).pause == 3, "two are a habit"
    assert missing(workdays, 3.5) is None
    assert missing(workdays, 3.6) is not None


def test_batches_without_dates_have_the_rhythm_of_their_arrival():
    came = [replace(one, first=None, last=None) for one in weekly(4, 2)]
    assert rhythm(came, NOTHING).every == 2
    at_once = [replace(one, at=came[0].at) for one in came]
    assert rhythm(at_once, NOTHING) is None


def test_history_that_was_made_up_for_in_an_hour_is_no_reason_to_cry():
    """Batches about last year, predicted today: the next is due one rhythm from now."""
    today = datetime(2026, 6, 1, tzinfo=UTC)
    came = [replace(one, at=today + timedelta(minutes=n)) for n, one in enumerate(weekly(8))]
    assert missing_batch("fresh", came, NOTHING, Links(), today + 7 * DAY) is None


def test_truth_is_missing_when_it_is_later_than_the_settings_allow():
    (one,) = weekly(1)
    expected = Expectation(truth_within_days=2)
    assert one.awaited_from == datetime(2026, 1, 12, tzinfo=UTC), "the last day must be over"
    assert late([one], one.awaited_from + 2 * DAY, expected) == []
    assert late([one], one.awaited_from + 2.001 * DAY, expected) == ["fresh/1"]
    assert late([replace(one, truth_known=True)], one.awaited_from + 99 * DAY, expected) == []
    assert late([replace(one, out=False)], one.awaited_from + 99 * DAY, expected) == []
    assert late([one], one.awaited_from + 99 * DAY, expected.model_copy(update={"watch": False})) == []


def test_truth_is_held_against_twice_its_usual_delay():
    came = [*weekly(3, truth_after=3.0), *weekly(5)[3:]]
    at = came[3].awaited_from
    assert late(came, at + 6 * DAY) == []
    assert late(came, at + 6.01 * DAY) == ["fresh/4"]
    assert late(came, came[4].awaited_from + 6.01 * DAY) == ["fresh/4", "fresh/5"]
    quick = [*weekly(3, truth_after=0.01), *weekly(4)[3:]]
    assert late(quick, at + 1 * DAY) == [], "a day at least"
    assert late(quick, at + 1.01 * DAY) == ["fresh/4"]


def test_no_truth_is_missing_where_none_ever_came():
    assert late(weekly(9), datetime(2030, 1, 1, tzinfo=UTC)) == []


def test_truth_of_a_batch_that_came_after_its_days_is_awaited_from_then():
    (one,) = weekly(1)
    behind = replace(one, at=one.at + 60 * DAY)
    assert behind.awaited_from == behind.at


def test_the_course_of_real_batches(record: Recorder):
    record.version()
    first, last = date(2026, 3, 2), date(2026, 3, 8)
    one = record.batch()
    again = record.batch()
    blocked = record.batch(
        first=date(2026, 3, 9), last=date(2026, 3, 15), status=BatchStatus.BLOCKED, action="block"
    )
    undated = record.batch(first=None, last=None)
    (week, kept_back, loose) = course("fresh", record.metadata)
    assert (week.batch, week.at, week.out) == (again.id, one.created_at, True), "a re-run is no other batch"
    assert (kept_back.batch, kept_back.out) == (blocked.id, False)
    assert (loose.batch, loose.first) == (undated.id, None)
    record.metadata.truths.add("fresh", "d" * 64, first, first, 5, "eva", record.now())
    week, kept_back, _ = course("fresh", record.metadata)
    assert week.truth_known
    assert week.truth_at == record.time
    assert not kept_back.truth_known
    rerun = record.batch(first=first, last=last, status=BatchStatus.BLOCKED, action="block")
    found = {came.first: came for came in course("fresh", record.metadata)}
    assert found[first].batch == again.id != rerun.id, "the one that is out counts"


def test_the_truth_of_a_batch_without_dates(record: Recorder):
    record.version()
    batch = record.batch(first=None, last=None)
    assert not course("fresh", record.metadata)[0].truth_known
    record.evaluation(batch)
    assert course("fresh", record.metadata)[0].truth_known


def test_only_the_latest_batches_are_looked_at(record: Recorder):
    record.version()
    for number in range(LOOK_BACK + 3):
        day = START + timedelta(days=number)
        record.batch(first=day, last=day)
    found = course("fresh", record.metadata)
    assert [came.first for came in found] == [START + timedelta(days=n) for n in range(3, LOOK_BACK + 3)]
