"""What every store of ground truth deliveries keeps to."""

from datetime import date

import pytest
from recorder import Recorder, digest

from spalje.errors import NotFound
from spalje.registry.truth import Truth

DAY = date(2026, 3, 2)


def test_deliveries_come_back_in_order(record: Recorder):
    truths = record.metadata.truths
    assert truths.list("fresh") == ()
    one = truths.add("fresh", digest("1"), DAY, DAY, 10, "eva", record.now())
    two = truths.add("fresh", digest("2"), None, None, 20, "bo", record.now())
    assert one == Truth("fresh", digest("1"), DAY, DAY, 10, "eva", one.at)
    assert truths.list("fresh") == (one, two)


def test_the_same_content_is_one_delivery(record: Recorder):
    record.project("dairy")
    truths = record.metadata.truths
    one = truths.add("fresh", digest("1"), DAY, DAY, 10, "eva", record.now())
    assert truths.add("fresh", digest("1"), DAY, DAY, 10, "bo", record.now()) == one
    truths.add("dairy", digest("1"), DAY, DAY, 10, "bo", record.now())
    assert truths.list("fresh") == (one,)
    assert len(truths.list("dairy")) == 1


def test_unknown_project(record: Recorder):
    with pytest.raises(NotFound, match="fresh"):
        record.metadata.truths.add("other", digest("1"), DAY, DAY, 1, "eva", record.now())
