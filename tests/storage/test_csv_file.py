"""CSV files of known types: read as they are meant, and what is wrong named by line and column."""

import gzip
from datetime import date, datetime

import pyarrow as pa
import pytest

from spalje.errors import BadInput
from spalje.storage import csv_file

TYPES = {"store": pa.int64(), "article": pa.string(), "day": pa.date32(), "units": pa.float64()}
HEADER = "note,store,article,day,units\n"


@pytest.fixture
def put(tmp_path):
    def written(text, name="truth.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return written


def test_columns_come_in_the_types_that_are_asked_for(put):
    path = put(HEADER + 'x,7,007,2017-10-30,4\n,-8,"a, ""b""",2017-10-31,\ny,9,NA,2017-10-31,NaN\n')
    found = csv_file.read(path, TYPES)
    assert found.schema == pa.schema(TYPES)
    assert found.to_pylist() == [
        {"store": 7, "article": "007", "day": date(2017, 10, 30), "units": 4.0},
        {"store": -8, "article": 'a, "b"', "day": date(2017, 10, 31), "units": None},
        {"store": 9, "article": "NA", "day": date(2017, 10, 31), "units": None},
    ]
    assert csv_file.names(path) == HEADER.strip().split(",")


def test_compressed_files_marks_and_carriage_returns(put):
    text = HEADER + "x,7,å,2017-10-30,4\n"
    expected = csv_file.read(put(text), TYPES)
    for changed in ("\ufeff" + text, text.replace("\n", "\r\n"), text.replace("\n", "\n\n")):
        assert csv_file.read(put(changed), TYPES).equals(expected)
    packed = put("", "truth.csv.gz")
    packed.write_bytes(gzip.compress(text.encode()))
    assert csv_file.read(packed, TYPES).equals(expected)
    assert csv_file.names(packed)[0] == "note"


def test_times(put):
    found = csv_file.read(put("at\n2017-10-30\n2017-10-30 06:30:00\n"), {"at": pa.timestamp("us")})
    assert found["at"].to_pylist() == [datetime(2017, 10, 30), datetime(2017, 10, 30, 6, 30)]  # noqa: DTZ001


@pytest.mark.parametrize(
    ("line", "says", "do"),
    [
        ("x,7,a,2017-10-30", "there are 4 of the 5 values that the first line names", "in quotes"),
        ("x,7,a,2017-10-30,4,5", "there are 6 of the 5 values", "in quotes"),
        ("x,seven,a,2017-10-30,4", "column 'store': invalid value 'seven'; it should be int64", "1234.5"),
        ("x,7.5,a,2017-10-30,4", "column 'store': invalid value '7.5'", "1234.5"),
        ("x,7,a,30.10.2017,4", "column 'day': invalid value '30.10.2017'; it should be date32[day]", "2017-10-30"),
        ('x,7,a,2017-10-30,"1 234"', "column 'units': invalid value '1 234'; it should be double", "1234.5"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_line_and_column(put, line, says, do):
    sound = 'x,7,"a",2017-10-30,4\n'
    path = put(HEADER + sound + "\n" + sound * 3 + line + "\n" + sound * 20)
    with pytest.raises(BadInput) as error:
        csv_file.read(path, TYPES)
    assert str(error.value).startswith(f"{path}, line 7"), error.value
    assert says in str(error.value)
    assert do in error.value.do


def test_a_line_is_where_it_ends_when_a_value_has_several(put):
    path = put("article,units\n" + '"two\nlines",4\n' + "a,x\n")
    with pytest.raises(BadInput, match="line 4, column 'units'"):
        csv_file.read(path, {"article": pa.string(), "units": pa.float64()})


def test_text_that_is_not_utf_8(put):
    path = put("article,units\nå,4\n", encoding="latin-1")
    with pytest.raises(BadInput, match="line 2, column 'article': invalid UTF8") as error:
        csv_file.read(path, {"article": pa.string(), "units": pa.float64()})
    assert "UTF-8" in error.value.do


@pytest.mark.parametrize(
    ("text", "says", "do"),
    [
        ("", "is empty", "again"),
        ("\n\n", "is empty", "again"),
        ("stores,article,day,units\n", "has no column 'store'. Did you mean 'stores'?", "correct its name"),
        ("store,article,day,units,store\n", "more than one column named 'store'", "Rename"),
    ],
)  # fmt: skip
def test_headers_that_will_not_do(put, text, says, do):
    with pytest.raises(BadInput) as error:
        csv_file.read(put(text), TYPES)
    assert says in str(error.value)
    assert do in error.value.do


def test_no_rows_are_a_table_without_rows(put):
    assert csv_file.read(put(HEADER), TYPES).equals(pa.schema(TYPES).empty_table())


def test_a_file_that_was_cut_off(put):
    packed = put("", "truth.csv.gz")
    packed.write_bytes(gzip.compress((HEADER + "x,7,a,2017-10-30,4\n" * 5000).encode())[:-20])
    with pytest.raises(BadInput, match="cannot be read"):
        csv_file.read(packed, TYPES)
