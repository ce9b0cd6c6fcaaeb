"""Metrics on numbers worked out by hand."""

import numpy as np
import pytest
from evaluate import score


def test_by_hand():
    result = score(np.array([4.0, 0.0]), np.array([1.0, 1.0]))
    assert result["wape"] == pytest.approx(4 / 4)
    assert result["bias"] == pytest.approx(2 / 4 - 1)
    assert result["rmse"] == pytest.approx(np.sqrt((9 + 1) / 2))
    # of one row: 2 (y^0.5 / (0.5 * -0.5) - y m^-0.5 / -0.5 + m^0.5 / 0.5)
    assert result["tweedie_deviance"] == pytest.approx((2 * (-8 + 8 + 2) + 2 * 2) / 2)


def test_a_perfect_prediction():
    spend = np.array([1.0, 3.0])
    assert score(spend, spend) == pytest.approx({"wape": 0, "bias": 0, "rmse": 0, "tweedie_deviance": 0})
