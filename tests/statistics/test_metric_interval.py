"""Intervals of figures hold what is true about as often as they say, where rows of a store err together."""

import numpy as np
import pytest

from spalje.monitor.measurement import Judged, metrics_of
from spalje.monitor.metric_interval import RANGES, metric_intervals


def counts(rng, stores=40):
    """Counts of stores of unequal size, each with a demand of its own around what is expected of all."""
    sizes = rng.integers(20, 120, size=stores)
    store = np.repeat(np.arange(stores), sizes)
    expected = rng.gamma(1.0, 1.0, size=len(store)) + 0.1
    level = rng.gamma(20.0, 1 / 20.0, size=stores)[store]
    return Judged(
        "regression",
        rng.poisson(expected * level).astype(float),
        expected,
        clusters=store,
        clustered_by="store",
    )


def answers(rng, stores=40):
    store = np.repeat(np.arange(stores), rng.integers(20, 120, size=stores))
    chance = rng.beta(1, 2, size=len(store))
    moved = np.clip(chance + rng.normal(0, 0.08, size=stores)[store], 0.01, 0.99)
    return Judged(
        "binary", (rng.random(len(store)) < moved).astype(float), chance, clusters=store, clustered_by="store"
    )


@pytest.mark.parametrize("stores", [8, 20, 40, 100])
@pytest.mark.parametrize("rows", [counts, answers])
def test_intervals_hold_the_true_figure_about_as_often_as_stated(rows, stores):
    """Of 300 cases with 95 % each, 92 % or fewer would come about once in fifty times by chance."""
    true, _ = metrics_of(rows(np.random.default_rng(0), stores=6000))
    names = (
        ["mae", "rmse", "bias", "poisson_deviance"]
        if rows is counts
        else ["accuracy", "log_loss", "brier", "bias"]
    )
    held = {name: [] for name in names}
    for seed in range(1, 301):
        rng = np.random.default_rng(seed)
        found = metric_intervals(rows(rng, stores=stores), rng)
        for name in names:
            held[name].append(found[name][0] <= true[name] <= found[name][1])
    shares = {name: round(float(np.mean(each)), 3) for name, each in held.items()}
    assert min(shares.values()) >= 0.915, shares
    assert max(shares.values()) <= 0.99, shares
    assert np.mean(list(shares.values())) == pytest.approx(0.95, abs=0.025)


def test_intervals_are_around_the_figures_and_rows_alone_would_be_too_sure():
    rows = counts(np.random.default_rng(1))
    figures, _ = metrics_of(rows)
    clustered = metric_intervals(rows, np.random.default_rng(1))
    alone = metric_intervals(Judged("regression", rows.truth, rows.prediction), np.random.default_rng(1))
    for name in ("mae", "rmse", "r2", "wape", "bias", "poisson_deviance"):
        assert clustered[name][0] < figures[name] < clustered[name][1]
    width = {
        which: ends["bias"][1] - ends["bias"][0] for which, ends in (("stores", clustered), ("rows", alone))
    }
    assert width["stores"] > 1.5 * width["rows"]


def test_an_interval_ends_where_figures_cannot_be():
    rng = np.random.default_rng(2)
    sure = Judged(
        "binary", np.repeat([0.0, 1.0], 30), np.repeat([0.02, 0.99], 30), clusters=np.arange(60) % 4
    )
    few = Judged(
        "regression", rng.poisson(0.05, size=60).astype(float), np.full(60, 0.05), clusters=np.arange(60) % 3
    )
    for rows in (sure, few):
        for name, (low, high) in metric_intervals(rows, rng).items():
            least, most = RANGES.get(name, (0.0, np.inf))
            assert least <= low <= high <= most


def test_a_single_cluster_says_nothing():
    one = Judged("regression", np.ones(5), np.zeros(5), clusters=np.zeros(5, np.int64))
    assert metric_intervals(one, np.random.default_rng(1)) == {}
