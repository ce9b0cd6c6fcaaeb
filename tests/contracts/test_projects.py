"""What every store of projects keeps to."""

from datetime import UTC, datetime

import pytest
from recorder import Recorder

from spalje.errors import BadInput, Conflict, NotFound


def test_what_is_recorded_comes_back(record: Recorder):
    made = record.project(
        "dairy",
        approvers=("Bo <bo@shop.example>", "cia"),
        four_eyes=True,
        retrain="auto",
        title="Mjölk & ost",
        created_at=datetime(2026, 3, 1, 12, 0, 0, 123456, UTC),
    )
    found = record.metadata.projects.get("dairy")
    assert found == made
    assert found.created_at.tzinfo is UTC
    assert [project.name for project in record.metadata.projects.all()] == ["dairy", "fresh"]


def test_a_name_is_given_once(record: Recorder):
    with pytest.raises(Conflict, match="'fresh'"):
        record.project("fresh", title="another")
    assert record.metadata.projects.get("fresh").title == "Fresh"


def test_unknown_project(record: Recorder):
    with pytest.raises(NotFound, match="Did you mean 'fresh'"):
        record.metadata.projects.get("frsh")


def test_change(record: Recorder):
    changed = record.metadata.projects.change("fresh", approvers=("bo",), template_version="1.1")
    assert (changed.approvers, changed.template_version, changed.title) == (("bo",), "1.1", "Fresh")
    assert record.metadata.projects.get("fresh") == changed


def test_change_keeps_to_the_rules(record: Recorder):
    before = record.metadata.projects.get("fresh")
    with pytest.raises(BadInput, match="retrain"):
        record.metadata.projects.change("fresh", retrain="often")
    with pytest.raises(NotFound):
        record.metadata.projects.change("other", title="x")
    assert record.metadata.projects.get("fresh") == before
