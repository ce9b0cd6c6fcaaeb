"""Metrics on numbers worked out by hand."""

import numpy as np
import pytest
from evaluate import score


def test_by_hand():
    result = score(np.array([2.0, 0.0, 2.0]), np.array([1.0, 1.0, 2.0]))
    assert result["wape"] == pytest.approx(2 / 4)
    assert result["bias"] == pytest.approx(0)
    assert result["rmse"] == pytest.approx(np.sqrt(2 / 3))
    assert result["poisson_deviance"] == pytest.approx(2 * (2 * np.log(2) - 1 + 1 + 0) / 3)


def test_a_perfect_forecast():
    units = np.array([1.0, 3.0])
    assert score(units, units) == {"wape": 0, "bias": 0, "rmse": 0, "poisson_deviance": 0}
