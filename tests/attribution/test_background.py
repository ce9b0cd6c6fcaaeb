import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from spalje.attribution import background
from spalje.attribution.background import background_of


def rng():
    return np.random.default_rng(2)


def three_groups(rows=900):
    where = np.arange(rows) % 3
    noise = rng().normal(size=(rows, 2)) * 0.1
    return pa.table(
        {
            "price": 10.0 * where + noise[:, 0],
            "visits": pa.array(where * 100, pa.int32()),
            "store": pa.array(["north", "south", None])[0:3].take(pa.array(where)),
            "open": pa.array(where == 0),
        }
    )


def test_groups_are_found_and_weighted_by_their_size():
    table = three_groups().slice(0, 899)
    found = background_of(table, rng(), clusters=3)
    rows = sorted(found.table.to_pylist(), key=lambda row: row["price"])
    assert [row["visits"] for row in rows] == [0, 100, 200]
    assert [row["store"] for row in rows] == ["north", "south", None]
    assert [row["open"] for row in rows] == [True, False, False]
    assert np.allclose([row["price"] for row in rows], [0, 10, 20], atol=0.1)
    assert np.allclose(np.sort(found.weights), np.sort([300 / 899, 300 / 899, 299 / 899]))


def test_every_column_keeps_its_type():
    table = pa.table(
        {
            "int": pa.array([1, 2, 2], pa.int16()),
            "float": pa.array([1.0, 2.0, 4.0], pa.float32()),
            "money": pa.array([Decimal("1.10"), Decimal("2.20"), Decimal("4.40")], pa.decimal128(9, 2)),
            "category": pa.array(["a", "b", "b"]).dictionary_encode(),
            "text": pa.array(["a", "b", "b"], pa.large_string()),
            "day": pa.array([dt.date(2017, 9, 1)] * 3),
            "flag": pa.array([True, False, None]),
            "empty": pa.array([None, None, None], pa.float64()),
        }
    )
    found = background_of(table, rng(), clusters=1)
    assert found.table.schema == table.schema
    assert found.table.to_pylist() == [
        {
            "int": 2,
            "float": pytest.approx(7 / 3),
            "money": Decimal("2.57"),
            "category": "b",
            "text": "b",
            "day": dt.date(2017, 9, 1),
            "flag": True,
            "empty": None,
        }
    ]


def test_a_number_that_most_of_a_cluster_lacks_is_null_there():
    table = pa.table({"x": pa.array([1.0, None, None, float("nan"), float("inf"), 3.0])})
    assert background_of(table.slice(0, 4), rng(), clusters=1).table["x"].to_pylist() == [None]
    assert background_of(table.slice(4), rng(), clusters=1).table["x"].to_pylist() == [3.0]


def test_numbers_can_be_categories():
    table = pa.table({"aisle": pa.array([7, 7, 40], pa.int64())})
    assert background_of(table, rng(), clusters=1, categorical=["aisle"]).table["aisle"].to_pylist() == [7]
    assert background_of(table, rng(), clusters=1).table["aisle"].to_pylist() == [18]


def test_never_more_clusters_than_different_rows():
    found = background_of(pa.table({"x": [1.0, 1.0, 2.0, 2.0], "s": ["a", "a", "b", "b"]}), rng(), clusters=4)
    assert found.table.num_rows == 2
    assert found.weights.tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (pa.table({"x": [5.0] * 40}), 1),
        (pa.table({f"x{i}": column for i, column in enumerate(rng().normal(size=(100, 1000)))}), 1),
        (three_groups(), 3),
    ],
    ids=["all the same", "no structure in a hundred features", "three groups"],
)
def test_as_few_clusters_are_chosen_as_are_worth_having(table, expected):
    assert background_of(table, rng()).table.num_rows == expected


def test_never_more_clusters_are_chosen_than_allowed():
    table = pa.table({"x": rng().random(500), "y": rng().random(500)})
    assert background_of(table, rng(), most=4).table.num_rows == 4


def test_the_same_seed_gives_the_same_background(monkeypatch):
    monkeypatch.setattr(background, "SAMPLE", 200)
    one, two = (background_of(three_groups(), np.random.default_rng(9)) for _ in range(2))
    assert one.table.equals(two.table)
    assert np.array_equal(one.weights, two.weights)


def test_no_more_rows_are_clustered_than_the_sample(monkeypatch):
    monkeypatch.setattr(background, "SAMPLE", 100)
    found = background_of(three_groups(), rng(), clusters=2)
    assert np.allclose(found.weights * 100, np.round(found.weights * 100))
