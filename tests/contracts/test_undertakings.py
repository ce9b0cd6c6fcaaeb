"""What every store of undertakings keeps to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from recorder import Recorder, digest
from sqlalchemy import select

from spalje.errors import Conflict, NotFound, Refused
from spalje.lineage.lease import Lease
from spalje.registry.undertaking import Undertaking
from spalje.storage.metadata import Metadata
from spalje.storage.metadata.tables import NAMES, lease

AT = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
CREATION = Undertaking("dairy", "create", "5f3a", {"title": "Mjölk", "four_eyes": True}, (), AT, "Eva")
DELETION = Undertaking("dairy", "delete", "", {"host": "embedded"}, (), AT, "Bo")


@pytest.fixture
def held(record: Recorder) -> Lease:
    return record.metadata.leases.acquire("undertaking/dairy", "here", 3600, record.now())


def rows(metadata: Metadata) -> dict[str, int]:
    """Table -> rows, of those that have any."""
    with metadata.database.read() as connection:
        found = {table.name: len(connection.execute(select(table)).all()) for table in NAMES.sorted_tables}
    return {name: count for name, count in found.items() if count}


def test_what_is_recorded_comes_back(record: Recorder, held: Lease):
    store = record.metadata.undertakings
    assert (store.get("dairy"), store.all()) == (None, ())
    store.begin_creation(CREATION, held)
    assert (store.get("dairy"), store.all()) == (CREATION, (CREATION,))
    after = store.advance(store.advance(CREATION, "build/repository", held), "build/variables", held)
    assert after == replace(CREATION, done=("build/repository", "build/variables"))
    assert store.get("dairy") == after


def test_a_creation_ends_as_a_project_and_nothing_else(record: Recorder, held: Lease):
    store = record.metadata.undertakings
    store.begin_creation(CREATION, held)
    wanted = replace(record.metadata.projects.get("fresh"), name="dairy")
    assert store.create(CREATION, wanted, held) == wanted
    assert record.metadata.projects.get("dairy") == wanted
    assert store.all() == ()
    with pytest.raises(Conflict, match="finished or undone meanwhile"):
        store.create(CREATION, replace(wanted, title="again"), held)
    assert record.metadata.projects.get("dairy") == wanted


def test_one_undertaking_at_a_time(record: Recorder, held: Lease):
    store = record.metadata.undertakings
    store.begin_creation(CREATION, held)
    with pytest.raises(Conflict, match="is under way already: it began on 2026-03-01 at 12:30 UTC by Eva"):
        store.begin_creation(replace(CREATION, mark="other"), held)
    with pytest.raises(Conflict, match="There is a project 'fresh' already"):
        store.begin_creation(replace(CREATION, project="fresh"), held)
    assert store.all() == (CREATION,)


def test_who_lost_the_lease_records_nothing(record: Recorder, held: Lease):
    store = record.metadata.undertakings
    store.begin_creation(CREATION, held)
    record.time += timedelta(hours=2)
    record.metadata.leases.acquire("undertaking/dairy", "there", 3600, record.now())
    wanted = replace(record.metadata.projects.get("fresh"), name="dairy")
    for late in (
        lambda: store.begin_creation(replace(CREATION, project="other"), held),
        lambda: store.advance(CREATION, "build/repository", held),
        lambda: store.create(CREATION, wanted, held),
        lambda: store.begin_deletion(DELETION, held),
        lambda: store.delete(CREATION, held),
    ):
        with pytest.raises(Conflict, match="has taken over"):
            late()
    assert store.all() == (CREATION,)
    with pytest.raises(NotFound):
        record.metadata.projects.get("dairy")


def test_a_creation_that_became_a_deletion_does_not_go_on(record: Recorder, held: Lease):
    store = record.metadata.undertakings
    store.begin_creation(CREATION, held)
    turned = store.begin_deletion(DELETION, held)
    assert turned == replace(DELETION, mark="5f3a")
    assert store.get("dairy") == turned
    with pytest.raises(Conflict, match="finished or undone meanwhile"):
        store.advance(CREATION, "build/repository", held)
    again = replace(DELETION, started_at=AT + timedelta(days=1), started_by="Cia")
    assert store.begin_deletion(again, held) == turned
    store.delete(turned, held)
    assert store.all() == ()


def test_what_is_not_there_is_not_deleted(record: Recorder, held: Lease):
    with pytest.raises(NotFound, match="project 'dairy'"):
        record.metadata.undertakings.begin_deletion(DELETION, held)
    assert record.metadata.undertakings.all() == ()


def test_a_deletion_takes_every_row_of_the_project_and_of_no_other(record: Recorder, held: Lease):
    metadata = record.metadata
    record.project("dairy")
    record.project("dairy_2")
    other = record.run(("train",), "dairy_2")
    beside = rows(metadata)
    run = record.run(("train", "test"), "dairy", inputs={"raw": digest("raw")})
    record.succeed(run, "train", {"raw": digest("raw")}, {"model": digest("model")})
    metadata.truths.add("dairy", digest("truth"), None, None, 3, "Eva", record.now())
    deletion = metadata.undertakings.begin_deletion(DELETION, held)
    with pytest.raises(Refused, match="is being deleted"):
        record.run(("train",), "dairy")
    counted = metadata.undertakings.delete(deletion, held)
    assert counted == {"run": 1, "delivery of ground truth": 1}
    assert metadata.runs.list() == (other,)
    left = rows(metadata)
    left["artifact"] = 0  # artifacts stay
    assert {name: count for name, count in left.items() if count} == {**beside, "project": 2}
    with metadata.database.read() as connection:
        assert connection.execute(select(lease.c.name)).scalars().all() == ["undertaking/dairy"]


def test_what_another_project_reused_stands_for_itself(record: Recorder, held: Lease):
    metadata = record.metadata
    record.project("dairy")
    made = record.run(("train",), "dairy")
    record.succeed(made, "train", {}, {"model": digest("model")}, key="k1")
    reused = record.run(("train",), "fresh")
    record.succeed(reused, "train", {}, {"model": digest("model")}, key="k1", reused_from=made.id)
    metadata.undertakings.delete(metadata.undertakings.begin_deletion(DELETION, held), held)
    step = metadata.steps.all(reused.id)["train"]
    assert (step.reused_from, dict(step.outputs)) == (None, {"model": digest("model")})


def test_the_record_of_what_was_decided_is_not_erased(record: Recorder, held: Lease):
    metadata = record.metadata
    record.project("dairy")
    record.version("dairy")
    with pytest.raises(Refused, match="'dairy' has 1 model version: the record"):
        metadata.undertakings.begin_deletion(DELETION, held)
    record.approved("dairy")
    record.batch("dairy")
    with pytest.raises(Refused, match="'dairy' has 2 model versions and 1 batch: the record"):
        metadata.projects.refuse_if_kept("dairy")
    assert metadata.undertakings.all() == ()
    assert len(metadata.versions.list("dairy")) == 2
