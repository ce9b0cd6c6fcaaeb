"""Synthetic rows are put together from cells that keep their types."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from spalje.attribution.board import Board
from spalje.errors import BadInput

ROWS = pa.table(
    {
        "s": pa.array(["a", None, "c"]),
        "d": pa.array(["x", "y", None]).dictionary_encode(),
        "i": pa.array([1, None, 3], pa.int32()),
        "f": pa.array([1.5, float("nan"), 3.5]),
        "t": pa.array([dt.date(2017, 9, day) for day in (1, 2, 3)]),
        "b": pa.array([True, False, None]),
    }
)
BACK = pa.table(
    {
        "s": pa.array(["a", "z"]),
        "d": pa.array(["w", None]).dictionary_encode(),
        "i": pa.array([1, 9], pa.int32()),
        "f": pa.array([float("nan"), 9.5]),
        "t": pa.array([dt.date(2017, 9, 1), None]),
        "b": pa.array([None, True]),
    }
)


def places(rows, coalitions, backgrounds):
    return np.arange(rows * coalitions * backgrounds)


def test_a_cell_comes_from_the_row_or_from_the_background():
    masks = np.array([[1, 0, 1, 0, 1, 0], [0, 1, 0, 1, 0, 1]], dtype=bool)
    board = Board.of(ROWS, BACK)
    mixed = board.mixed(masks, 0, places(3, 2, 2)).to_pylist()
    rows, backs = ROWS.to_pylist(), BACK.to_pylist()
    expected = [
        {name: (row if taken else back)[name] for name, taken in zip(ROWS.column_names, mask, strict=True)}
        for row in rows
        for mask in masks
        for back in backs
    ]
    assert repr(mixed) == repr(expected)  # repr: nan equals nan


def test_types_stay_those_of_the_rows():
    board = Board.of(ROWS, BACK)
    for table in (board.rows, board.background, board.mixed(np.ones((1, 6), dtype=bool), 1, places(2, 1, 2))):
        assert table.schema == ROWS.schema


def test_nulls_and_nans_equal_themselves():
    differ = Board.of(ROWS, BACK).differ
    assert differ[:, 0].tolist() == [
        [False, True, False, True, False, True],
        [True, True, True, False, True, True],
        [True, True, True, True, True, False],
    ]
    assert differ[2, 1].tolist() == [True, False, True, True, True, True]


@pytest.mark.parametrize(
    ("row", "back", "expected"),
    [
        (pa.int64(), pa.float64(), pa.float64()),  # the baseline's column had nulls, this batch's has none
        (pa.float64(), pa.int64(), pa.float64()),
        (pa.int32(), pa.int64(), pa.int32()),
        (pa.string(), pa.large_string(), pa.string()),
        (pa.string(), pa.dictionary(pa.int8(), pa.string()), pa.string()),
        (pa.dictionary(pa.int8(), pa.string()), pa.string(), pa.dictionary(pa.int8(), pa.string())),
    ],
)
def test_a_background_in_another_type_is_brought_to_the_rows(row, back, expected):
    text = "string" in str(row)
    rows = pa.table({"x": pa.array(["1", "2"] if text else [1, 2]).cast(row)})
    background = pa.table({"x": pa.array(["2"] if text else [2]).cast(back)})
    board = Board.of(rows, background)
    assert board.rows.schema.field("x").type == expected
    assert board.background.schema == board.rows.schema
    assert board.differ[:, 0, 0].tolist() == [True, False]


def test_a_column_of_nothing_but_nulls_takes_the_other_ones_type():
    board = Board.of(pa.table({"x": pa.nulls(2)}), pa.table({"x": [1.5]}))
    assert board.mixed(np.array([[True], [False]]), 0, places(1, 2, 1))["x"].to_pylist() == [None, 1.5]
    board = Board.of(pa.table({"x": [1.5]}), pa.table({"x": pa.nulls(1)}))
    assert board.background["x"].type == pa.float64()


def test_types_that_have_nothing_in_common_are_an_error():
    with pytest.raises(BadInput, match=r"Column 'x' is int64 .* and string in the background"):
        Board.of(pa.table({"x": [1]}), pa.table({"x": ["a"]}))


def test_coalitions_that_make_the_same_row_have_the_same_key():
    board = Board.of(pa.table({"a": [1, 2], "b": [1, 1]}), pa.table({"a": [1], "b": [0]}))
    masks = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=bool)
    keys = board.keys(masks, 0, 2)
    assert keys[0, 0].tolist() == [0, 0, 2, 2]
    assert len(set(keys[1, 0].tolist())) == 4
    assert board.keys(masks, 1, 2) is None
