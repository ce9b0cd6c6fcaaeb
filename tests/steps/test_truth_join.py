"""Truth laid over what was known: laws first, then joins against Python's own dictionaries."""

import hashlib
import io
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spalje.errors import BadInput
from spalje.pipeline.problem import Problem
from spalje.registry.truth import Correction
from spalje.steps.row_key import alike, numbered, places
from spalje.steps.truth_join import join, lay, resolved, settled, with_keys, with_value

UNITS = Problem(
    type="regression", target="units", features=("x",), keys=("store", "article", "day"), time="day"
)
STATE = Problem(type="multiclass", target="state", features=("x",), keys=("store", "article", "day"))
MONDAY = date(2017, 10, 30)
KEYS = pa.schema([("store", pa.int16()), ("article", pa.string()), ("day", pa.date32())])

keys = st.tuples(
    st.integers(0, 3),
    st.sampled_from(["åpple", "b", "c"]),
    st.integers(0, 2).map(lambda n: MONDAY + timedelta(n)),
)
predicted = st.lists(keys, min_size=1, max_size=25)
knowledge = st.dictionaries(keys, st.integers(0, 3).map(float), max_size=25)


def rows_of(found):
    return pa.Table.from_pylist([dict(zip(KEYS.names, key, strict=True)) for key in found], KEYS)


def truth_of(known, problem=UNITS):
    kind = pa.float64() if problem.type == "regression" else pa.string()
    values = [value if problem.type == "regression" else f"s{value:g}" for value in known.values()]
    return rows_of(known).append_column(problem.target, pa.chunked_array([pa.array(values, kind)]))


def told(table, problem=UNITS):
    return {tuple(row[name] for name in KEYS.names): row[problem.target] for row in table.to_pylist()}


def digest(table):
    out = io.BytesIO()
    pq.write_table(table, out)
    return hashlib.sha256(out.getvalue()).hexdigest()


def learn(rows, *deliveries, problem=UNITS):
    known = laid = None
    for each in deliveries:
        laid = lay(rows, known, truth_of(each, problem), problem)
        known = laid.table
    return laid


@given(predicted, knowledge)
def test_delivering_twice_is_delivering_once(found, known):
    for problem in (UNITS, STATE):
        once = learn(rows_of(found), known, problem=problem)
        twice = learn(rows_of(found), known, known, problem=problem)
        assert digest(twice.table) == digest(once.table)
        assert (twice.new, twice.corrected, twice.unchanged) == (0, 0, once.new)
        assert twice.largest is None


@given(predicted, knowledge, st.randoms())
def test_the_order_of_deliveries_about_different_rows_does_not_matter(found, known, chance):
    parts = [{}, {}, {}]
    for key, value in known.items():
        chance.choice(parts)[key] = value
    whole = learn(rows_of(found), known)
    one_by_one = learn(rows_of(found), *parts)
    backwards = learn(rows_of(found), *reversed(parts))
    assert digest(one_by_one.table) == digest(backwards.table) == digest(whole.table)
    assert one_by_one.known == backwards.known == whole.known


@given(predicted, knowledge, knowledge)
def test_a_correction_changes_exactly_the_rows_it_names(found, before, after):
    for problem in (UNITS, STATE):
        was = told(learn(rows_of(found), before, problem=problem).table, problem)
        laid = learn(rows_of(found), before, after, problem=problem)
        says = {
            key: value for key, value in told(truth_of(after, problem), problem).items() if key in set(found)
        }
        assert told(laid.table, problem) == was | says
        changed = [key for key in says if key in was and was[key] != says[key]]
        assert laid.corrected == len(changed)
        assert laid.new == len(says.keys() - was.keys())
        assert laid.unchanged == len(says) - laid.corrected - laid.new
        assert (laid.largest is None) == (not changed)
        assert laid.strange.tolist() == [key not in set(found) for key in after]


