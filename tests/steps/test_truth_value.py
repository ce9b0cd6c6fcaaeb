"""The same truth is kept in the same way, whatever it comes in."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from spalje.errors import BadInput
from spalje.pipeline.problem import Problem
from spalje.steps.truth_value import kind, values

UNITS = Problem(type="regression", target="units", features=("x",), keys=("id",))
CHURN = Problem(type="binary", target="churned", features=("x",), keys=("id",))
STATE = Problem(type="multiclass", target="state", features=("x",), keys=("id",))


def kept(column, problem, *, typed=True):
    found = values(pa.chunked_array([column]), problem, typed=typed)
    assert found.type == kind(problem)
    return found.to_pylist()


@pytest.mark.parametrize(
    "column",
    [
        pa.array([3, 0, None], pa.int16()),
        pa.array([3, 0, np.nan], pa.float32(), from_pandas=False),
        pa.array([Decimal("3.00"), Decimal("0.00"), None]),
        pa.array(["3", "0e0", None]),
        pa.array(["3", "0", None]).dictionary_encode(),
        pa.array([3, 0, None]).dictionary_encode(),
    ],
    ids=str,
)
def test_numbers(column):
    assert kept(column, UNITS) == [3.0, 0.0, None]


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (pa.array(["four"]), "holds string, and the truth of a regression is a number"),
        (pa.array([2**60 + 1]), "holds int64"),
        (pa.array([1.0, np.inf, -np.inf]), "is infinite in 2 of 3 rows"),
        (pa.array([[1.0]]), "holds list"),
    ],
)
def test_what_is_no_number(column, says):
    with pytest.raises(BadInput, match=says):
        kept(column, UNITS)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([True, False, None]),
        pa.array([1, 0, None], pa.uint8()),
        pa.array([1.0, 0.0, np.nan], from_pandas=False),
        pa.array([Decimal("1.00"), Decimal("0.00"), None]),
        pa.array(["1", "0", None]),
        pa.array([True, False, None]).cast(pa.int8()).dictionary_encode(),
    ],
    ids=str,
)
def test_yes_and_no(column):
    assert kept(column, CHURN) == ["1", "0", None]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["1", "0", ""], ["1", "0", None]),
        (["1.0", "0.0", "NaN"], ["1", "0", None]),
        (["True", "False", "null"], ["1", "0", None]),
        (["ripe", "1", "NA"], ["ripe", "1", None]),
        (["ripe", "true", None], ["ripe", "true", None]),
        (["007", "7", ""], ["007", "7", None]),
        (["1_0", "2_0"], ["1_0", "2_0"]),
        (["2.50", "1e1"], ["2.5", "10"]),
        (["", None], [None, None]),
        ([], []),
    ],
)
def test_classes_that_come_as_text(words, names):
    assert kept(pa.array(words, pa.string()), STATE, typed=False) == names


def test_text_that_is_a_type_of_its_own_is_taken_as_it_stands():
    assert kept(pa.array(["1.0", "NA", "true", None]), STATE) == ["1.0", "NA", "true", None]
