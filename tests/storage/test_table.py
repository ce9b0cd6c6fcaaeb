"""Tables: read whole or a batch at a time; what cannot be read says which file and why."""

import random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spalje.errors import BadInput
from spalje.storage import table

HOSTILE = [
    "",
    " ",
    "a.b",
    "a",
    'say "no"',
    "ä\nö",
    "{}",
    "%s",
    "x" * 500,
    "\\",
    "🍐",
    "null",
    "__index_level_0__",
]


def some(rows: int, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    return pa.table({"x": rng.normal(size=rows), "store": [f"store {i % 7}" for i in range(rows)]})


def test_what_is_written_is_read(tmp_path):
    table.write(some(1000), tmp_path / "t")
    assert table.read(tmp_path / "t").equals(some(1000))
    assert table.row_count(tmp_path / "t") == 1000
    assert table.schema(tmp_path / "t").names == ["x", "store"]
    assert [path.name for path in (tmp_path / "t").iterdir()] == ["part-0.parquet"]


def test_files_are_one_table_in_the_order_of_their_names(tmp_path):
    for number, name in enumerate(["b.parquet", "a.parquet", "c.parquet"]):
        pq.write_table(some(10, number), tmp_path / name)
    (tmp_path / "_SUCCESS").write_text("")
    assert table.read(tmp_path).equals(pa.concat_tables([some(10, 1), some(10, 0), some(10, 2)]))
    assert table.row_count(tmp_path) == 30


def test_batches_are_no_larger_than_asked_and_strings_can_be_dictionaries(tmp_path):
    table.write(some(1000), tmp_path)
    batches = list(table.read_batches(tmp_path, ["store"], 300, dictionary=True))
    assert [batch.num_rows for batch in batches] == [300, 300, 300, 100]
    assert pa.types.is_dictionary(batches[0].schema.field("store").type)
    assert pa.types.is_string(next(table.read_batches(tmp_path)).schema.field("store").type)


def test_columns_come_as_asked_whatever_their_names(tmp_path):
    whole = pa.table({name: [i, i + 1] for i, name in enumerate(HOSTILE)})
    table.write(whole, tmp_path)
    for name in HOSTILE:
        assert table.read(tmp_path, [name]).equals(whole.select([name]))
    assert table.read(tmp_path, HOSTILE[::-1]).column_names == HOSTILE[::-1]


def test_a_table_without_rows_still_has_its_columns(tmp_path):
    table.write(some(0), tmp_path)
    (batch,) = table.read_batches(tmp_path)
    assert (batch.num_rows, batch.schema.names) == (0, ["x", "store"])
    assert table.read(tmp_path).num_rows == 0


def test_one_file_is_a_table_too(tmp_path):
    table.write(some(5), tmp_path)
    assert table.read(tmp_path / "part-0.parquet").num_rows == 5


@pytest.mark.parametrize("operation", [table.read, table.schema, table.row_count])
@pytest.mark.parametrize("sixteenth", range(16))
def test_a_file_cut_off_anywhere_is_refused_by_name(tmp_path, operation, sixteenth):
    table.write(some(3000), tmp_path)
    path = tmp_path / "part-0.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * sixteenth // 16])
    with pytest.raises(BadInput, match=r"part-0\.parquet") as caught:
        operation(tmp_path)
    assert caught.value.do
    assert "empty (0 bytes)" in str(caught.value) if sixteenth == 0 else True


def test_a_flipped_byte_in_a_page_is_noticed(tmp_path):
    """Page checksums: damage is an error or leaves the values as they were, never other values."""
    table.write(some(3000), tmp_path)
    path = tmp_path / "part-0.parquet"
    whole, noticed = path.read_bytes(), 0
    for place in random.Random(1).sample(range(4, len(whole)), 60):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            found = table.read(tmp_path)
        except BadInput:
            noticed += 1
        else:
            assert found.equals(some(3000)) or found.column_names != ["x", "store"]
    assert noticed > 50


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "not a Parquet file"),
        (b"PAR1", "cannot be read"),
        (b"PAR1" * 10, "cannot be read"),
    ],
)
def test_a_file_that_is_no_parquet_is_refused(tmp_path, content, says):
    (tmp_path / "day.parquet").write_bytes(content)
    with pytest.raises(BadInput, match=says):
        table.read(tmp_path)


def test_a_folder_without_parquet_says_what_it_has(tmp_path):
    with pytest.raises(BadInput, match="it is empty"):
        table.read(tmp_path)
    (tmp_path / "day.csv").write_text("a\n1\n")
    with pytest.raises(BadInput, match=r"it has: day\.csv"):
        table.read(tmp_path)
    with pytest.raises(BadInput, match="no table at"):
        table.read(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (pa.table({"x": [1], "store": ["a"]}), "column 'x' is int64 here and double there"),
        (pa.table({"x": [1.0]}), "it lacks 'store'"),
        (pa.table({"x": [1.0], "store": ["a"], "y": [1]}), "it adds 'y'"),
    ],
)
def test_files_with_other_columns_are_refused(tmp_path, other, says):
    pq.write_table(some(3), tmp_path / "a.parquet")
    pq.write_table(other, tmp_path / "b.parquet")
    for operation in (table.read, table.schema):
        with pytest.raises(BadInput, match=r"b\.parquet has other columns than a\.parquet") as caught:
            operation(tmp_path)
        assert says in str(caught.value)


def test_a_missing_column_is_named_with_its_neighbours(tmp_path):
    table.write(some(3), tmp_path)
    with pytest.raises(BadInput, match=r"no column 'stores'. Did you mean 'store'\? It has: x, store\."):
        next(table.read_batches(tmp_path, ["stores"]))


def test_two_columns_of_one_name_are_refused(tmp_path):
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"])
    pq.write_table(twice, tmp_path / "a.parquet")
    with pytest.raises(BadInput, match="more than one column named 'x'"):
        table.read(tmp_path)


def test_memory_does_not_grow_with_the_rows(tmp_path):
    """At no batch is more than a few row groups of the file in memory."""
    values = pa.table({"x": np.random.default_rng(0).random(2_000_000)})
    pq.write_table(
        values, tmp_path / "a.parquet", row_group_size=50_000, compression="none", use_dictionary=False
    )
    size = values.nbytes
    del values
    before, most = pa.total_allocated_bytes(), 0
    for _ in table.read_batches(tmp_path):
        most = max(most, pa.total_allocated_bytes() - before)
    assert most < size / 5
