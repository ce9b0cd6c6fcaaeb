"""A delivered file is read as the same truth in each of its formats."""

import gzip
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from spalje.errors import BadInput
from spalje.execution.truth_file import read
from spalje.pipeline.problem import Problem
from spalje.sagemaker import ground_truth

KNOWN = {"type": "regression", "target": "units", "features": ("x",)}
BY_KEYS = Problem(keys=("store", "article", "day"), time="day", **KNOWN)
BY_ID = BY_KEYS.model_copy(update={"inference_id": "order"})
ONE_KEY = Problem(keys=("store",), **KNOWN)
PREDICTED = pa.schema(
    [
        ("store", pa.int16()),
        ("article", pa.dictionary(pa.int32(), pa.string())),
        ("day", pa.date32()),
        ("order", pa.int64()),
        ("prediction", pa.float64()),
    ]
)
ROWS = pa.table(
    {
        "note": ["x", "y", "z"],
        "day": [date(2017, 10, 30)] * 3,
        "store": pa.array([7, 70_000, 8], pa.int64()),
        "article": ["007", "a, b", "figs"],
        "order": [3, 2, 1],
        "units": pa.array([4, None, 0], pa.int32()),
    }
)


def written(folder, form, rows=ROWS, problem=BY_KEYS):
    """The same truth in a format."""
    path = folder / f"truth.{form}"
    if form == "jsonl":
        names = problem.keys if problem.inference_id is None else [problem.inference_id]
        return ground_truth.write(rows, names, "units", path, datetime(2026, 3, 1, tzinfo=UTC)).parents[4]
    if form == "parquet":
        pq.write_table(rows, path)
    elif form == "folder":
        path.mkdir()
        for place in range(rows.num_rows):
            pq.write_table(rows.slice(place, 1), path / f"{place}.parquet")
    elif form == "nameless":
        pq.write_table(rows, path)
    elif form == "csv":
        pacsv.write_csv(rows, path)
    elif form == "csv folder":
        path.mkdir()
        pacsv.write_csv(rows.slice(0, 1), path / "0.csv")
        pacsv.write_csv(rows.slice(1), folder / "rest.csv")
        (path / "1.csv.gz").write_bytes(gzip.compress((folder / "rest.csv").read_bytes()))
    else:
        pacsv.write_csv(rows, folder / "plain.csv")
        path.write_bytes(gzip.compress((folder / "plain.csv").read_bytes()))
    return path


@pytest.mark.parametrize("form", ["parquet", "folder", "nameless", "csv", "csv.gz", "csv folder", "jsonl"])
@pytest.mark.parametrize("problem", [BY_KEYS, BY_ID, ONE_KEY], ids=["keys", "id", "one key"])
def test_every_format_says_the_same(tmp_path, form, problem):
    names = [problem.inference_id] if problem.inference_id and form == "jsonl" else list(problem.keys)
    found = read(written(tmp_path, form, problem=problem), problem, PREDICTED)
    expected = ROWS.select([*names, "units"]).to_pylist()
    if form == "jsonl":
        expected = [row for row in expected if row["units"] is not None]
    assert found.rows.select([*names, "units"]).to_pylist() == expected
    assert found.rows.schema.field("units").type == pa.float64()
    assert list(found.names) == names
    assert found.later_wins == (form == "jsonl")


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_a_table_without_all_keys_is_joined_on_the_inference_id(tmp_path, form):
    found = read(written(tmp_path, form, ROWS.drop_columns(["article"])), BY_ID, PREDICTED)
    assert found.names == ("order",)
    assert found.rows.to_pylist() == [
        {"order": 3, "units": 4},
        {"order": 2, "units": None},
        {"order": 1, "units": 0},
    ]


@pytest.mark.parametrize("form", ["parquet", "csv"])
@pytest.mark.parametrize(
    ("problem", "lost", "says", "do"),
    [
        (BY_KEYS, "article", "There is no column 'article'", "Deliver store, article, day and units."),
        (BY_KEYS, "units", "There is no column 'units'", "Deliver store, article, day and units."),
        (
            BY_ID,
            "units",
            "There is no column 'units'",
            "Deliver store, article, day and units, or order and units.",
        ),
    ],
)
def test_a_missing_column_is_named(tmp_path, form, problem, lost, says, do):
    with pytest.raises(BadInput) as error:
        read(written(tmp_path, form, ROWS.drop_columns([lost])), problem, PREDICTED)
    assert says in str(error.value)
    assert error.value.do == do


def test_without_keys_and_id_the_first_missing_key_is_named(tmp_path):
    with pytest.raises(BadInput, match="There is no column 'store'"):
        read(written(tmp_path, "csv", ROWS.drop_columns(["store", "order"])), BY_ID, PREDICTED)


def test_classes_are_the_same_from_every_format(tmp_path):
    problem = Problem(type="binary", target="units", features=("x",), keys=("store",))
    for values in ([True, None, False], [1.0, None, 0.0], ["1", None, "0"]):
        rows = ROWS.set_column(ROWS.column_names.index("units"), "units", pa.array(values))
        for form in ("parquet", "csv", "jsonl"):
            folder = tmp_path / f"{values}-{form}"
            folder.mkdir()
            found = read(written(folder, form, rows, problem), problem, PREDICTED)
            assert [value for value in found.rows["units"].to_pylist() if value] == ["1", "0"]


def test_an_id_that_predictions_do_not_have_yet_is_said(tmp_path):
    path = written(tmp_path, "jsonl", problem=BY_ID)
    with pytest.raises(BadInput, match="The predictions have no column 'order'"):
        read(path, BY_ID, pa.schema([field for field in PREDICTED if field.name != "order"]))


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("truth.parquet", b"store,units\n", "is not a Parquet file"),
        ("truth.csv", b"", "is empty (0 bytes)"),
        ("truth.jsonl", b"", "is empty (0 bytes)"),
        ("truth.dat", b"\x00\x01\x02", "as no file of Parquet, CSV or Model Monitor's JSON Lines does"),
        ("truth.jsonl.gz", gzip.compress(b"{}\n", mtime=0), "as no file of Parquet, CSV"),
        ("truth.json", b'\n {"a": 1}\n', "line 2: there is no eventVersion"),
        ("truth.jsonl", b"store,units\n", "line 1: it is not JSON"),
        ("truth.csv", b"store;article;day;units\n", "has one column, 'store;article;day;units'"),
        ("truth.csv", b"store,article,day,units\n7,a,2017-10-30,many\n", "line 2, column 'units'"),
    ],
)
def test_files_that_are_none(tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput) as error:
        read(tmp_path / name, BY_KEYS, PREDICTED)
    assert says in str(error.value)
    assert error.value.do


def test_folders_that_are_none(tmp_path):
    with pytest.raises(BadInput, match="There is no file or folder"):
        read(tmp_path / "nowhere", BY_KEYS, PREDICTED)
    with pytest.raises(BadInput, match=r"has no file of ground truth: .*it is empty"):
        read(tmp_path, BY_KEYS, PREDICTED)
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(BadInput, match=r"it has: notes\.txt"):
        read(tmp_path, BY_KEYS, PREDICTED)
    written(tmp_path, "csv")
    written(tmp_path, "parquet")
    with pytest.raises(BadInput, match=r"files of several formats: \*\.parquet and \*\.csv"):
        read(tmp_path, BY_KEYS, PREDICTED)
