"""What every store of model versions keeps to."""

from dataclasses import replace

import pytest
from recorder import Recorder, digest

from spalje.errors import Conflict, Corrupt, NotFound
from spalje.registry.approval import decide, verify
from spalje.registry.version import VersionStatus

PENDING, APPROVED, REJECTED = VersionStatus


def test_a_new_version_is_pending(record: Recorder):
    version = record.version()
    assert (version.id, version.status, len(version.history)) == ("fresh/1", PENDING, 1)
    assert version.history[0].at == version.created_at
    verify(version)
    assert record.metadata.versions.latest_approved("fresh") is None


def test_every_field_comes_back(record: Recorder):
    fields = {
        "metrics": {"b": 0.1, "a": -0.0, "n": 3, "big": 1e300},
        "baselines": {"data_quality": digest("old"), "attribution": digest("a")},
        "own_baselines": {"data_quality": digest("new")},
        "data": {"raw": digest("raw"), "dotted.name": digest("d")},
        "cost": 0.1 + 0.2,
        "environment": "",
    }
    version = record.version(**fields)
    for name, value in fields.items():
        assert getattr(version.content, name) == value
    assert version.content.manifest_digest == replace(version.content, cost=0.0).manifest_digest


def test_numbers_are_of_a_project(record: Recorder):
    record.project("dairy")
    assert [record.version(name).id for name in ("fresh", "dairy", "fresh")] == [
        "fresh/1",
        "dairy/1",
        "fresh/2",
    ]
    assert [version.id for version in record.metadata.versions.list("fresh")] == ["fresh/2", "fresh/1"]
    assert record.metadata.versions.list("other") == ()


def test_unknown_version(record: Recorder):
    record.version()
    for project, number in (("fresh", 2), ("fresh", 0), ("dairy", 1)):
        with pytest.raises(NotFound, match=f"{project}/{number}"):
            record.metadata.versions.get(project, number)


def test_decide(record: Recorder):
    seen = record.version()
    approval = decide(
        seen, APPROVED, "Bo", "good", record.now(), project=record.metadata.projects.get("fresh")
    )
    after = record.metadata.versions.decide("fresh", 1, seen, approval)
    assert (
        after == record.metadata.versions.get("fresh", 1) == record.metadata.versions.latest_approved("fresh")
    )
    assert (after.status, after.history) == (APPROVED, (*seen.history, approval))
    verify(after)


def test_a_decision_about_what_has_changed_is_refused(record: Recorder):
    seen = record.version()
    project = record.metadata.projects.get("fresh")
    mine = decide(seen, APPROVED, "Bo", "good", record.now(), project=project)
    record.decide(seen, REJECTED, "Cia", "wrong data")
    with pytest.raises(Conflict, match=r"Cia made it rejected at .*: wrong data"):
        record.metadata.versions.decide("fresh", 1, seen, mine)
    assert record.metadata.versions.get("fresh", 1).status is REJECTED


def test_the_same_status_after_a_detour_is_not_the_same_version(record: Recorder):
    seen = record.decide(record.version(), APPROVED)
    project = record.metadata.projects.get("fresh")
    mine = decide(seen, REJECTED, "Bo", "bad", record.now(), project=project)
    record.decide(record.decide(seen, REJECTED), APPROVED)
    with pytest.raises(Conflict):
        record.metadata.versions.decide("fresh", 1, seen, mine)
    assert len(record.metadata.versions.get("fresh", 1).history) == 4


def test_a_replayed_decision_is_refused(record: Recorder):
    seen = record.version()
    approval = decide(
        seen, APPROVED, "Bo", "good", record.now(), project=record.metadata.projects.get("fresh")
    )
    record.metadata.versions.decide("fresh", 1, seen, approval)
    with pytest.raises(Conflict, match="Bo made it approved"):
        record.metadata.versions.decide("fresh", 1, seen, approval)
    assert len(record.metadata.versions.get("fresh", 1).history) == 2


def test_a_decision_that_does_not_fit_is_refused(record: Recorder):
    seen, other = record.version(), record.version()
    approval = decide(
        seen, APPROVED, "Bo", "good", record.now(), project=record.metadata.projects.get("fresh")
    )
    for wrong in (
        replace(approval, who="Mallory"),
        replace(approval, number=3),
        replace(approval, status=PENDING),
    ):
        with pytest.raises(Corrupt):
            record.metadata.versions.decide("fresh", 1, seen, wrong)
    with pytest.raises(Corrupt):
        record.metadata.versions.decide("fresh", 2, other, approval)
    forged = replace(seen, content=replace(seen.content, model=digest("another model")))
    with pytest.raises(Corrupt):
        record.metadata.versions.decide("fresh", 1, forged, approval)
    assert record.metadata.versions.get("fresh", 1) == seen


def test_the_version_approved_last_serves(record: Recorder):
    one, two, three = (record.version() for _ in range(3))
    serving = record.metadata.versions.latest_approved
    for version in (one, three, two):
        record.decide(version, APPROVED)
        assert serving("fresh").id == version.id
    record.decide(two, REJECTED)
    assert serving("fresh").id == "fresh/3"
    record.decide(three, REJECTED)
    assert serving("fresh").id == "fresh/1"
    record.decide(two, APPROVED)
    assert serving("fresh").id == "fresh/2"
    record.decide(one, REJECTED)
    assert serving("fresh").id == "fresh/2"
    record.decide(two, REJECTED)
    assert serving("fresh") is None


def test_using(record: Recorder):
    one, two = record.version(model=digest("m1")), record.version(model=digest("m2"))
    using = record.metadata.versions.using
    assert using(digest("m1")) == (one,)
    assert {version.id for version in using(digest("raw"))} == {one.id, two.id}
    assert record.metadata.lineage.versions_with(digest("m2")) == (two,)
    assert using(digest("nothing")) == ()
