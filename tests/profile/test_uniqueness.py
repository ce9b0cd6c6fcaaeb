"""Business keys are counted as a hash map would, whatever the number of passes."""

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spalje.errors import BadInput
from spalje.profile.uniqueness import KeyCounts, count_keys

KEYS = st.tuples(
    st.one_of(st.none(), st.integers(-3, 3)),
    st.one_of(st.none(), st.sampled_from(["", "a", "b", "ab"])),
    st.one_of(st.none(), st.dates(date(2020, 1, 1), date(2020, 1, 3))),
)


@given(st.lists(KEYS, max_size=60), st.integers(1, 60), st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_rows_are_counted_as_a_set_of_tuples_counts_them(rows, at_once, cut):
    schema = pa.schema([("n", pa.int64()), ("s", pa.string()), ("d", pa.date32())])
    table = pa.Table.from_pylist([dict(zip("nsd", row, strict=True)) for row in rows], schema=schema)
    parts = [*table[:cut].to_batches(), *table[cut:].to_batches()]
    found = count_keys(lambda: parts, ["n", "s", "d"], len(rows), at_once)
    assert found == KeyCounts(len(rows) - len(set(rows)), sum(None in row for row in rows))


def test_dictionaries_are_their_values():
    batch = pa.RecordBatch.from_pydict({"k": pa.array(["a", "b", "a", None]).dictionary_encode()})
    assert count_keys(lambda: [batch], ["k"], 4) == KeyCounts(1, 1)


def test_a_key_that_cannot_be_compared_is_named():
    batch = pa.RecordBatch.from_pydict({"k": [[1], [2]]})
    with pytest.raises(BadInput, match="'k' is list"):
        count_keys(lambda: [batch], ["k"], 2)
