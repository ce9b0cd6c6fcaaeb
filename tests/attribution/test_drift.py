import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spalje.attribution.drift import ndcg, shares, total_variation

# without the smallest numbers there are: half of one is nothing
profiles = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=4, max_size=4).map(np.array)


@settings(max_examples=60, deadline=None)
@given(profiles, profiles, st.floats(0.1, 10))
def test_distances_keep_to_their_ranges_and_ignore_scale(baseline, live, factor):
    assert 0 <= total_variation(baseline, live) <= 1
    assert total_variation(baseline, live) == pytest.approx(total_variation(live, baseline))
    assert total_variation(baseline, factor * baseline) == pytest.approx(0, abs=1e-12)
    assert 0 <= ndcg(baseline, live) <= 1 + 1e-12
    assert ndcg(baseline, baseline) == pytest.approx(1)


def test_ndcg_sees_order_only():
    baseline = np.array([5.0, 3.0, 1.0])
    assert ndcg(baseline, np.array([500.0, 0.2, 0.1])) == 1
    assert ndcg(baseline, np.array([1.0, 3.0, 5.0])) < 0.9


def test_nothing_attributed_has_no_order_to_lose():
    zeros = np.zeros(3)
    assert ndcg(zeros, np.array([1.0, 2.0, 3.0])) == 1
    assert total_variation(zeros, zeros) == 0
    assert total_variation(zeros, np.ones(3)) == 0.5
    assert shares(zeros).tolist() == [0, 0, 0]


def test_what_one_feature_loses_another_gains():
    assert total_variation(np.array([4.0, 4.0, 2.0]), np.array([4.0, 1.0, 5.0])) == pytest.approx(0.3)
