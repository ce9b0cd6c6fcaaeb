import numpy as np
import pyarrow as pa
import pytest

from spalje.errors import BadInput
from spalje.model.contract import Signature, check_predictions, feature_columns

SIGNATURE = Signature(features=("lag_7", "store"))


def test_features_come_in_the_models_order_and_alone():
    table = pa.table({"store": [1], "units": [3.0], "lag_7": [2.0]})
    assert feature_columns(table, SIGNATURE, "day").column_names == ["lag_7", "store"]


def test_a_missing_feature_is_named_with_what_may_have_been_meant():
    with pytest.raises(
        BadInput, match=r"day lacks the feature 'lag_7'.* Did you mean 'lag7'\? It has: lag7, store\."
    ):
        feature_columns(pa.table({"lag7": [2.0], "store": [1]}), SIGNATURE, "day")


@pytest.mark.parametrize(("given", "word"), [(3, "2 fewer"), (6, "1 more")])
def test_too_few_and_too_many_predictions_are_counted(given, word):
    with pytest.raises(BadInput, match=f"{given} predictions for 5 rows, {word} .*rows 10 to 14 of day"):
        check_predictions(pa.table({"prediction": [0.0] * given}), 5, 10, "day")


@pytest.mark.parametrize(("bad", "word"), [(np.nan, "missing"), (None, "missing"), (-np.inf, "-inf")])
def test_what_is_not_finite_is_counted_and_the_first_row_named(bad, word):
    predictions = pa.table({"prediction": pa.array([1.0, bad, bad, 2.0], pa.float64())})
    with pytest.raises(
        BadInput, match=rf"2 of 4 .*rows 100 to 103 of day.* the first is {word} in row 101\."
    ):
        check_predictions(predictions, 4, 100, "day")


def test_good_predictions_pass():
    check_predictions(pa.table({"a": [0.0, 1.0], "b": [1.0, 0.0]}), 2, 0, "day")