@given(predicted, knowledge, st.randoms())
def test_the_table_depends_on_what_is_known_alone(found, known, chance):
    """Not on the order of rows, on the integers' width, on dictionaries, or on the way there."""
    expected = learn(rows_of(found), known)
    shuffled, mixed = list(found), list(known.items())
    chance.shuffle(shuffled)
    chance.shuffle(mixed)
    truth = truth_of(dict(mixed))
    for name, kind in (
        ("store", pa.int64()),
        ("article", pa.dictionary(pa.int32(), pa.string())),
        ("day", pa.timestamp("us")),
    ):
        truth = truth.set_column(truth.column_names.index(name), name, truth[name].cast(kind))
    wrong = {key: value + 1 for key, value in known.items()}
    start = learn(rows_of(shuffled), wrong).table
    laid = lay(rows_of(shuffled), start, truth, UNITS)
    assert laid.table.schema == KEYS.append(pa.field("units", pa.float64()))
    assert digest(laid.table) == digest(expected.table)
    assert list(told(laid.table)) == sorted(told(laid.table))


@given(predicted, knowledge)
def test_every_prediction_of_a_known_key_has_truth(found, known):
    laid = learn(rows_of(found), known)
    assert (laid.rows, laid.known) == (len(found), sum(key in known for key in found))
    joined = join(rows_of(found), truth_of(known), UNITS)
    assert joined.table["units"].to_pylist() == [known.get(key) for key in found]
    assert joined.table.select(KEYS.names).equals(rows_of(found))
    strangers = [key for key in known if key not in set(found)]
    dates = [key[2] for key in found]
    assert joined.unknown == sum(min(dates) <= key[2] <= max(dates) for key in strangers)
    assert joined.elsewhere == len(strangers) - joined.unknown


def test_the_largest_correction_is_told_with_its_key():
    one, two, three = ((store, "b", MONDAY) for store in (1, 2, 3))
    laid = learn(
        rows_of([one, two, three]), {one: 5.0, two: 5.0, three: 1.0}, {one: 7.0, two: 1.0, three: 1.0}
    )
    assert laid.largest == Correction("store=2, article=b, day=2017-10-30", 5.0, 1.0)
    laid = learn(rows_of([one, two]), {one: 5.0, two: 5.0}, {two: 1.0, one: 7.0}, problem=STATE)
    assert laid.largest == Correction("store=1, article=b, day=2017-10-30", "s5", "s7")


def test_what_was_known_of_other_rows_is_left_out():
    one, two = ((store, "b", MONDAY) for store in (1, 2))
    laid = lay(rows_of([one]), truth_of({one: 1.0, two: 2.0}), truth_of({one: 1.0}), UNITS)
    assert told(laid.table) == {one: 1.0}
    assert (laid.new, laid.corrected, laid.unchanged) == (0, 0, 1)


def test_predictions_without_a_key_are_never_known():
    rows = pa.Table.from_pylist(
        [{"store": None, "article": "b", "day": MONDAY}, {"store": 1, "article": "b", "day": MONDAY}], KEYS
    )
    laid = lay(rows, None, truth_of({(1, "b", MONDAY): 4.0}), UNITS)
    assert (laid.rows, laid.known, laid.table.num_rows) == (2, 1, 1)


@given(st.lists(st.tuples(keys, st.integers(0, 1).map(float)), max_size=30))
def test_each_row_is_said_once(said):
    truth = pa.concat_tables([truth_of({key: value}) for key, value in said] or [truth_of({})])
    values = {}
    for key, value in said:
        values.setdefault(key, set()).add(value)
    assert told(settled(truth, KEYS.names, "units", later_wins=True)) == dict(said)
    differ = [key for key, seen in values.items() if len(seen) > 1]
    if not differ:
        assert told(settled(truth, KEYS.names, "units")) == dict(said)
        return
    with pytest.raises(BadInput) as error:
        settled(truth, KEYS.names, "units")
    assert any(f"store={s}, article={a}, day={d} is " in str(error.value) for s, a, d in differ)


