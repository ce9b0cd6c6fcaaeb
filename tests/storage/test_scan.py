"""Every kind of source gives the same profile, on one core or several, and says clearly what it is not."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from spalje.errors import BadInput
from spalje.profile.document import to_dict
from spalje.profile.grid import freeze
from spalje.profile.scan import profile_batches
from spalje.storage.scan import profile_table
from spalje.storage.source import read_batches, schema


def table(rows=5000, seed=0):
    rng = np.random.default_rng(seed)
    return pa.table(
        {
            "price": pa.array(rng.normal(20, 4, rows), mask=rng.random(rows) < 0.05),
            "units": rng.poisson(3, rows),
            "segment": rng.choice(["fruit", "greens", "nuts"], rows),
            "promoted": rng.random(rows) < 0.2,
        }
    )


def counts(profile):
    return [
        (name, column.rows, column.nulls, column.different, column.texts and column.texts.top(3))
        for name, column in profile.columns.items()
    ]


@pytest.fixture
def whole():
    return profile_batches(table().to_batches())


def test_every_kind_of_file_and_table(tmp_path, whole):
    rows = table()
    pq.write_table(rows, tmp_path / "a.parquet", row_group_size=700)
    pyarrow.csv.write_csv(rows, tmp_path / "a.csv")
    pyarrow.feather.write_feather(rows, tmp_path / "a.feather", compression="uncompressed")
    with pa.ipc.new_stream(tmp_path / "a.arrows", rows.schema) as stream:
        stream.write_table(rows)
    sources = [tmp_path / name for name in ("a.parquet", "a.csv", "a.feather", "a.arrows")]
    for source in [*sources, rows, rows.to_pandas()]:
        found = profile_table(source)
        assert counts(found) == counts(whole), source
        assert found.columns["price"].numbers.moments.mean == pytest.approx(
            whole.columns["price"].numbers.moments.mean
        )
        assert schema(source).names == rows.column_names
        assert sum(batch.num_rows for batch in read_batches(source, ["units"])) == rows.num_rows


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_parts_read_side_by_side_are_the_whole(tmp_path, threads):
    rows = table()
    grids = freeze(profile_batches(table(seed=9).to_batches()))
    one = profile_batches(rows.to_batches(), (), grids)
    for number in range(3):
        pq.write_table(rows.slice(number * 1700, 1700), tmp_path / f"{number}.parquet", row_group_size=300)
    told = []
    found = profile_table(tmp_path, grids=grids, threads=threads, progress=lambda *how: told.append(how))
    assert counts(found) == counts(one)
    for name, cells in one.sketch.cells.items():
        assert found.sketch.cells[name].tolist() == cells.tolist()
    assert np.allclose(found.sketch.gram.products, one.sketch.gram.products)
    assert threads == 1 or told[-1][0] == told[-1][1] > 1
    assert counts(profile_table(str(tmp_path / "[0-2].parquet"))) == counts(one)


def test_a_table_of_many_columns(tmp_path):
    wide = pa.table({f"c{number}": [1.0, 2.0, None] for number in range(2000)})
    pq.write_table(wide, tmp_path / "wide.parquet")
    found = profile_table(tmp_path / "wide.parquet", threads=2)
    assert len(found.columns) == 2000
    assert {column.nulls for column in found.columns.values()} == {1}


def test_a_name_says_nothing_about_what_a_file_holds(tmp_path, whole):
    pyarrow.csv.write_csv(table(), tmp_path / "a.parquet")
    pq.write_table(table(), tmp_path / "a.csv")
    assert counts(profile_table(tmp_path / "a.parquet")) == counts(whole)
    assert counts(profile_table(tmp_path / "a.csv")) == counts(whole)


@pytest.mark.parametrize("sixteenth", range(1, 16))
def test_a_file_cut_off_anywhere_is_refused(tmp_path, sixteenth):
    pq.write_table(table(), tmp_path / "whole.parquet")
    data = (tmp_path / "whole.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(data[: len(data) * sixteenth // 16])
    with pytest.raises(BadInput, match=r"cut\.parquet"):
        profile_table(tmp_path / "cut.parquet")


def test_a_table_without_rows(tmp_path):
    pq.write_table(table(0), tmp_path / "none.parquet")
    assert profile_table(tmp_path / "none.parquet").rows == 0
    assert profile_table(table(0)).rows == 0
    assert list(profile_table(table(0)).columns) == table().column_names


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: (folder / "x").write_bytes(b""), "0 bytes"),
        (lambda folder: (folder / "x").write_bytes(b"\x00\x01binary"), "is not a table"),
        (lambda folder: (folder / "x").write_text("a,b\n1,2\n3\n"), "cannot be read"),
        (lambda folder: (folder / "x").mkdir(), "no file that ends in"),
        (lambda folder: None, "no file or folder"),
    ],
)
def test_what_is_no_table_is_told(tmp_path, make, said):
    make(tmp_path)
    with pytest.raises(BadInput, match=said):
        profile_table(tmp_path / "x")


def test_a_type_that_changes_in_a_csv_is_told_with_what_to_do(tmp_path):
    lines = "a\n" + "1\n" * 3_000_000 + "1.5\n"
    (tmp_path / "a.csv").write_text(lines)
    with pytest.raises(BadInput) as error:
        profile_table(tmp_path / "a.csv")
    assert "Parquet" in error.value.do


class Panic(BaseException):
    """As other languages' readers raise."""


class Broken:
    def __arrow_c_stream__(self, requested_schema=None):
        raise Panic("index out of range")


def test_another_librarys_panic_is_an_answer():
    with pytest.raises(BadInput, match="Broken cannot be read: Panic: index out of range"):
        profile_table(Broken())
    with pytest.raises(BadInput, match="A int is not a table"):
        profile_table(3)


def test_null_spellings_and_dates_of_pandas():
    frame = pd.DataFrame({"when": pd.date_range("2026-01-01", periods=3), "x": [1.0, np.nan, 3.0]})
    found = profile_table(frame)
    assert found.columns["when"].kind.temporal
    assert to_dict(found)["rows"] == 3
