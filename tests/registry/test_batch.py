"""Which of several batches about the same days counts."""

from datetime import UTC, date, datetime

from recorder import new_batch

from spalje.registry.batch import Batch, newest_of_days


def batch(number, day=None):
    days = {"first": day, "last": day}
    return Batch(number, new_batch("fresh/inference/1", **days), 1, datetime(2026, 1, 1, tzinfo=UTC))


def test_of_the_same_days_the_newest_stands_and_batches_without_days_all_do():
    one, two = date(2026, 1, 5), date(2026, 1, 6)
    batches = [batch(1, one), batch(2, two), batch(3), batch(4, one), batch(5)]
    assert [found.number for found in newest_of_days(batches)] == [2, 3, 4, 5]
    assert newest_of_days([]) == ()
