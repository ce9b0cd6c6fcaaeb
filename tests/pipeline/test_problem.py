"""Which columns may be which."""

import pytest
from pydantic import ValidationError

from spalje.pipeline.problem import Problem
from spalje.steps.judged_rows import prediction_columns

KNOWN = {"type": "regression", "target": "units", "features": ("price",), "keys": ("order", "day")}


@pytest.mark.parametrize("column", ["request", "order", "price"])
def test_an_inference_id_may_be_any_column_of_the_data_also_a_key(column):
    assert Problem(**KNOWN, inference_id=column).inference_id == column


@pytest.mark.parametrize(
    ("column", "says"),
    [("units", "'units' is the target"), ("prediction", "'prediction' is the column of predictions")],
)
def test_an_inference_id_is_neither_target_nor_prediction(column, says):
    with pytest.raises(ValidationError, match=says):
        Problem(**KNOWN, inference_id=column)


def test_an_inference_id_is_no_prediction():
    problem = Problem(**KNOWN, inference_id="request")
    assert prediction_columns(["order", "day", "request", "low", "high"], problem) == ["low", "high"]
