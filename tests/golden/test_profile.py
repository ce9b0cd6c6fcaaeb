"""Profiles against NumPy."""

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import ks_2samp

from spalje.drift.linf import Ordered, linf
from spalje.profile.hashing import fmix64, hash_texts
from spalje.profile.scan import profile_batches

SHARES = (0.0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0)


def numbers(values, size=65_536):
    batches = pa.table({"x": values}).to_batches(max_chunksize=size)
    return profile_batches(batches).columns["x"].numbers


def shapes(rng, n):
    return {
        "normal": rng.normal(100, 15, n),
        "lognormal": rng.lognormal(3, 1.2, n),
        "mostly zero": np.where(rng.random(n) < 0.7, 0.0, rng.gamma(2, 3, n)),
        "money": np.round(rng.lognormal(3, 1, n), 2),
        "ids": rng.integers(0, 2**40, n),
    }


@pytest.mark.parametrize("name", shapes(np.random.default_rng(0), 1))
def test_quantiles_are_within_the_sketch_error_of_numpy(name):
    values = shapes(np.random.default_rng(7), 200_000)[name]
    summary, ordered = numbers(values), np.sort(values)
    for share in SHARES:
        found = summary.quantile(share)
        below, up_to = (
            np.searchsorted(ordered, found, side=side) / len(values) for side in ("left", "right")
        )
        assert below - 0.0015 <= share <= up_to + 0.0015
    assert summary.moments.mean == pytest.approx(values.mean(), rel=1e-12)
    assert summary.moments.std == pytest.approx(values.std(), rel=1e-10)
    assert (summary.quantile(0.0), summary.quantile(1.0)) == (values.min(), values.max())
    assert summary.different == pytest.approx(len(np.unique(values)), rel=0.08)


def test_quantiles_of_few_different_numbers_are_numpys():
    values = np.random.default_rng(3).poisson(3.0, 50_000)
    summary = numbers(values)
    for share in SHARES:
        assert summary.quantile(share) == np.quantile(values, share, method="inverted_cdf")
    assert summary.negative == 0
    assert summary.different == len(np.unique(values))
    assert summary.below(np.array([0.0, 2.0, 2.5, 99.0])).tolist() == [
        np.sum(values < bound) for bound in (0, 2, 2.5, 99)
    ]


def test_a_large_offset_does_not_eat_the_deviation():
    values = 1e9 + np.random.default_rng(0).normal(0, 1e-3, 100_000)
    assert numbers(values, 1000).moments.std == pytest.approx(values.std(), rel=1e-6)


@pytest.mark.parametrize("rows", [20_000, 150_000])
def test_ks_from_profiles_is_that_of_the_rows(rows):
    rng = np.random.default_rng(11)
    a, b = rng.normal(0, 1, rows), rng.normal(0.1, 1, rows // 2)
    ours = linf(Ordered.of(*numbers(a).weighted()), Ordered.of(*numbers(b).weighted()))
    assert ours == pytest.approx(ks_2samp(a, b, method="asymp").statistic, abs=0.002)


def test_murmur():
    """The finaliser as Appleby wrote it, in integers of any size."""

    def slow(h):
        h ^= h >> 33
        h = h * 0xFF51AFD7ED558CCD % 2**64
        h ^= h >> 33
        h = h * 0xC4CEB9FE1A85EC53 % 2**64
        return h ^ (h >> 33)

    words = [0, 1, 2, 2**63, 2**64 - 1, 12345678901234567890]
    assert fmix64(np.array(words, dtype=np.uint64)).tolist() == [slow(word) for word in words]


@pytest.mark.parametrize("make", [str, lambda i: f"store {i:05d}", lambda i: "x" * (i % 700) + str(i // 700)])
def test_hashes_of_strings_are_spread_evenly(make):
    hashes = np.sort(hash_texts(pa.array([make(i) for i in range(20_000)])))
    assert len(np.unique(hashes)) == 20_000
    even = (np.arange(20_000) + 0.5) / 20_000
    # Kolmogorov-Smirnov against the uniform distribution, at one in a million
    assert np.abs(hashes / 2.0**64 - even).max() < 2.7 / np.sqrt(20_000)


def test_hashes_do_not_depend_on_where_a_string_stands():
    words = pa.array(["", "å", "pear", "", "pear tree"])
    assert hash_texts(words.slice(2, 1)).tolist() == hash_texts(words).tolist()[2:3]
    assert hash_texts(words)[0] == hash_texts(words)[3]
