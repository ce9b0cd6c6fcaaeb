"""What standard errors of attributions promise, and how much a proxy saves, on games that are known whole."""

import numpy as np
import pytest

from spalje.attribution.design import leverage_design
from spalje.attribution.exact import shapley_coefficients
from spalje.attribution.proxy import Proxy

PLAYERS, ROWS, BACKGROUNDS = 12, 60, 5
EVERY = ((np.arange(2**PLAYERS)[:, None] >> np.arange(PLAYERS)) & 1).astype(bool)
SHAPLEY = shapley_coefficients(EVERY)


def network(x):
    rng = np.random.default_rng(7)
    inner = rng.normal(size=(PLAYERS, 64)) / np.sqrt(PLAYERS) * 1.5
    return np.tanh(x @ inner) @ rng.normal(size=64)


def largest(x):
    return x.max(axis=1)


def steps(x):
    return (x[:, :6] > 0).all(axis=1) * 1.0 + (x.sum(axis=1) > 1)


def chaos(x):
    """Nearly a random number for every cell: nothing to be learned."""
    return np.sign(np.sin(40 * x.sum(axis=1)))


class Game:
    """What some function is worth for every coalition of some rows."""

    def __init__(self, function, seed=0):
        rng = np.random.default_rng(seed)
        self.rows, self.back = rng.normal(size=(ROWS, PLAYERS)), rng.normal(size=(BACKGROUNDS, PLAYERS))
        self.function = function
        worth = self.worth(EVERY)
        self.truth = worth @ SHAPLEY.T
        self.expected, self.predictions = worth[0, 0], worth[:, -1]

    def worth(self, masks):
        cells = np.where(masks[None, :, None], self.rows[:, None, None], self.back[None, None])
        return self.function(cells.reshape(-1, PLAYERS)).reshape(ROWS, len(masks), BACKGROUNDS).mean(axis=2)

    def estimated(self, budget, seed=1):
        """By least squares, and by the proxy with its errors."""
        design = leverage_design(PLAYERS, budget, np.random.default_rng(seed))
        pairs, worth = len(design.masks) // 2, self.worth(design.masks)
        least = design.least_squares(worth[:, :, None], np.array([self.expected]), self.predictions[:, None])
        gain = (self.predictions - self.expected)[:, None]
        odd = np.concatenate([gain, worth[:, :pairs] - worth[:, pairs:]], axis=1) / 2
        proxy = Proxy.learned(design.masks[:pairs], odd, np.abs(least[:, :, 0]).mean(axis=0))
        return least[:, :, 0], *proxy.values(design.masks[:pairs], odd)


@pytest.mark.parametrize("function", [network, largest, steps, chaos])
@pytest.mark.parametrize("budget", [96, 256, 1024])
def test_standard_errors_are_as_large_as_errors(function, budget):
    game = Game(function)
    _, values, errors = game.estimated(budget)
    off = (values - game.truth) / errors
    assert 0.6 < np.sqrt(np.mean(off**2)) < 1.4
    assert (np.abs(off) < 1.96).mean() > 0.88


@pytest.mark.parametrize(
    ("function", "budget", "saved"),
    [(network, 512, 2.0), (network, 1024, 3.0), (largest, 512, 2.5), (steps, 512, 1.2), (chaos, 512, 1.0)],
)
def test_the_proxy_is_nearer_than_least_squares_and_never_further(function, budget, saved):
    game = Game(function)
    least, values, _ = game.estimated(budget)
    assert saved * np.abs(values - game.truth).mean() < np.abs(least - game.truth).mean()


@pytest.mark.parametrize("function", [network, chaos])
def test_estimates_are_right_on_average(function):
    """Over many samples of coalitions the mean error vanishes beside the error of one."""
    game = Game(function)
    off = np.array([game.estimated(96, seed)[1] - game.truth for seed in range(40)])
    alone, mean = np.sqrt((off**2).mean()), np.sqrt((off.mean(axis=0) ** 2).mean())
    assert mean < 0.35 * alone


def test_more_coalitions_are_better_down_to_nothing():
    game = Game(steps)
    errors = [np.abs(game.estimated(budget)[1] - game.truth).mean() for budget in (96, 384, 1536, 4092)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.05 * errors[0]
