"""What training data suggests."""

import numpy as np
import pyarrow as pa
import pytest

from spalje.monitor.suggestion import suggest
from spalje.profile.scan import profile_batches


def suggested(values, **settings):
    profile = profile_batches([pa.RecordBatch.from_pydict({"x": values})], **settings)
    return suggest(profile).columns["x"]


def test_a_normal_columns_fences_are_nine_deviations_away():
    limits = suggested(np.random.default_rng(0).normal(100, 10, 200_000)).limits
    assert limits.high == pytest.approx(100 + 9.3 * 10, rel=0.03)
    assert limits.low == pytest.approx(100 - 9.3 * 10, rel=0.2)


def test_counts_that_are_mostly_zero_may_double():
    values = np.random.default_rng(0).negative_binomial(1, 0.7, 100_000)
    assert suggested(values).limits.high == 2 * np.quantile(values, 0.999, method="inverted_cdf")


@pytest.mark.parametrize(
    ("values", "fences"),
    [
        ([3, 3, 3], (None, None)),
        ([0] * 9999 + [1], (-1, 2)),
        ([-1.7e308, 1.7e308], (-1.7976931348623157e308, 1.7976931348623157e308)),
        ([None, None], (None, None)),
        ([float("nan"), float("inf")], (None, None)),
    ],
)
def test_fences_of_odd_columns(values, fences):
    limits = suggested(pa.array(values, pa.float64())).limits
    assert (limits.low, limits.high) == fences


def test_signs_and_shares():
    assert suggested([0, 1]).is_non_negative is True
    assert suggested([0, 1]).limits.negative == 0
    assert suggested([-1, 1]).is_non_negative is False
    assert suggested([-1, 1]).limits.negative is None
    odd = suggested([1.0, float("nan"), None, float("inf")])
    assert (odd.completeness, odd.limits.not_finite) == (0.75, 0.5)


def test_domains_are_for_few_values_that_come_again():
    assert suggested(["a", "b"] * 5).domains == ("a", "b")
    assert suggested(["a"] * 9 + ["b"]).domains is None
    assert suggested([f"store {i}" for i in range(121)] * 3).domains is None
    assert suggested([f"store {i:03d}" for i in range(120)] * 3).domains is not None
    assert suggested([True, False] * 3).domains == ("false", "true")


def test_new_values_are_expected_where_training_had_many_once():
    known = suggested(["a", "b"] * 500).limits
    assert (known.unseen_margin, known.unseen_breach) == (0.005, 0.05)
    often_new = suggested([f"v{i}" for i in range(300)] + ["a"] * 700).limits
    assert (often_new.unseen_margin, often_new.unseen_breach) == (pytest.approx(0.305), pytest.approx(0.35))


def test_times_have_no_fences():
    assert suggested(np.array(["2026-01-01", "2026-02-01"], dtype="datetime64[D]")).limits.high is None
