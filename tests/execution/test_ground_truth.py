"""Deliveries of ground truth: against real metadata and real artifacts; runs are recorded as if they had been executed."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest
from recorder import Recorder

from spalje.errors import BadInput, Refused
from spalje.execution.ground_truth import Delivered, GroundTruth
from spalje.pipeline.problem import Problem
from spalje.registry.batch import Batch, BatchStatus
from spalje.registry.truth import Correction, Delivery
from spalje.sagemaker import ground_truth as records
from spalje.storage import table
from spalje.storage.artifacts import Artifacts

KNOWN = {"type": "regression", "target": "units", "features": ("x",)}
DATED = Problem(keys=("store", "day"), time="day", **KNOWN)
UNDATED = Problem(keys=("customer",), **KNOWN)
MONDAY = date(2026, 2, 2)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def day(number):
    return MONDAY + timedelta(days=number)


def said(*rows):
    """Truth about (store, number of a day, value)."""
    return pa.table(
        {
            "store": pa.array([store for store, _, _ in rows], pa.int64()),
            "day": pa.array([day(number) for _, number, _ in rows], pa.date32()),
            "units": pa.array([value for _, _, value in rows], pa.float64()),
        }
    )


@dataclass
class Shop:
    """A project with batches, and somebody who delivers."""

    record: Recorder
    folder: Path
    problem: Problem = DATED
    now: datetime = NOW
    artifacts: Artifacts = field(init=False)

    def __post_init__(self):
        self.artifacts = Artifacts(self.folder / "artifacts")
        self.record.version()

    def publish(self, predictions: pa.Table, status=BatchStatus.PUBLISHED) -> Batch:
        folder = self.artifacts.scratch()
        table.write(predictions, folder)
        parts = {"predictions": self.artifacts.put(folder, "table").digest}
        days = predictions["day"].to_pylist() if "day" in predictions.column_names else [None]
        return self.record.batch(
            first=min(days), last=max(days), rows=predictions.num_rows, status=status, artifacts=parts
        )

    def week(self, number=0, stores=(1, 2), **others) -> Batch:
        """Publish seven days for some stores."""
        rows = [(store, 7 * number + each) for each in range(7) for store in stores]
        columns = {
            "store": pa.array([store for store, _ in rows], pa.int16()),
            "day": pa.array([day(each) for _, each in rows], pa.date32()),
            "prediction": [1.0] * len(rows),
        }
        more = {name: value(rows) for name, value in others.items() if callable(value)}
        words = {name: value for name, value in others.items() if not callable(value)}
        return self.publish(pa.table({**columns, **more}), **words)

    def deliver(self, rows: pa.Table | Path, *, judge=True) -> Delivered:
        """Deliver, and judge every batch that is to be judged."""
        path = rows
        if isinstance(rows, pa.Table):
            path = self.folder / "truth.parquet"
            pq.write_table(rows, path)
        truth = GroundTruth(self.record.metadata, self.artifacts, lambda: self.now)
        delivered = truth.deliver("fresh", path, self.problem, "eva")
        for order in delivered.orders if judge else ():
            digest = order.inputs["ground_truth"].removeprefix("sha256:")
            self.record.evaluation(order.batch, ground_truth=digest)
        return delivered

    def known(self, batch: Batch) -> dict:
        """What is known of a batch: its keys -> value."""
        latest = self.record.metadata.batches.get(batch.id).evaluations[-1]
        rows = table.read(self.artifacts.open(latest.ground_truth)).to_pylist()
        assert all(list(row) == [*self.problem.keys, "units"] for row in rows)
        return {tuple(row[key] for key in self.problem.keys): row["units"] for row in rows}


@pytest.fixture
def shop(record, tmp_path):
    return Shop(record, tmp_path)


def counts(told: Delivery):
    return [(each.batch, each.new, each.corrected, each.unchanged, each.coverage) for each in told.batches]


def test_a_first_delivery_orders_a_run_about_its_batch(shop):
    batch = shop.week()
    delivered = shop.deliver(said((1, 0, 4.0), (2, 0, 3.0)))
    (order,) = delivered.orders
    assert (order.project, order.pipeline, order.trigger, order.by) == (
        "fresh",
        "quality",
        "ground-truth",
        "eva",
    )
    assert order.batch == batch
    assert shop.known(batch) == {(1, day(0)): 4.0, (2, day(0)): 3.0}
    assert counts(delivered.told) == [(batch.id, 2, 0, 0, 2 / 14)]
    told = delivered.told
    assert (told.rows, told.first, told.last, told.unknown, told.other_dates, told.not_yet_known) == (
        2,
        day(0),
        day(0),
        0,
        0,
        0,
    )
    (recorded,) = shop.record.metadata.truths.list("fresh")
    assert (recorded.first, recorded.last, recorded.rows, recorded.who) == (day(0), day(0), 2, "eva")
    assert table.read(shop.artifacts.open(recorded.digest)).num_rows == 2


def test_the_same_truth_again_orders_nothing_whatever_its_form(shop):
    shop.week()
    rows = said((1, 0, 4.0), (2, 0, 3.0), (1, 1, 0.0))
    assert len(shop.deliver(rows).orders) == 1
    pacsv.write_csv(rows.take([2, 0, 1]), shop.folder / "truth.csv")
    lines = records.write(rows.take([1, 2, 0]), DATED.keys, "units", shop.folder / "lines", NOW)
    for again in (rows, rows.slice(1, 1), shop.folder / "truth.csv", lines, shop.folder / "lines"):
        delivered = shop.deliver(again)
        assert delivered.orders == ()
        assert delivered.told.batches[0].coverage == 3 / 14
        assert not delivered.told.batches[0].changed
    assert len(shop.record.metadata.truths.list("fresh")) == 2, (
        "the whole, whatever its form, and a part of it"
    )


def test_truth_that_comes_in_parts_adds_up_and_earlier_evaluations_stay(shop):
    batch = shop.week()
    shop.deliver(said((1, 0, 4.0)))
    delivered = shop.deliver(said((2, 0, 3.0), (1, 0, 4.0)))
    assert counts(delivered.told) == [(batch.id, 1, 0, 1, 2 / 14)]
    assert shop.known(batch) == {(1, day(0)): 4.0, (2, day(0)): 3.0}
    first, second = shop.record.metadata.batches.evaluations(batch.id)
    assert table.read(shop.artifacts.open(first.ground_truth)).num_rows == 1
    assert table.read(shop.artifacts.open(second.ground_truth)).num_rows == 2


def test_a_correction_makes_a_new_evaluation_and_is_told(shop):
    batch = shop.week()
    shop.deliver(said((1, 0, 4.0), (2, 0, 3.0), (1, 1, 1.0)))
    delivered = shop.deliver(said((1, 0, 5.0), (2, 0, 9.0), (1, 1, 1.0), (2, 1, 2.0)))
    assert counts(delivered.told) == [(batch.id, 1, 2, 1, 4 / 14)]
    assert delivered.told.batches[0].largest == Correction("store=2, day=2026-02-02", 3.0, 9.0)
    assert shop.known(batch) == {(1, day(0)): 5.0, (2, day(0)): 9.0, (1, day(1)): 1.0, (2, day(1)): 2.0}
    assert len(shop.record.metadata.batches.evaluations(batch.id)) == 2
    back = shop.deliver(said((1, 0, 4.0), (2, 0, 3.0)))
    assert counts(back.told) == [(batch.id, 0, 2, 0, 4 / 14)], "a correction may be corrected"


def test_what_is_not_known_yet_takes_nothing_away(shop):
    batch = shop.week()
    shop.deliver(said((1, 0, 4.0), (2, 0, 3.0)))
    delivered = shop.deliver(said((1, 0, None), (2, 0, float("nan")), (1, 1, 2.0)))
    assert delivered.told.not_yet_known == 2
    assert shop.known(batch) == {(1, day(0)): 4.0, (2, day(0)): 3.0, (1, day(1)): 2.0}
    nothing = shop.deliver(said((1, 0, None)))
    assert (nothing.orders, nothing.told.batches, nothing.told.not_yet_known) == ((), (), 1)


def test_a_run_that_came_to_nothing_is_ordered_again(shop):
    shop.week()
    assert len(shop.deliver(said((1, 0, 4.0)), judge=False).orders) == 1
    assert len(shop.deliver(said((1, 0, 4.0))).orders) == 1
    assert len(shop.deliver(said((1, 0, 4.0))).orders) == 0


def test_keys_that_were_not_predicted_are_told(shop):
    batch = shop.week()
    rows = said((1, 0, 4.0), *[(store, 3, 1.0) for store in range(70_000, 70_007)])
    rows = pa.concat_tables([rows, pa.table({"store": [None], "day": [day(0)], "units": [1.0]}, rows.schema)])
    told = shop.deliver(rows).told
    assert told.unknown == 8
    assert told.unknown_keys == tuple(f"store={store}, day=2026-02-05" for store in range(70_000, 70_005))
    assert shop.known(batch) == {(1, day(0)): 4.0}
    (recorded,) = shop.record.metadata.truths.list("fresh")
    assert recorded.rows == 1, "what was not predicted is not kept"


def test_truth_about_nothing_that_was_predicted_is_refused(shop):
    shop.week()
    with pytest.raises(BadInput) as error:
        shop.deliver(said((9, 0, 4.0), (8, 0, 1.0)))
    assert "was predicted: its first row is about store=9, day=2026-02-02" in str(error.value)
    assert "The predictions of fresh/1 have store=1, day=2026-02-02." in str(error.value)
    lacking = pa.table({"store": [None], "day": [day(0)], "units": [1.0]}, said((1, 0, 1.0)).schema)
    with pytest.raises(BadInput, match="its first row is about store=nothing"):
        shop.deliver(lacking)
    assert shop.record.metadata.truths.list("fresh") == ()


def test_truth_before_its_prediction_is_refused(shop):
    with pytest.raises(Refused, match="No batch of fresh has been published yet"):
        shop.deliver(said((1, 0, 1.0)))
    for number in (0, 1, 2, 3):
        shop.week(number)
    shop.now += timedelta(days=60)
    with pytest.raises(Refused) as error:
        shop.deliver(said((1, 28, 1.0), (1, 30, 1.0)))
    assert "is about 2026-03-02 to 2026-03-04, and no published batch of fresh predicts those dates" in str(
        error.value
    )
    assert "Published: 2026-02-23 to 2026-03-01 (fresh/4)" in str(error.value)
    assert "and 1 before" in str(error.value)
    assert "again" in error.value.do
    assert shop.record.metadata.truths.list("fresh") == ()


def test_of_truth_that_is_partly_too_early_the_rest_is_taken(shop):
    first = shop.week()
    rows = said((1, 0, 4.0), (1, 7, 5.0), (2, 9, 6.0))
    told = shop.deliver(rows).told
    assert (told.other_dates, told.other_first, told.other_last, told.unknown) == (2, day(7), day(9), 0)
    assert shop.known(first) == {(1, day(0)): 4.0}
    second = shop.week(1)
    delivered = shop.deliver(rows)
    assert [order.batch.id for order in delivered.orders] == [second.id]
    assert delivered.told.other_dates == 0
    assert shop.known(second) == {(1, day(7)): 5.0, (2, day(9)): 6.0}


def test_truth_about_days_to_come_is_refused_as_a_whole(shop):
    batch = shop.week()
    shop.now = datetime(2026, 2, 3, 23, 59, tzinfo=UTC)
    with pytest.raises(Refused) as error:
        shop.deliver(said((1, 0, 4.0), (1, 1, 4.0), (1, 2, 4.0), (2, 3, 0.0)))
    assert "says what happens until 2026-02-05, and today is 2026-02-03 (UTC): 2 of its rows" in str(
        error.value
    )
    assert shop.record.metadata.truths.list("fresh") == ()
    told = shop.deliver(said((1, 0, 4.0), (1, 1, 4.0), (1, 2, None), (2, 3, None))).told
    assert told.not_yet_known == 2
    assert shop.known(batch) == {(1, day(0)): 4.0, (1, day(1)): 4.0}
    shop.now = datetime(2026, 2, 4, 1, tzinfo=UTC).astimezone(tz=None)
    assert len(shop.deliver(said((1, 2, 4.0))).orders) == 1


def test_blocked_batches_take_no_truth_until_they_are_released(shop):
    shop.week()
    blocked = shop.week(1, status=BatchStatus.BLOCKED)
    with pytest.raises(Refused, match=r"fresh/2 does, but it is blocked"):
        shop.deliver(said((1, 7, 1.0)))
    shop.record.metadata.batches.release(blocked.id, "bo", "it is right", shop.record.now())
    assert [order.batch.id for order in shop.deliver(said((1, 7, 1.0))).orders] == [blocked.id]


def test_of_several_revisions_the_newest_that_went_out_takes_it(shop):
    shop.week()
    second = shop.week()
    shop.week(status=BatchStatus.BLOCKED)
    assert [order.batch.id for order in shop.deliver(said((1, 0, 1.0))).orders] == [second.id]


def test_truth_about_several_batches_is_given_to_each_the_oldest_first(shop):
    late, early = shop.week(2), shop.week(0)
    overlapping = shop.publish(
        table.read(shop.artifacts.open(early.content.artifacts["predictions"])).slice(6, 6)
    )
    delivered = shop.deliver(said((1, 14, 1.0), (1, 4, 2.0), (2, 4, 3.0), (1, 0, 4.0), (5, 4, 1.0)))
    assert [order.batch.id for order in delivered.orders] == [late.id, early.id, overlapping.id]
    assert shop.known(early) == {(1, day(4)): 2.0, (2, day(4)): 3.0, (1, day(0)): 4.0}
    assert shop.known(overlapping) == {(1, day(4)): 2.0, (2, day(4)): 3.0}
    assert delivered.told.unknown_keys == ("store=5, day=2026-02-06",)


def test_only_batches_that_learned_something_are_judged_again(shop):
    one, two = shop.week(0), shop.week(1)
    shop.deliver(said((1, 0, 1.0), (1, 7, 1.0)))
    delivered = shop.deliver(said((1, 0, 1.0), (1, 7, 2.0)))
    assert [order.batch.id for order in delivered.orders] == [two.id]
    assert [each.batch for each in delivered.told.batches] == [one.id, two.id]


def test_rows_that_say_the_same_are_one_and_others_are_refused(shop):
    batch = shop.week()
    shop.deliver(said((1, 0, 4.0), (1, 0, 4.0), (2, 0, 1.0), (1, 0, None)))
    assert shop.known(batch) == {(1, day(0)): 4.0, (2, day(0)): 1.0}
    with pytest.raises(BadInput, match="store=2, day=2026-02-02 is 1 and 2"):
        shop.deliver(said((1, 0, 4.0), (2, 0, 1.0), (2, 0, 2.0)))


def test_files_with_nothing_in_them(shop):
    shop.week()
    with pytest.raises(BadInput, match="has no rows"):
        shop.deliver(said())
    with pytest.raises(BadInput, match="There is no file or folder"):
        shop.deliver(shop.folder / "nowhere")


def test_an_evaluation_by_a_delivery_as_it_came_is_built_upon(shop):
    """Earlier releases judged a batch by the file itself: other types, other dates, unknown keys and all."""
    batch = shop.week()
    raw = pa.table(
        {
            "store": pa.array([1, 2, 9, 1], pa.int64()),
            "day": pa.array([day(0), day(0), day(0), day(30)]).cast(pa.timestamp("us")),
            "units": pa.array([4, None, 3, 3], pa.int32()),
            "note": ["a", "b", "c", "d"],
        }
    )
    folder = shop.artifacts.scratch()
    table.write(raw, folder)
    shop.record.evaluation(batch, ground_truth=shop.artifacts.put(folder, "table").digest)
    assert shop.deliver(said((1, 0, 4.0))).orders == ()
    told = shop.deliver(said((1, 0, 5.0), (2, 0, 1.0))).told
    assert counts(told) == [(batch.id, 1, 1, 0, 2 / 14)]
    assert shop.known(batch) == {(1, day(0)): 5.0, (2, day(0)): 1.0}


@pytest.mark.parametrize("kind", [pa.timestamp("us", "Europe/Stockholm"), pa.timestamp("ns")], ids=str)
def test_times_of_other_kinds(shop, kind):
    moments = [datetime(2026, 2, 2, 23, 30, tzinfo=UTC), datetime(2026, 2, 3, 8, 0, tzinfo=UTC)]
    column = pa.array([moment if kind.tz else moment.replace(tzinfo=None) for moment in moments], kind)
    folder = shop.artifacts.scratch()
    table.write(pa.table({"store": [1, 2], "day": column, "prediction": [1.0, 1.0]}), folder)
    parts = {"predictions": shop.artifacts.put(folder, "table").digest}
    first = day(1) if kind.tz else day(0)  # half past midnight in Stockholm
    shop.record.batch(first=first, last=day(1), rows=2, artifacts=parts)
    told = shop.deliver(pa.table({"store": [1, 2], "day": column, "units": [1.0, 1.0]})).told
    assert (told.first, told.last) == (first, day(1))
    assert told.batches[0].coverage == 1.0


def test_a_time_that_is_none(shop):
    shop.week()
    with pytest.raises(BadInput, match=r"Column 'day' of .* holds 7, which is not a date"):
        shop.deliver(pa.table({"store": [1], "day": [7], "units": [1.0]}))


def test_days_that_are_text(shop):
    rows = pa.table({"store": [1, 2], "day": ["2026-02-02", "2026-02-03"], "prediction": [1.0, 2.0]})
    folder = shop.artifacts.scratch()
    table.write(rows, folder)
    parts = {"predictions": shop.artifacts.put(folder, "table").digest}
    batch = shop.record.batch(first=day(0), last=day(1), rows=2, artifacts=parts)
    shop.deliver(pa.table({"store": [2], "day": ["2026-02-03"], "units": [5.0]}))
    assert shop.known(batch) == {(2, "2026-02-03"): 5.0}
    with pytest.raises(BadInput, match="holds 'Tuesday', which is not a date"):
        shop.deliver(pa.table({"store": [2], "day": ["Tuesday"], "units": [5.0]}))


# a project without a time column


def customers(*names, **others):
    return pa.table({"customer": list(names), "prediction": [0.5] * len(names), **others})


def happened(**values):
    return pa.table({"customer": list(values), "units": pa.array(values.values(), pa.float64())})


@pytest.fixture
def undated(shop):
    shop.problem = UNDATED
    return shop


def test_without_dates_a_key_is_looked_for_in_the_newest_batch_first(undated):
    one = undated.publish(customers("ann", "bo", "cia"))
    two = undated.publish(customers("bo", "dan"))
    undated.publish(customers("ann"), status=BatchStatus.BLOCKED)
    delivered = undated.deliver(happened(ann=1, bo=2, dan=3, eva=4))
    assert counts(delivered.told) == [(one.id, 1, 0, 0, 1 / 3), (two.id, 2, 0, 0, 1.0)]
    assert [order.batch.id for order in delivered.orders] == [one.id, two.id]
    assert undated.known(one) == {("ann",): 1.0}
    assert undated.known(two) == {("bo",): 2.0, ("dan",): 3.0}
    assert (delivered.told.unknown, delivered.told.unknown_keys) == (1, ("customer=eva",))
    assert (delivered.told.first, delivered.told.other_dates) == (None, 0)
    assert undated.deliver(happened(bo=2, ann=1)).orders == ()
    assert counts(undated.deliver(happened(ann=5, cia=1)).told) == [(one.id, 1, 1, 0, 2 / 3)]


def test_without_dates_nothing_is_too_early_but_what_nobody_predicted(undated):
    with pytest.raises(Refused, match="No batch of fresh has been published yet"):
        undated.deliver(happened(ann=1))
    undated.publish(customers("ann"))
    with pytest.raises(
        BadInput, match=r"its first row is about customer=bo\. The predictions of fresh/1 have customer=ann"
    ):
        undated.deliver(happened(bo=1))


# inference ids


def ids(prefix):
    return lambda rows: [f"{prefix}-{store}-{each}" for store, each in rows]


def by_id(**values):
    names = [name.replace("_", "-") for name in values]
    return pa.table({"order": names, "units": pa.array(values.values(), pa.float64())})


def test_truth_by_inference_id_is_about_the_keys_that_were_predicted(shop):
    shop.week()  # before ids were named
    shop.problem = DATED.model_copy(update={"inference_id": "order"})
    old = shop.week(1, order=ids("old"))
    new = shop.week(1, order=ids("new"))
    delivered = shop.deliver(by_id(old_1_7=4, new_2_7=3, old_2_8=1, none_1_1=9))
    assert [order.batch.id for order in delivered.orders] == [new.id], "the newest revision takes all of it"
    assert shop.known(new) == {(1, day(7)): 4.0, (2, day(7)): 3.0, (2, day(8)): 1.0}
    assert delivered.told.unknown_keys == ("order=none-1-1",)
    assert shop.deliver(said((1, 7, 4.0), (2, 7, 3.0))).orders == (), "the same by its keys"
    with pytest.raises(BadInput, match="store=1, day=2026-02-09 is 4 and 5"):
        shop.deliver(by_id(old_1_7=4, new_1_7=5))
    with pytest.raises(
        BadInput, match=r"its first row is about order=x\. The predictions of fresh/3 have order=new-1-7"
    ):
        shop.deliver(by_id(x=1))
    shop.now = datetime(2026, 2, 9, 12, tzinfo=UTC)
    with pytest.raises(Refused, match="days to come"):
        shop.deliver(by_id(new_1_8=1))
    assert old.id not in [order.batch.id for order in delivered.orders]


def test_without_dates_an_inference_id_is_about_its_own_batch(undated):
    undated.problem = UNDATED.model_copy(update={"inference_id": "order"})
    march = undated.publish(customers("ann", "bo", order=["m1", "m2"]))
    april = undated.publish(customers("ann", "bo", order=["a1", "a2"]))
    delivered = undated.deliver(by_id(m1=1, a1=2, a2=3, x=4))
    assert counts(delivered.told) == [(march.id, 1, 0, 0, 0.5), (april.id, 2, 0, 0, 1.0)]
    assert undated.known(march) == {("ann",): 1.0}
    assert undated.known(april) == {("ann",): 2.0, ("bo",): 3.0}
    assert delivered.told.unknown_keys == ("order=x",)
    corrected = undated.deliver(by_id(m1=7))
    assert corrected.told.batches[0].largest == Correction("customer=ann", 1.0, 7.0)


def test_model_monitors_records_are_joined_on_the_inference_id_else_on_the_keys(shop):
    batch = shop.week(order=ids("o"))
    keys = pa.table({"event": ["1,2026-02-02", "2,2026-02-02"], "units": [4.0, 3.0]})
    shop.deliver(records.write(keys, ["event"], "units", shop.folder / "keys", NOW))
    assert shop.known(batch) == {(1, day(0)): 4.0, (2, day(0)): 3.0}
    shop.problem = DATED.model_copy(update={"inference_id": "order"})
    folder = shop.folder / "ids"
    records.write(by_id(o_1_0=1, o_2_1=1), ["order"], "units", folder, NOW - timedelta(hours=3))
    records.write(by_id(o_1_0=5), ["order"], "units", folder, NOW)
    records.write(by_id(o_1_0=2), ["order"], "units", folder, NOW - timedelta(hours=1))
    told = shop.deliver(folder).told
    assert told.rows == 4
    assert told.batches[0].largest == Correction("store=1, day=2026-02-02", 4.0, 5.0)
    assert shop.known(batch) == {(1, day(0)): 5.0, (2, day(0)): 3.0, (2, day(1)): 1.0}


def test_an_inference_id_may_be_a_key(undated):
    undated.problem = Problem(keys=("order", "customer"), inference_id="order", **KNOWN)
    batch = undated.publish(customers("ann", "bo", order=["m1", "m2"]))
    undated.deliver(by_id(m2=1))
    assert undated.known(batch) == {("m2", "bo"): 1.0}


def test_classes_are_kept_by_their_names(undated):
    undated.problem = Problem(type="binary", target="units", features=("x",), keys=("customer",))
    batch = undated.publish(customers("ann", "bo"))
    undated.deliver(pa.table({"customer": ["ann", "bo"], "units": [True, False]}))
    assert undated.known(batch) == {("ann",): "1", ("bo",): "0"}
    assert undated.deliver(pa.table({"customer": ["bo"], "units": [0.0]})).orders == ()
    told = undated.deliver(pa.table({"customer": ["bo"], "units": [1]})).told
    assert told.batches[0].largest == Correction("customer=bo", "0", "1")
