"""The table that profiles are measured on: the same for everybody, and of the kinds it is said to be of."""

import importlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[2]
ROWS = 100_000


@pytest.fixture(scope="module")
def generator():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        module = importlib.import_module("bench.generator")
        patch.setattr(module, "GROUP", ROWS)
        yield module


@pytest.fixture(scope="module")
def base(generator):
    return next(generator.groups("base", ROWS))


@pytest.fixture(scope="module")
def current(generator):
    return next(generator.groups("current", ROWS))


def shares(table: pa.Table, name: str) -> dict[str, float]:
    counted = table[name].drop_null().value_counts().to_pylist()
    whole = sum(row["counts"] for row in counted)
    return {row["values"]: row["counts"] / whole for row in counted}


def test_a_table_is_always_the_same_and_a_short_one_begins_a_long_one(generator, monkeypatch):
    monkeypatch.setattr(generator, "GROUP", 1_000)
    long = pa.concat_tables(generator.groups("base", 3_500))
    short = pa.concat_tables(generator.groups("base", 2_000))
    assert long.num_rows == 3_500
    assert long.slice(0, 2_000).equals(short)
    assert not long.slice(0, 1_000).equals(long.slice(1_000, 1_000))


def test_it_has_the_columns_it_is_said_to_have(base):
    types = [str(field.type) for field in base.schema]
    assert types == ["double"] * 12 + ["int64"] * 4 + ["string"] * 4


def test_nulls_are_where_they_are_said_to_be(generator, base):
    for name in base.column_names:
        expected = generator.NULLS.get(name, 0.0)
        spread = np.sqrt(expected * (1 - expected) / ROWS)
        assert abs(base[name].null_count / ROWS - expected) <= 4 * spread, name


def test_columns_have_as_many_values_as_they_are_said_to_have(base):
    different = {name: len(base[name].drop_null().unique()) for name in base.column_names}
    assert different["rating"] == 11
    assert different["age"] == 78
    assert different["day"] == 730
    assert (different["segment"], different["flag"]) == (5, 2)
    assert different["store"] == 300
    assert 15_000 < different["sku"] <= 20_000
    assert different["id"] > 0.999 * ROWS
    assert different["normal"] == ROWS


def test_stores_fall_off_as_zipf_says(base):
    found = shares(base, "store")
    ranked = np.array([found[f"store {number:03}"] for number in range(300)])
    law = np.arange(1, 301) ** -1.3
    assert np.abs(ranked - law / law.sum()).max() < 0.006


def test_numbers_are_distributed_as_they_are_said_to_be(base):
    numbers = {
        name: base[name].drop_null().to_numpy()
        for name in base.column_names
        if base[name].type != pa.string()
    }
    assert abs(numbers["shifted"].mean() - 100) < 0.25
    assert abs(numbers["shifted"].std() - 15) < 0.2
    assert abs(np.median(np.log(numbers["lognormal"])) - 3) < 0.02
    assert abs((numbers["zero_inflated"] == 0).mean() - 0.7) < 0.01
    assert np.array_equal(np.round(numbers["money"], 2), numbers["money"])
    assert abs(numbers["count"].mean() - 3) < 0.03
    assert np.isfinite(np.concatenate([each.astype(float) for each in numbers.values()])).all()


def test_just_two_columns_drift(base, current):
    drifted = []
    for name in base.column_names:
        one, two = base[name].drop_null(), current[name].drop_null()
        if one.type == pa.string():
            before, after = shares(base, name), shares(current, name)
            distance = max(abs(before.get(key, 0) - after.get(key, 0)) for key in before | after)
        else:
            low, high = np.sort(one.to_numpy()), np.sort(two.to_numpy())
            at = np.concatenate([low, high])
            below = [np.searchsorted(side, at, side="right") / len(side) for side in (low, high)]
            distance = np.abs(below[0] - below[1]).max()
        if distance > 0.05:
            drifted.append((name, round(float(distance), 1)))
    # 0.107 and 0.20 are the distances of the two populations
    assert drifted == [("shifted", 0.1), ("segment", 0.2)]


def test_a_file_is_whole_or_not_there(generator, tmp_path, monkeypatch):
    file = tmp_path / "base.parquet"
    monkeypatch.setattr(generator, "GROUP", 400)
    generator.write("base", 1_000, file)
    footer = pq.ParquetFile(file).metadata
    assert [footer.row_group(number).num_rows for number in range(footer.num_row_groups)] == [400, 400, 200]
    assert footer.row_group(0).column(0).compression == "ZSTD"
    assert [path.name for path in tmp_path.iterdir()] == ["base.parquet"]

    def ends_early(which, rows):
        yield pa.table({"x": [1.0]})
        raise OSError("no space left on device")

    monkeypatch.setattr(generator, "groups", ends_early)
    with pytest.raises(OSError, match="no space left"):
        generator.write("base", 1_000, tmp_path / "other.parquet")
    assert [path.name for path in tmp_path.iterdir()] == ["base.parquet"]
