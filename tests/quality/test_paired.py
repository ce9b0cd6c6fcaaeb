"""The paired comparison keeps its level with few clusters, and finds what is there."""

import numpy as np
import pytest

from spalje.quality.paired import paired_difference


def compared(seed, *, shift=0.0, clusters=12, rows=40, between=0.3):
    """Losses of two models on rows of stores, some stores larger, each with its own difference."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(rows // 2, rows * 2, size=clusters)
    codes = np.repeat(np.arange(clusters), sizes)
    two = rng.gamma(0.5, 2.0, size=len(codes))
    one = two + shift + rng.normal(0, between, size=clusters)[codes] + rng.normal(0, 0.5, size=len(codes))
    return paired_difference(one, two, codes, np.random.default_rng(seed + 1))


def test_two_models_that_are_alike_are_told_apart_no_more_often_than_stated():
    p = np.array([compared(seed).p for seed in range(500)])
    assert np.mean(p <= 0.05) <= 0.08
    assert np.mean(p <= 0.20) == pytest.approx(0.20, abs=0.06)


def test_the_interval_holds_the_true_difference_as_often_as_stated():
    covered = [found.low <= 0.4 <= found.high for seed in range(400) if (found := compared(seed, shift=0.4))]
    assert np.mean(covered) >= 0.92


def test_rows_taken_as_independent_would_alarm_where_stores_differ():
    """The reason for clusters: the same rows, each for itself, find a difference in half of the cases."""
    wrong = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        codes = np.repeat(np.arange(12), 40)
        one = rng.normal(0, 0.3, size=12)[codes] + rng.normal(0, 0.5, size=480)
        wrong.append(paired_difference(one, np.zeros(480), None, rng).p <= 0.05)
    assert np.mean(wrong) > 0.3


def test_a_real_difference_is_found():
    assert all(compared(seed, shift=0.8).p < 0.05 for seed in range(20))


def test_nothing_to_tell():
    same = np.array([1.0, 2.0, 3.0])
    assert paired_difference(same, same, None, np.random.default_rng(1)).p == 1.0
    single = paired_difference(same, same + 1, np.zeros(3, np.int64), np.random.default_rng(1))
    assert (single.p, single.clusters) == (1.0, 1)
    certain = paired_difference(same, same + 1, None, np.random.default_rng(1))
    assert (certain.p, certain.difference) == (0.0, -1.0)


def test_the_order_of_rows_and_the_names_of_clusters_do_not_matter():
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 15, size=300)
    one, two = rng.exponential(size=300), rng.exponential(size=300)
    order = rng.permutation(300)
    found = paired_difference(one, two, codes, np.random.default_rng(1))
    moved = paired_difference(one[order], two[order], codes[order], np.random.default_rng(1))
    assert found.difference == pytest.approx(moved.difference, rel=1e-12)
    assert found.error == pytest.approx(moved.error, rel=1e-12)
    swapped = paired_difference(two, one, codes, np.random.default_rng(1))
    assert (swapped.difference, swapped.p) == (pytest.approx(-found.difference), found.p)
