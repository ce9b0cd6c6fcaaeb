"""Laws of profiles: parts add up to the whole, in any order; what is written is what is read."""

import json
from functools import reduce

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spalje.profile import number, points, text
from spalje.profile.document import from_dict, to_dict
from spalje.profile.kll import Kll
from spalje.profile.moments import Moments
from spalje.profile.profile import Profile, merge
from spalje.profile.scan import profile_batches

FEW = settings(max_examples=60, deadline=None)

reals = st.one_of(
    st.none(),
    st.floats(),
    st.sampled_from([0.0, -0.0, 1e308, -1e308, 5e-324, float("nan"), float("inf"), float("-inf")]),
    st.integers(-3, 3).map(float),
)
integers = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(-3, 3))
texts = st.one_of(st.none(), st.sampled_from(["a", "b", "å", ""]), st.text(max_size=5))
rows = st.lists(st.tuples(reals, integers, texts, st.one_of(st.none(), st.booleans())), max_size=60)

SCHEMA = pa.schema(
    [("real", pa.float64()), ("whole", pa.int64()), ("word", pa.string()), ("flag", pa.bool_())]
)


def batch(table: list[tuple]) -> pa.RecordBatch:
    columns = [pa.array([row[i] for row in table], field.type) for i, field in enumerate(SCHEMA)]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def profile(table: list[tuple]) -> Profile:
    return profile_batches([batch(table)])


def exact(profile: Profile) -> dict:
    """A profile without what is only equal up to rounding: means, deviations; sketches as what they stand for."""
    document = to_dict(profile)
    for column in document["columns"]:
        if "numbers" in column:
            del column["numbers"]["moments"]["mean"], column["numbers"]["moments"]["std"]
            if column["numbers"].pop("sketch", None):
                weighted = profile.columns[column["name"]].numbers.weighted()
                column["weighted"] = [part.tolist() for part in weighted]
    return document


def assert_same(one: Profile, two: Profile) -> None:
    assert exact(one) == exact(two)
    for name, column in one.columns.items():
        if column.numbers is not None:
            mine, theirs = column.numbers.moments, two.columns[name].numbers.moments
            scale = max(abs(float(mine.low)), abs(float(mine.high)), 5e-324)
            assert mine.mean / scale == pytest.approx(theirs.mean / scale, abs=1e-12)
            assert mine.std / scale == pytest.approx(theirs.std / scale, abs=1e-7)


@pytest.mark.parametrize("value", [5e-324, -5e-324, 2.2250738585072014e-308, 0.1, 1.7976931348623157e308])
def test_parts_of_one_number_have_it_as_their_mean(value):
    part = Moments.weighted(np.array([value]), np.array([1]), value, value)
    both = part.merge(part)
    assert (both.mean, both.merge(part).mean, both.std) == (value, value, 0.0)


