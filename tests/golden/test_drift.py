"""Distances against deequ's own tests and SciPy."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp

from spalje.drift.divergence import jensen_shannon, psi
from spalje.drift.linf import Ordered, linf, linf_categories, robust

ONE = np.ones(4, dtype=np.int64)


def test_deequ_numbers():
    apart = linf(Ordered.of(np.array([1.0, 2, 3, 4]), ONE), Ordered.of(np.array([2.0, 3, 4, 5]), ONE))
    assert apart == 0.25
    assert robust(apart, 4, 4) == 0.0


def test_deequ_categories():
    # {a 10, b 20, c 25, d 10, e 5} and {a 11, b 20, c 25, d 10, e 10}
    apart = linf_categories(np.array([10, 20, 25, 10, 5]), np.array([11, 20, 25, 10, 10]))
    assert apart == pytest.approx(0.06015037593984962, abs=1e-15)


@pytest.mark.parametrize(
    ("rows", "correction"), [(100, 0.255), (200, 0.180), (500, 0.114), (1000, 0.080), (100_000, 0.008)]
)
def test_the_correction_of_robust(rows, correction):
    assert 1.0 - robust(1.0, rows, rows) == pytest.approx(correction, abs=5e-4)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("draw", ["normal", "counts", "flags"])
def test_scipy_ks(seed, draw):
    """Exactly SciPy's statistic, ties included."""
    rng = np.random.default_rng(seed)
    make = {
        "normal": lambda shift, n: rng.normal(shift, 1, n),
        "counts": lambda shift, n: rng.poisson(1 + shift, n).astype(float),
        "flags": lambda shift, n: (rng.random(n) < 0.1 + shift / 2).astype(float),
    }[draw]
    a, b = make(0.0, 1234), make(0.3, 777)
    ours = linf(*(Ordered.of(*np.unique(part, return_counts=True)) for part in (a, b)))
    assert ours == ks_2samp(a, b, method="asymp").statistic


@pytest.mark.parametrize("seed", range(4))
def test_scipy_jensen_shannon(seed):
    p, q = np.random.default_rng(seed).integers(0, 30, (2, 12))
    assert jensen_shannon(p, q) == pytest.approx(jensenshannon(p, q, base=2), abs=1e-12)


def test_psi_of_a_textbook_pair():
    # Siddiqi, "Credit Risk Scorecards" (2006): sum (a - e) ln(a / e), here over two halves
    assert psi(np.array([60, 40]), np.array([50, 50])) == pytest.approx(0.1 * np.log(1.2) - 0.1 * np.log(0.8))


def test_the_known_defect_of_deequ_is_not_ours():
    """awslabs/deequ#392: repeated items counted once made drift of flags and counts invisible."""
    one, two = np.array([90_000, 10_000]), np.array([10_000, 90_000])
    flags = np.array([0.0, 1.0])
    assert linf(Ordered.of(flags, one), Ordered.of(flags, two)) == pytest.approx(0.8)
