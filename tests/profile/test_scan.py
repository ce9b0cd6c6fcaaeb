"""What a profile says of columns of every type."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from spalje.errors import BadInput
from spalje.profile.kind import Kind
from spalje.profile.scan import profile_batches


def column(values, type_=None, categorical=()):
    batch = pa.RecordBatch.from_arrays([pa.array(values, type_)], names=["x"])
    return profile_batches([batch], categorical).columns["x"]


@pytest.mark.parametrize(
    ("values", "type_", "kind", "inferred", "mean"),
    [
        ([1, None, 3], pa.int8(), Kind.INTEGER, "Integral", 2.0),
        ([2**64 - 1, 2**64 - 1], pa.uint64(), Kind.INTEGER, "Integral", 2.0**64),
        ([1.5, 2.5], pa.float32(), Kind.REAL, "Fractional", 2.0),
        ([0.5, 1.5], pa.float16(), Kind.REAL, "Fractional", 1.0),
        ([Decimal("1.25"), Decimal("1.75"), None], pa.decimal128(9, 2), Kind.DECIMAL, "Fractional", 1.5),
        ([date(1970, 1, 2), date(1970, 1, 4)], pa.date32(), Kind.DATE, "Integral", 2.0),
        ([date(1970, 1, 2), date(1970, 1, 4)], pa.date64(), Kind.DATE, "Integral", 2.0),
        ([60 * 10**9], pa.timestamp("ns"), Kind.TIMESTAMP, "Fractional", 60.0),
        (
            [datetime(1970, 1, 1, 0, 1, tzinfo=UTC)],
            pa.timestamp("ms", "UTC"),
            Kind.TIMESTAMP,
            "Fractional",
            60.0,
        ),
        ([timedelta(seconds=90)], pa.duration("us"), Kind.DURATION, "Fractional", 90.0),
        ([timedelta(seconds=90).seconds], pa.time32("s"), Kind.DURATION, "Fractional", 90.0),
        ([7, 9], pa.dictionary(pa.int8(), pa.int64()), Kind.INTEGER, "Integral", 8.0),
    ],
    ids=str,
)
def test_numbers_of_every_type(values, type_, kind, inferred, mean):
    found = column(values, type_)
    assert (found.kind, found.inferred_type) == (kind, inferred)
    assert found.numbers.moments.mean == pytest.approx(mean)
    assert found.nulls == values.count(None)


@pytest.mark.parametrize(
    "type_",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.dictionary(pa.int8(), pa.string()),
        pa.dictionary(pa.int32(), pa.large_string()),
    ],
    ids=str,
)
def test_strings_of_every_type(type_):
    found = column(["b", None, "a", "b"], type_)
    assert (found.kind, found.inferred_type, found.nulls, found.different) == (Kind.TEXT, "String", 1, 2)
    assert found.texts.top(9) == (("b", 2), ("a", 1))


def test_flags_are_the_strings_true_and_false():
    found = column([True, None, False, True])
    assert (found.kind, found.inferred_type) == (Kind.BOOLEAN, "String")
    assert found.texts.top(9) == (("true", 2), ("false", 1))


def test_a_column_of_nothing_but_nulls():
    assert column([None, None]).inferred_type == "Unknown"
    assert column([None, None], pa.float64()).inferred_type == "Fractional"
    for type_ in (None, pa.float64(), pa.int64(), pa.string(), pa.date32()):
        found = column([None, None], type_)
        assert (found.rows, found.nulls, found.completeness, found.different) == (2, 2, 0.0, 0)


def test_declared_categories_are_counted_as_values():
    for values in ([12, 7, 12, None], [12.0, 7.0, 12.0, None]):
        found = column(values, categorical=["x"])
        assert (found.kind, found.inferred_type) == (Kind.CATEGORY, "String")
        assert found.texts.top(9) == (("12", 2), ("7", 1))
    assert column([0.5, float("nan"), float("inf")], categorical=["x"]).texts.count == 3


def test_columns_that_cannot_be_profiled_are_named_and_the_rest_goes_on():
    batch = pa.RecordBatch.from_pydict(
        {"tags": [["a"]], "place": [{"lat": 1.0}], "raw": [b"\xff"], "units": [3]}
    )
    found = profile_batches([batch])
    assert list(found.columns) == ["units"]
    assert found.refused == {"tags": "list<item: string>", "place": "struct<lat: double>", "raw": "binary"}


def test_extreme_numbers_stay_finite_and_exact():
    found = column([1e308, 1e308, -1e308, 1.7e308, 5e-324])
    assert (found.numbers.moments.low, found.numbers.moments.high) == (-1e308, 1.7e308)
    assert np.isfinite([found.numbers.moments.mean, found.numbers.moments.std]).all()
    assert column([1e308] * 9).numbers.moments.mean == pytest.approx(1e308)
    assert column([1e-300, 3e-300]).numbers.moments.std == pytest.approx(1e-300)
    whole = column([-(2**63), 2**63 - 1])
    assert (whole.numbers.moments.low, whole.numbers.moments.high) == (-(2**63), 2**63 - 1)


def test_negative_zero_is_zero():
    found = column([0.0, -0.0])
    assert (found.different, found.numbers.negative, found.numbers.integral) == (1, 0, 2)


def test_bytes_that_are_no_text_are_counted_under_a_replacement():
    broken = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0"), pa.py_buffer(b"\xffa")]
    )
    batch = pa.RecordBatch.from_arrays([broken], names=["x"])
    assert profile_batches([batch]).columns["x"].texts.top(9) == (("a", 1), ("\ufffd", 1))


def test_slices_and_chunks_are_profiled_as_what_they_hold():
    whole = pa.table({"x": pa.array([1.0, None, 3.0, 4.0, None]), "w": ["a", "b", None, "b", "c"]})
    (part,) = whole.slice(1, 3).to_batches()
    found = profile_batches([part])
    assert found.rows == 3
    assert (found.columns["x"].nulls, found.columns["x"].numbers.moments.mean) == (1, 3.5)
    assert found.columns["w"].texts.top(9) == (("b", 2),)


def test_a_null_among_the_dictionarys_own_values_is_a_null():
    words = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 1], pa.int8()), pa.array(["a", None]))
    found = profile_batches([pa.RecordBatch.from_arrays([words], names=["x"])]).columns["x"]
    assert (found.nulls, found.texts.top(9)) == (3, (("a", 1),))


def test_no_batches_no_rows_and_one_row():
    assert profile_batches([]).rows == 0
    empty = profile_batches([pa.RecordBatch.from_pydict({"x": pa.array([], pa.float64())})])
    assert (empty.rows, empty.columns["x"].completeness) == (0, 1.0)
    one = column([3.0])
    assert (one.numbers.moments.std, one.numbers.quantile(0.5), one.different) == (0.0, 3.0, 1)


def test_two_columns_of_one_name_are_refused():
    batch = pa.RecordBatch.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"])
    with pytest.raises(BadInput, match="more than one column named 'x'"):
        profile_batches([batch])


@pytest.mark.parametrize("type_", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
@pytest.mark.parametrize("end", ["min", "max", "both", "middle"])
def test_whole_numbers_of_every_width_are_counted_to_their_ends(type_, end):
    info, rng = np.iinfo(type_), np.random.default_rng(0)
    near = {
        "min": [info.min + i for i in range(9)],
        "max": [info.max - i for i in range(9)],
        "both": [info.min, info.max, 0, 1],
        "middle": list(range(100)),
    }[end]
    values = np.array(near, dtype=type_)[rng.integers(0, len(near), 5000)]
    found = column(values).numbers
    unique, counts = np.unique(values, return_counts=True)
    assert (found.moments.low, found.moments.high) == (int(unique[0]), int(unique[-1]))
    assert (found.moments.count, found.different) == (5000, len(unique))
    assert found.negative == int(counts[unique < 0].sum())
    if found.points is not None:
        assert found.points.values.tolist() == unique.astype(float).tolist()
        assert found.points.counts.tolist() == counts.tolist()