@FEW
@given(st.lists(rows, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_parts_in_any_order_add_up_to_the_whole(parts, random):
    whole = profile([row for part in parts for row in part])
    shuffled = list(parts)
    random.shuffle(shuffled)
    assert_same(reduce(merge, map(profile, shuffled)), whole)
    assert_same(profile_batches(map(batch, shuffled)), whole)


@FEW
@given(rows, rows, rows)
def test_merging_is_associative_and_commutative_and_nothing_changes_nothing(a, b, c):
    one, two, three = map(profile, (a, b, c))
    assert_same(merge(merge(one, two), three), merge(one, merge(two, three)))
    assert to_dict(merge(one, two)) == to_dict(merge(two, one))
    assert_same(merge(one, profile([])), one)


@FEW
@given(rows)
def test_every_row_is_counted_once_and_nan_is_not_null(table):
    summary = profile(table).columns["real"]
    values = [row[0] for row in table]
    assert summary.nulls == values.count(None)
    assert summary.nan == sum(value is not None and np.isnan(value) for value in values)
    assert summary.infinite == sum(value is not None and np.isinf(value) for value in values)
    finite = [value for value in values if value is not None and np.isfinite(value)]
    assert summary.numbers.moments.count == len(finite)
    assert summary.rows == len(table)
    if finite:
        moments = summary.numbers.moments
        assert (moments.low, moments.high) == (min(finite), max(finite))
        assert moments.low <= moments.mean <= moments.high or moments.mean == pytest.approx(moments.low)


@FEW
@given(rows)
def test_a_document_is_strict_json_and_says_everything(table):
    document = to_dict(profile(table))
    text = json.dumps(document, allow_nan=False)
    assert to_dict(from_dict(json.loads(text))) == document


def huge(distinct: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).choice(distinct, 4 * distinct) * 1.0


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2), (2, 3, 1, 0)])
def test_beyond_the_limits_parts_still_add_up(order):
    """Some parts have point masses and some sketches; the whole has what its values say, not their order."""
    values = [huge(points.LIMIT // 2, 1), huge(points.LIMIT * 4, 2), huge(3, 3), huge(points.LIMIT - 1, 4)]
    words = [np.char.mod("w%d", part) for part in values]
    parts = [
        profile_batches(
            [pa.RecordBatch.from_pydict({"x": values[i], "i": values[i].astype(int), "w": words[i]})]
        )
        for i in range(4)
    ]
    merged = reduce(merge, [parts[i] for i in order])
    everything = np.concatenate(values)
    for name in ("x", "i"):
        numbers = merged.columns[name].numbers
        assert numbers.points is None
        assert numbers.sketch.size == len(everything)
        assert numbers.different == pytest.approx(len(np.unique(everything)), rel=0.1)
        assert numbers.moments.mean == pytest.approx(everything.mean(), rel=1e-12)
        assert numbers.moments.std == pytest.approx(everything.std(), rel=1e-12)
        kept, weights = numbers.weighted()
        ranks = np.searchsorted(np.sort(everything), kept, side="right") / len(everything)
        assert np.abs(np.cumsum(weights) / weights.sum() - ranks).max() < 0.003
    assert merged.columns["w"].different == len(np.unique(np.concatenate(words)))


def test_hashes_of_parts_add_up_exactly(monkeypatch):
    monkeypatch.setattr(text, "LIMIT", 50)
    values = np.random.default_rng(0).permutation([f"article {i % 5000}" for i in range(20_000)])
    parts = [profile_batches([pa.RecordBatch.from_pydict({"w": part})]) for part in np.split(values, 8)]
    one = reduce(merge, parts).columns["w"].texts
    two = reduce(merge, parts[::-1]).columns["w"].texts
    assert one.distinct.hashes.tolist() == two.distinct.hashes.tolist()
    assert one.count == two.count == len(values)
    assert one.different == pytest.approx(5000, rel=0.1)


@FEW
@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=200), st.integers(1, 6))
def test_frequent_values_are_never_counted_too_high_nor_short_of_the_bound(values, size):
    """Misra and Gries: true count - short <= count <= true count, and short <= n / (limit + 1)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "LIMIT", 3)
        parts = [
            profile_batches([pa.RecordBatch.from_pydict({"w": values[i : i + size]})])
            for i in range(0, len(values), size)
        ]
        kept = reduce(merge, parts).columns["w"].texts
    assert kept.short <= len(values) / 4
    counted = dict(kept.top(10))
    for value in set(values):
        true = values.count(value)
        assert true - kept.short <= counted.get(value, 0) <= true


@FEW
@given(st.lists(st.floats(-1e9, 1e9), max_size=5000), st.integers(1, 4000))
def test_a_sketch_conserves_weight_and_stays_small(values, size):
    sketch = Kll(k=32)
    for start in range(0, len(values), size):
        sketch = sketch.add(np.sort(np.array(values[start : start + size])))
    assert sketch.size == len(values)
    assert sum(map(len, sketch.levels)) < 400
    items, weights = sketch.weighted()
    assert weights.sum() == len(values)
    assert np.all(np.diff(items) > 0)
    assert set(items.tolist()) <= {*values, 0.0}


@pytest.mark.parametrize(
    "arrange",
    [
        pytest.param(lambda x: x, id="random"),
        pytest.param(np.sort, id="rising"),
        pytest.param(lambda x: np.sort(x)[::-1], id="falling"),
        pytest.param(lambda x: np.sort(x).reshape(64, -1).T.ravel(), id="comb"),
    ],
)
@pytest.mark.parametrize("size", [777, 65_536])
def test_a_sketch_keeps_ranks_whatever_the_order(arrange, size):
    values = arrange(np.random.default_rng(5).lognormal(3, 1.2, 400_000 // 64 * 64))
    sketch = Kll()
    for start in range(0, len(values), size):
        sketch = sketch.add(np.sort(values[start : start + size]))
    items, weights = sketch.weighted()
    ranks = np.searchsorted(np.sort(values), items, side="right") / len(values)
    assert np.abs(np.cumsum(weights) / len(values) - ranks).max() < 0.002


def test_whole_numbers_beyond_the_floats_are_told_apart():
    big = 2**62
    profile = profile_batches([pa.RecordBatch.from_pydict({"id": [big, big + 1, big + 2, None]})])
    numbers = profile.columns["id"].numbers
    assert (numbers.different, numbers.moments.low, numbers.moments.high) == (3, big, big + 2)
    assert numbers.points is None
    assert big > number.EXACT
