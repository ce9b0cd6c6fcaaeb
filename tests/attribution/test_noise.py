"""The threshold's noise, against batches really drawn."""

import numpy as np
import pytest

from spalje.attribution.drift import ndcg, total_variation
from spalje.attribution.noise import noise

FEATURES = 8


def rng(seed=0):
    return np.random.default_rng(seed)


def world(seed, days, rows, moved):
    """Magnitudes of days whose features each rise and fall by up to a half, if ``moved``."""
    chance = rng(seed)
    level = np.linspace(1, 4, FEATURES)
    shift = 1 + moved * chance.uniform(-0.5, 0.5, (days, FEATURES))
    return np.concatenate(
        [level * day * chance.gamma(1.5, size=(rows, FEATURES)) for day in shift]
    ), np.repeat(np.arange(days), rows)


@pytest.mark.parametrize(("moved", "rows"), [(False, 200), (False, 1000), (True, 1000)])
def test_one_good_batch_in_a_hundred_is_beyond_it(moved, rows):
    baseline, days = world(1, 100, 20, moved)
    threshold, score = noise(baseline, days, rows, 1, rng())
    apart = [
        total_variation(baseline.mean(axis=0), world(seed, 1, rows, moved)[0].mean(axis=0))
        for seed in range(1000, 1600)
    ]
    scores = [
        ndcg(baseline.mean(axis=0), world(seed, 1, rows, moved)[0].mean(axis=0)) for seed in range(1000, 1600)
    ]
    assert 0.001 <= np.mean(np.array(apart) > threshold) <= 0.03
    assert np.mean(np.array(scores) < score) <= 0.03
    assert threshold < 2 * np.quantile(apart, 0.99)


def test_days_that_differ_widen_it_and_longer_batches_narrow_it():
    same, days = world(2, 60, 30, moved=False)
    differ, _ = world(2, 60, 30, moved=True)
    assert noise(differ, days, 1000, 1, rng())[0] > 2 * noise(same, days, 1000, 1, rng())[0]
    assert noise(differ, days, 1000, 28, rng())[0] < 0.6 * noise(differ, days, 1000, 1, rng())[0]


def test_more_rows_narrow_it():
    baseline, days = world(3, 1, 2000, moved=False)
    steps = [noise(baseline, days, rows, 1, rng())[0] for rows in (50, 500, 5000)]
    assert steps == sorted(steps, reverse=True)
    assert steps[0] > 2 * steps[2]


def test_a_time_that_no_two_rows_share_says_nothing():
    baseline, _ = world(4, 1, 500, moved=False)
    alone = noise(baseline, np.arange(500), 500, 1, rng())
    assert alone == noise(baseline, np.zeros(500, dtype=int), 500, 1, rng())


@pytest.mark.parametrize("baseline", [np.ones((50, 3)), np.zeros((50, 3)), np.ones((1, 3)), np.ones((50, 1))])
def test_rows_that_are_all_the_same_have_none(baseline):
    assert noise(baseline, np.zeros(len(baseline), dtype=int), 10, 1, rng()) == pytest.approx(
        (0, 1), abs=1e-7
    )
