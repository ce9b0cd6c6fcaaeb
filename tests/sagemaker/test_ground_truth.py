"""Model Monitor's ground truth records: read strictly, written so that they are read back, named by file and line."""

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spalje.errors import BadInput
from spalje.sagemaker.ground_truth import files, keys, numbers, read, write
from spalje.sagemaker.ground_truth_file import read_file

AT = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)


def record(event="a", data="1", **changes):
    """A record as the documentation of Model Monitor has it."""
    return {
        "groundTruthData": {"data": data, "encoding": "CSV"},
        "eventMetadata": {"eventId": event},
        "eventVersion": "0",
        **changes,
    }


@pytest.fixture
def put(tmp_path):
    def written(*records, name="truth.jsonl"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [each if isinstance(each, str) else json.dumps(each) for each in records]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    return written


def said(path):
    found = read(path)
    return list(zip(found.ids.to_pylist(), found.values.to_pylist(), strict=True))


def test_a_file_is_read_in_its_order(put):
    path = put(record("367,APPLES", "4"), record("b", "0.5"), record("a", "yes"))
    assert said(path) == [("367,APPLES", "4"), ("b", "0.5"), ("a", "yes")]


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("1,0.93,0.07", "1"),
        ("  2.5 , 3", "2.5"),
        ('"a, b",3', "a, b"),
        ('"say ""yes"""', 'say "yes"'),
        ('""', None),
        ("", None),
        (",3", None),
        ("åäö", "åäö"),
        ('"two\nlines",1', "two\nlines"),
    ],
)
def test_the_first_of_the_comma_separated_values_is_the_truth(put, data, value):
    assert said(put(record("x", "7"), record("y", data))) == [("x", "7"), ("y", value)]


def test_what_is_not_understood_is_left_alone(put):
    more = record("a", extra=[1, {"b": None}], eventMetadata={"eventId": "a", "inferenceId": "z"})
    assert said(put(more)) == [("a", "1")]


def test_blank_lines_a_mark_at_the_beginning_and_carriage_returns_do_no_harm(put):
    path = put(record("a"), "", "   ", record("b"))
    text = path.read_text()
    assert said(path) == [("a", "1"), ("b", "1")]
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert said(path) == [("a", "1"), ("b", "1")]
    path.write_bytes(text.rstrip().encode())
    assert said(path) == [("a", "1"), ("b", "1")]
    path.write_bytes(b"")
    assert said(path) == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "it is not JSON"),
        ('{"a": 1} {"b": 2}', "it is not JSON"),
        ("[]", "the line should be an object and is []"),
        ("{}", "there is no eventVersion"),
        (record(groundTruthData={"data": "1"}), "there is no groundTruthData.encoding"),
        (record(groundTruthData={"encoding": "CSV"}), "there is no groundTruthData.data"),
        (record(groundTruthData="1"), "groundTruthData should be an object and is '1'"),
        (record(groundTruthData={"data": "MQ==", "encoding": "BASE64"}), "groundTruthData.encoding is 'BASE64'; only 'CSV'"),
        (record(data=1), "groundTruthData.data should be text and is 1"),
        (record(data=None), "groundTruthData.data should be text and is null"),
        (record(""), "eventId is empty"),
        (record(7), "eventMetadata.eventId should be text and is 7"),
        (record(eventMetadata={"inferenceId": "a"}), "there is no eventMetadata.eventId"),
        (record(eventVersion="1"), "eventVersion is '1'; only '0' is understood"),
        (record("\ud800"), "eventMetadata.eventId has half a character in it"),
        (record(data='"open'), "which is not comma-separated values"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("blank", [[], [""]])
def test_what_is_no_record_is_said_with_file_and_line(put, line, says, blank):
    path = put(record("a"), *blank, record("b"), line, record("c"))
    with pytest.raises(BadInput) as error:
        read(path)
    assert str(error.value).startswith(f"{path}, line {3 + len(blank)}: ")
    assert says in str(error.value)
    assert error.value.do


def test_bytes_that_are_no_text_are_said_with_their_line(put):
    path = put(record("a"), record("b"))
    path.write_bytes(path.read_bytes().replace(b'"b"', b'"\xff"'))
    with pytest.raises(BadInput, match=r"line 2: it is not JSON: 'utf-8' codec"):
        read(path)


def test_a_long_line_is_read(put):
    long = "x" * (2**24 + 10)
    assert said(put(record("a"), record(long))) == [("a", "1"), (long, "1")]


def test_a_folder_is_read_in_the_order_of_its_hours_whatever_the_prefix(put, tmp_path):
    put(record("late"), name="a/2026/03/02/11/x.jsonl")
    put(record("early"), name="b/2026/03/02/09/x.jsonl")
    put(record("last"), record("very last"), name="a/2026/10/02/00/x.jsonl")
    put(record("no hour"), name="z.jsonl")
    put("no record", name="a/2026/03/02/11/_SUCCESS")
    found = read(tmp_path)
    assert found.ids.to_pylist() == ["no hour", "early", "late", "last", "very last"]
    assert found.where(0) == f"{tmp_path}/z.jsonl, line 1"
    assert found.where(4) == f"{tmp_path}/a/2026/10/02/00/x.jsonl, line 2"
    below = files(tmp_path / "a" / "2026" / "03")
    assert [each.parent.name for each in below] == ["11"]
    assert [each.name for each in files(tmp_path / "z.jsonl")] == ["z.jsonl"]


def test_ids_of_several_keys_are_a_line_of_csv(put):
    types = pa.schema([("store", pa.int64()), ("article", pa.string()), ("day", pa.date32())])
    path = put(
        record("367,APPLES,2017-10-30"), record('8,"figs, ""dried""",2017-10-31'), record("9,,2017-10-31")
    )
    assert keys(read(path), types).to_pylist() == [
        {"store": 367, "article": "APPLES", "day": date(2017, 10, 30)},
        {"store": 8, "article": 'figs, "dried"', "day": date(2017, 10, 31)},
        {"store": 9, "article": "", "day": date(2017, 10, 31)},
    ]


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (
            "367,APPLES",
            "eventId is '367,APPLES'; it should be the values of store, article, day as one line of CSV",
        ),
        ("367,APPLES,2017-10-30,4", "as one line of CSV"),
        ('367,"APPLES,2017-10-30', "as one line of CSV"),
        ("367,AP\nPLES,2017-10-30", "as one line of CSV"),
        ("store,APPLES,2017-10-30", "store is 'store'; it should be int64"),
        ("367,APPLES,30 Oct", "day is '30 Oct'; it should be date32[day]"),
    ],
)
def test_ids_that_are_none_are_said_with_file_and_line(put, event, says):
    types = pa.schema([("store", pa.int64()), ("article", pa.string()), ("day", pa.date32())])
    sound = record("367,APPLES,2017-10-30")
    path = put(sound, sound, "", sound, record(event), *[sound] * 5)
    with pytest.raises(BadInput) as error:
        keys(read(path), types)
    assert str(error.value).startswith(f"{path}, line 5: ")
    assert says in str(error.value)


