"""What every store of batches keeps to."""

from datetime import date

import pytest
from recorder import Recorder, digest

from spalje.errors import Conflict, NotFound, Refused
from spalje.registry.batch import BatchStatus

MON, SUN = date(2026, 3, 2), date(2026, 3, 8)


@pytest.fixture
def record(record: Recorder) -> Recorder:
    record.version()
    return record


def test_what_is_recorded_comes_back(record: Recorder):
    batch = record.batch(
        reasons=("First.", "Zweitens: ü"), rows=3_000_000_000, artifacts={"verdict_x": digest("v")}
    )
    assert (batch.id, batch.number, batch.revision) == ("fresh/1", 1, 1)
    assert batch.content.reasons == ("First.", "Zweitens: ü")
    assert batch.content.rows == 3_000_000_000
    assert (batch.content.first, batch.content.last) == (MON, SUN)
    assert batch.content.artifacts == {"verdict_x": digest("v")}
    assert batch.evaluations == ()
    assert record.metadata.batches.list("fresh") == (batch,)


def test_unknown_batch(record: Recorder):
    record.batch()
    for wrong in (
        "fresh/2",
        "fresh",
        "",
        "fresh/one",
        "fresh/1/1",
        "fresh/-1",
        "dairy/1",
        "fresh/²",
        "fresh/" + "9" * 40,
    ):
        with pytest.raises(NotFound, match="There are: fresh/1"):
            record.metadata.batches.get(wrong)


def test_list_is_newest_first(record: Recorder):
    made = [record.batch() for _ in range(3)]
    assert record.metadata.batches.list("fresh") == tuple(reversed(made))
    assert record.metadata.batches.list("fresh", 1) == (made[-1],)
    assert record.metadata.batches.list("other") == ()


def test_revision_counts_runs_for_the_same_dates(record: Recorder):
    record.project("dairy")
    record.version("dairy")
    dates = [(MON, SUN), (MON, SUN), (MON, MON), (None, None), (MON, SUN), (None, None)]
    assert [record.batch(first=a, last=b).revision for a, b in dates] == [1, 2, 1, 1, 3, 2]
    assert record.batch("dairy").revision == 1


def test_covering_is_inclusive_and_needs_an_overlap(record: Recorder):
    week, day = record.batch(), record.batch(first=date(2026, 3, 10), last=date(2026, 3, 10))
    record.batch(first=None, last=None)

    def covering(first: int, last: int) -> list[str]:
        found = record.metadata.batches.covering("fresh", date(2026, 3, first), date(2026, 3, last))
        return [batch.id for batch in found]

    assert covering(1, 1) == []
    assert covering(1, 2) == covering(8, 9) == covering(4, 5) == covering(1, 9) == [week.id]
    assert covering(9, 9) == []
    assert covering(8, 10) == covering(1, 31) == [week.id, day.id]
    assert record.metadata.batches.covering("other", MON, SUN) == ()


def test_covering_gives_the_newest_revision_that_went_out(record: Recorder):
    first, second = record.batch(), record.batch()
    blocked = record.batch(status=BatchStatus.BLOCKED, action="block")
    assert first.revision + 2 == blocked.revision
    assert record.metadata.batches.covering("fresh", MON, MON) == (second,)
    released = record.metadata.batches.release(blocked.id, "Bo", "looked at it", record.now())
    assert record.metadata.batches.covering("fresh", MON, MON) == (released,)


def test_covering_without_dates(record: Recorder):
    record.batch()
    record.batch(first=None, last=None)
    newest = record.batch(first=None, last=None)
    assert record.metadata.batches.covering("fresh", None, None) == (newest,)


def test_release(record: Recorder):
    blocked = record.batch(status=BatchStatus.BLOCKED, action="block")
    released = record.metadata.batches.release(blocked.id, "Bo", " checked by hand ", record.now())
    assert released.content.status is BatchStatus.RELEASED
    assert (released.released_by, released.release_reason) == ("Bo", "checked by hand")
    assert released.content.action == "block"
    assert record.metadata.batches.get(blocked.id) == released
    with pytest.raises(Conflict, match="released by Bo already: checked by hand"):
        record.metadata.batches.release(blocked.id, "Cia", "me too", record.now())


def test_what_cannot_be_released(record: Recorder):
    published, blocked = record.batch(), record.batch(status=BatchStatus.BLOCKED)
    with pytest.raises(Refused, match="is published: only a blocked"):
        record.metadata.batches.release(published.id, "Bo", "so", record.now())
    with pytest.raises(Refused, match="reason"):
        record.metadata.batches.release(blocked.id, "Bo", "  ", record.now())
    with pytest.raises(NotFound):
        record.metadata.batches.release("fresh/9", "Bo", "so", record.now())
    assert record.metadata.batches.get(blocked.id) == blocked


def test_evaluations_are_kept_in_order(record: Recorder):
    batch, other = record.batch(), record.batch()
    first = record.evaluation(batch, "partial", coverage=0.8)
    second = record.evaluation(batch, "restated", metrics={"rmse": 0.7, "list": [1, None], "name": "ü"})
    record.evaluation(other)
    assert record.metadata.batches.evaluations(batch.id) == (first, second)
    assert record.metadata.batches.get(batch.id).evaluations == (first, second)
    assert second.metrics == {"rmse": 0.7, "list": [1, None], "name": "ü"}
    with pytest.raises(NotFound):
        record.metadata.batches.evaluations("fresh/9")


def test_using(record: Recorder):
    batch = record.batch(artifacts={"features": digest("f")})
    record.batch(artifacts={"features": digest("g")})
    assert record.metadata.batches.using(digest("f")) == (batch,)
    assert record.metadata.lineage.batches_with(digest("f")) == (batch,)
