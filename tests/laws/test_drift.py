"""Laws of distances: a table never drifts from itself, order and names change nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spalje.drift.divergence import jensen_shannon, psi, total_variation
from spalje.drift.linf import Ordered, linf, linf_categories, robust

FEW = settings(max_examples=100, deadline=None)

samples = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=60).map(
    lambda values: np.unique(np.array(values), return_counts=True)
)
counts = st.lists(st.integers(0, 50), min_size=6, max_size=6).filter(any).map(np.array)


@FEW
@given(samples, samples)
def test_ks_is_a_distance_and_ignores_repetition(a, b):
    one, two = Ordered.of(*a), Ordered.of(*b)
    apart = linf(one, two)
    assert 0 <= apart <= 1
    assert apart == linf(two, one)
    assert linf(one, one) == 0
    assert linf(Ordered.of(a[0], a[1] * 7), two) == pytest.approx(apart, abs=1e-12)
    assert linf(Ordered.of(np.exp(a[0]), a[1]), Ordered.of(np.exp(b[0]), b[1])) == apart


@FEW
@given(samples, samples)
def test_ks_is_the_largest_difference_at_any_number(a, b):
    one, two = Ordered.of(*a), Ordered.of(*b)
    everywhere = np.union1d(a[0], b[0])
    assert linf(one, two) == np.abs(one.up_to(everywhere) - two.up_to(everywhere)).max()


@FEW
@given(samples, st.lists(st.floats(0, 1), min_size=1, max_size=5).map(np.array))
def test_quantiles_are_the_smallest_with_their_share_below(sample, shares):
    ordered = Ordered.of(*sample)
    found = ordered.quantiles(shares)
    assert (ordered.up_to(found) >= shares).all()
    assert found.tolist() == np.quantile(np.repeat(*sample), shares, method="inverted_cdf").tolist()


@FEW
@given(samples, samples, samples)
def test_ks_obeys_the_triangle(a, b, c):
    a, b, c = (Ordered.of(*sample) for sample in (a, b, c))
    assert linf(a, c) <= linf(a, b) + linf(b, c) + 1e-12


@FEW
@given(counts, counts, st.permutations(range(6)))
def test_categories_may_be_renamed(p, q, order):
    order = list(order)
    for distance in (linf_categories, psi, jensen_shannon, total_variation):
        apart = distance(p, q)
        assert apart >= 0
        assert distance(q, p) == pytest.approx(apart, abs=1e-12)
        assert distance(p[order], q[order]) == pytest.approx(apart, abs=1e-9)
        assert distance(p, p * 3) == pytest.approx(0, abs=1e-7)
    assert linf_categories(p, q) <= total_variation(p, q) + 1e-12 <= 1 + 1e-11
    assert jensen_shannon(p, q) <= 1 + 1e-12


@FEW
@given(st.floats(0, 1), st.integers(1, 10**7), st.integers(1, 10**7))
def test_robust_is_never_more_than_simple(apart, n, m):
    assert 0 <= robust(apart, n, m) <= apart
    assert robust(apart, n, m) == robust(apart, m, n)