def test_the_id_of_one_column_is_taken_as_it_stands(put):
    path = put(record('17, "x"'), record("18"))
    assert keys(read(path), pa.schema([("order", pa.string())]))["order"].to_pylist() == ['17, "x"', "18"]
    with pytest.raises(BadInput, match=r"line 1: eventId is '17, \"x\"'; it should be int64"):
        keys(read(path), pa.schema([("order", pa.int64())]))


def test_values_that_are_no_numbers_are_said_with_file_and_line(put):
    path = put(record("a", "4"), record("b", ""), record("c", "1e3,x"))
    assert numbers(read(path), "units").to_pylist() == [4.0, None, 1000.0]
    path = put(record("a", "4"), record("b", "four"))
    with pytest.raises(BadInput, match=r"truth\.jsonl, line 2: units is 'four'; it should be double"):
        numbers(read(path), "units")


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
lines = st.lists(st.tuples(texts, st.integers(-9, 9), texts, st.floats(allow_nan=False, allow_infinity=False)), max_size=6)  # fmt: skip


@given(lines)
def test_what_is_written_is_read_back(tmp_path_factory, said):
    folder = tmp_path_factory.mktemp("prefix")
    schema = pa.schema(
        [("article", pa.string()), ("store", pa.int64()), ("state", pa.string()), ("units", pa.float64())]
    )
    rows = pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in said], schema)
    single = read(write(rows, ["article"], "units", folder, AT))
    assert single.ids.to_pylist() == rows["article"].to_pylist()
    assert numbers(single, "units").to_pylist() == rows["units"].to_pylist()
    for line in single.files[0][0].read_text(encoding="utf-8").split("\n")[:-1]:
        assert set(json.loads(line)) == {"groundTruthData", "eventMetadata", "eventVersion"}
    one_line = rows.filter(pa.array(["\n" not in article for article, *_ in said], pa.bool_()))
    several = read(write(one_line, ["article", "store"], "state", folder, AT))
    assert keys(several, pa.schema([("article", pa.string()), ("store", pa.int64())])).equals(
        one_line.select(["article", "store"])
    )
    assert several.values.to_pylist() == one_line["state"].to_pylist()


def test_the_file_stands_in_its_hour_of_utc_and_earlier_ones_stay(tmp_path):
    rows = pa.table(
        {
            "day": [date(2026, 3, 1)] * 3,
            "store": pa.array([1, 2, None], pa.int16()),
            "up": [True, None, False],
        }
    )
    stockholm = AT.astimezone(timezone(timedelta(hours=1)))
    first = write(rows, ["store", "day"], "up", tmp_path, stockholm)
    second = write(rows, ["store", "day"], "up", tmp_path, stockholm)
    assert first == tmp_path / "2026" / "03" / "02" / "07" / "part-0.jsonl"
    assert second.name == "part-1.jsonl"
    assert said(first) == said(second) == [("1,2026-03-01", "1")], "what is not known is not written"
    assert json.loads(first.read_text()) == record("1,2026-03-01", "1")


def test_a_file_alone(put):
    assert read_file(put(record("a", "1,2"))).to_pylist() == [{"id": "a", "data": "1,2"}]