def test_the_first_rows_that_differ_are_named():
    said = [((store, "b", MONDAY), value) for store in range(6) for value in (1.0, 2.0)]
    truth = pa.concat_tables([truth_of({key: value}) for key, value in said])
    with pytest.raises(BadInput) as error:
        settled(truth, KEYS.names, "units")
    assert str(error.value) == (
        "The ground truth says different things about the same row: "
        "store=0, article=b, day=2017-10-30 is 1 and 2; store=1, article=b, day=2017-10-30 is 1 and 2; "
        "store=2, article=b, day=2017-10-30 is 1 and 2; and 3 more."
    )


def test_inference_ids_stand_for_business_keys():
    found = [(1, "b", MONDAY), (2, "b", MONDAY), (3, "b", MONDAY)]
    predictions = rows_of(found).append_column("order", pa.array(["o-1", None, "o-3"]))
    truth = pa.table({"order": ["o-3", "o-9", "o-1"], "units": [3.0, 9.0, 1.0]})
    named, which = resolved(predictions, truth, UNITS, "order")
    assert told(named) == {found[2]: 3.0, found[0]: 1.0}
    assert which.tolist() == [0, 2]
    twice = predictions.set_column(3, "order", pa.array(["o-1", "o-3", "o-3"]))
    with pytest.raises(BadInput, match="order=o-3 names several"):
        resolved(twice, truth, UNITS, "order")
    numbers = truth.set_column(0, "order", pa.array([3, 9, 1]))
    with pytest.raises(BadInput, match="inference id 'order' is int64 in the ground truth and string"):
        resolved(predictions, numbers, UNITS, "order")


def test_rows_without_value_or_key_are_set_aside():
    truth = pa.table({"store": [1, None, 3, 4], "units": [1.0, 2.0, None, float("nan")]})
    valued = with_value(truth, "units")
    assert valued["units"].to_pylist() == [1.0, 2.0]
    there, lacking = with_keys(valued, ["store"])
    assert (there.num_rows, lacking.to_pylist()) == (1, [{"store": None, "units": 2.0}])
    halves = pa.table({"share": [0.5, float("nan")], "units": [1.0, 2.0]})
    assert with_keys(halves, ["share"])[0].num_rows == 1


cells = st.one_of(st.none(), st.integers(0, 2))


@given(st.lists(st.tuples(cells, cells), max_size=20), st.lists(st.tuples(cells, cells), max_size=20))
def test_numbers_are_as_different_and_in_the_order_of_the_keys(one, two):
    schema = pa.schema([("a", pa.int8()), ("b", pa.int8())])
    tables = [pa.Table.from_pylist([{"a": a, "b": b} for a, b in rows], schema) for rows in (one, two)]
    numbers = np.concatenate(numbered(tables, ["a", "b"]))
    rows = one + two
    for number, row in zip(numbers, rows, strict=True):
        assert (number == -1) == (None in row)
    whole = [(row, number) for row, number in zip(rows, numbers, strict=True) if None not in row]
    for row, number in whole:
        for other, its in whole:
            assert (row < other, row == other) == (number < its, number == its)


def test_numbers_stay_apart_where_there_are_more_keys_than_numbers():
    rng = np.random.default_rng(1)
    columns = {f"k{place}": rng.permutation(20_000) for place in range(6)}  # 20,000^6 > 2^63
    table = pa.table(columns)
    (numbers,) = numbered([table], list(columns))
    order = np.lexsort([columns[name] for name in reversed(columns)])
    assert np.array_equal(np.argsort(numbers), order)
    assert len(np.unique(numbers)) == 20_000


@given(st.sets(st.integers(-1, 20)), st.lists(st.integers(-1, 20)))
def test_places(own, wanted):
    own = list(own)
    found = places(np.array(own, np.int64), np.array(wanted, np.int64)).tolist()
    assert found == [own.index(number) if number in own and number >= 0 else -1 for number in wanted]


def test_keys_of_three_tables_meet_in_one_type():
    tables = [pa.table({"k": pa.array([1], kind)}) for kind in (pa.int16(), pa.int64(), pa.uint8())]
    assert {table["k"].type for table in alike(tables, ["k"])} == {pa.int64()}
    with pytest.raises(BadInput, match=r"business key 'k' is double .* and int16 .*0\.5"):
        alike([tables[0], pa.table({"k": [0.5]})], ["k"])
