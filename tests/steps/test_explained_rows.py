import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spalje.steps.explained_rows import draw, periods


@pytest.fixture
def folder(tmp_path):
    """A table of the numbers 0 to 999 in three files of several row groups."""
    for number, (start, stop) in enumerate([(0, 10), (10, 700), (700, 1000)]):
        part = pa.table(
            {"x": np.arange(start, stop), "s": pa.array([f"s{number}"] * (stop - start)).dictionary_encode()}
        )
        pq.write_table(part, tmp_path / f"{number}.parquet", row_group_size=100)
    return tmp_path


def test_rows_are_drawn_once_each_and_stay_in_order(folder):
    rows = draw(folder, ["s", "x"], 400, np.random.default_rng(1))
    x = rows["x"].to_numpy()
    assert rows.column_names == ["s", "x"]
    assert len(np.unique(x)) == 400
    assert np.array_equal(x, np.sort(x))
    assert rows["s"].to_pylist() == ["s0" if value < 10 else "s1" if value < 700 else "s2" for value in x]


def test_every_row_is_as_likely_as_any_other(folder):
    counts = np.bincount(
        np.concatenate(
            [draw(folder, ["x"], 300, np.random.default_rng(seed))["x"].to_numpy() for seed in range(60)]
        ),
        minlength=1000,
    )
    parts = [counts[:10].mean(), counts[10:700].mean(), counts[700:].mean()]
    assert np.allclose(parts, 60 * 0.3, rtol=0.2)


def test_all_rows_are_taken_when_there_are_no_more(folder):
    assert draw(folder, ["x"], 5000, np.random.default_rng(1))["x"].to_pylist() == list(range(1000))


@pytest.mark.parametrize(
    "days",
    [
        pa.array(["2017-09-02", "2017-09-01", "2017-09-04", "2017-09-02"]),
        pa.array(["2017-09-02", "2017-09-01", "2017-09-04", "2017-09-02"]).dictionary_encode(),
        pa.array([17_411, 17_410, 17_413, 17_411], pa.int32()).cast(pa.date32()),
        pa.array([86_400 * 5 + 7200, 86_400 * 4, 86_400 * 9, 86_400 * 5 + 60], pa.timestamp("s")),
        pa.array([7, 3, None, 7]),
    ],
)
def test_periods_are_numbered_in_order_of_time(days):
    assert periods(pa.table({"day": days}), "day").tolist() == [1, 0, 2, 1]


@pytest.mark.parametrize("time", [None, "week"])
def test_without_a_time_there_is_one_period(time):
    assert periods(pa.table({"day": [1, 2]}), time).tolist() == [0, 0]
