"""A proxy for the worth of coalitions, fitted to all that have been played: what fewer evaluations need.

Played with its complement, a coalition tells of interactions of an odd number of players only: those of even
order cancel and give every player the same whatever they are. Least squares see what is left of order
three and more as noise. It is not: interactions are among the players that matter, and are the same ones
in row after row. So the worth is taken for a Gaussian process over coalitions. With x = +1 for a player
who is in and -1 for one who is not, the odd part of the worth of two coalitions covaries by

    flat * sum x_i x'_i  +  (prod (1 + a_i x_i x'_i) - prod (1 - a_i x_i x'_i)) / 2  -  sum a_i x_i x'_i

which gives an interaction of the players in T the variance ``prod a_i`` and single players any size at all.
The relevances a are those under which what was played is most likely (type II maximum likelihood;
Rasmussen and Williams, "Gaussian Processes for Machine Learning", 2006, section 5.4), over all rows at
once, the scale being each row's own. The values of the process have a closed form, since the interaction
of T gives ``2 / |T|`` to each of its players; so has their uncertainty. The whole gain is one of the
observations, and is met. As the coalitions played become all, the values become exact, whatever the a.
"""

from dataclasses import dataclass
from math import comb
from typing import Self

import numpy as np

from spalje.attribution.attributions import Floats
from spalje.attribution.board import Masks
from spalje.attribution.trees import Places

#: The variance of single players while relevances are learned, in that of all interactions together: so much
#: that nothing holds them back.
FLAT = 1e3
#: What is added to the variances for numerical safety, and the least and most share of noise.
JITTER, LEAST_NOISE, MOST_NOISE = 1e-8, 1e-6, 10.0
#: What is smaller than this share of a row's worth is rounding.
ROUNDED = 1e-10
#: Relevances are between these.
LOWEST, HIGHEST = 1e-4, 0.95
#: Pairs of coalitions and rows that relevances are learned from, at most, and steps of learning.
LEARNED_PAIRS, LEARNED_ROWS, STEPS = 384, 256, 16
#: Standard deviation of a relevance's logarithm about what the players' own size suggests: beforehand.
DOUBT = 1.0
#: Rows that a group has on average, groups at most, by how much more a player may matter in one than over
#: all, and rounds of finding them.
GROUPED, GROUPS, RATIO, ROUNDS = 12, 32, 20.0, 8
#: Numbers of the largest covariance: beyond, least squares must do.
LARGEST = 4096
#: Points of Gauss and Legendre's quadrature, exact for interactions of up to twice as many players.
_POINTS, _SHARES = np.polynomial.legendre.leggauss(16)
POINTS, SHARES = (_POINTS + 1) / 2, _SHARES / 2


@dataclass(frozen=True, slots=True, eq=False)
class Proxy:
    """A Gaussian process over coalitions.

    Attributes:
        relevance: shape (players,), 0 to 1.
        noise: variance of what no interaction explains, in that of all of them together.
    """

    relevance: Floats
    noise: float

    @classmethod
    def learned(cls, masks: Masks, odd: Floats, sizes: Floats) -> Self:
        """The most likely one.

        Args:
            masks: one coalition of each pair, shape (pairs, players).
            odd: of some rows, first half of the whole gain, then half of what each coalition is worth more
                than its complement; shape (rows, 1 + pairs).
            sizes: shape (players,), how much each matters going by least squares.
        """
        x = _signs(masks)
        left = odd - _single(x, odd) @ x.T
        odd = odd[np.abs(left).max(axis=1) > ROUNDED * np.abs(odd).max(axis=1)]
        odd = odd[:: max(1, -(-len(odd) // LEARNED_ROWS))]
        some = max(1, -(-len(masks) // LEARNED_PAIRS))
        masks, odd = masks[::some], odd[:, np.concatenate([[0], 1 + np.arange(len(masks))[::some]])]
        largest = float(sizes.max(initial=0.0))
        sizes = sizes / largest if largest > 0 else np.ones(len(sizes))
        first = np.log(np.clip(0.3 * sizes**1.5, LOWEST, HIGHEST))
        found = np.append(first, np.log(0.01))
        if not len(odd):
            return cls(np.exp(found[:-1]), float(np.exp(found[-1])))
        x = _signs(masks)
        low = np.append(np.full(len(first), np.log(LOWEST)), np.log(LEAST_NOISE))
        high = np.append(np.full(len(first), np.log(HIGHEST)), np.log(MOST_NOISE))
        step, before = np.full(len(found), 0.5), np.zeros(len(found))
        for _ in range(STEPS):  # resilient backpropagation (Riedmiller and Braun 1993): only signs count
            slope = _slope(x, odd, np.exp(found[:-1]), float(np.exp(found[-1])))
            slope[:-1] -= (found[:-1] - first) / DOUBT**2 / len(odd)
            sign = np.sign(slope)
            step = np.where(sign * before > 0, 1.2 * step, np.where(sign * before < 0, 0.5 * step, step))
            before = sign
            found = np.clip(found + sign * np.minimum(step, 1.0), low, high)
        return cls(np.exp(found[:-1]), float(np.exp(found[-1])))

    def by_group(self, values: Floats) -> list[tuple[Places, Self]]:
        """Rows in groups in which the same players matter, and a proxy for each.

        A player's relevance is in proportion to how much it matters in the group, of how much it does over all.

        Args:
            values: the attributions of the rows by this proxy, shape (rows, players).

        Returns:
            The places of a group's rows, and their proxy.
        """
        finite = np.isfinite(values).all(axis=1)
        there = np.flatnonzero(finite)
        sizes = np.abs(values[there])
        mean = sizes.mean(axis=0) if len(there) else np.zeros(values.shape[1])
        if len(there) < 2 * GROUPED or not mean.any():
            return [(np.arange(len(values)), self)]
        ratios = np.clip(np.divide(sizes, mean, out=np.ones_like(sizes), where=mean > 0), 1 / RATIO, RATIO)
        # a player who hardly matters does not decide who is like whom
        labels = _alike(np.log(ratios) * np.sqrt(mean / mean.max()), min(GROUPS, len(there) // GROUPED))
        found = [(np.flatnonzero(~finite), self)]
        for label in np.unique(labels):
            own = sizes[labels == label].mean(axis=0)
            ratio = np.clip(np.divide(own, mean, out=np.ones_like(own), where=mean > 0), 1 / RATIO, RATIO)
            relevance = np.clip(self.relevance * ratio, LOWEST, HIGHEST)
            found.append((there[labels == label], type(self)(relevance, self.noise)))
        return [(rows, proxy) for rows, proxy in found if len(rows)]

    def values(self, masks: Masks, odd: Floats) -> tuple[Floats, Floats]:
        """The attributions of rows and their standard errors, see ``learned`` for the arguments.

        Returns:
            Two of shape (rows, players).
        """
        x, a = _signs(masks), self.relevance
        players = len(a)
        # what single players explain does not depend on the process: left out, additive games are exact
        single = _single(x, odd)
        odd = odd - single @ x.T
        interactions, scale = _interactions(x, a)
        portions, chance = _portions(masks)
        across = _across(x, a) / scale
        across[:, 1:] += self.noise * portions
        factor = _factor(interactions / scale + self._noise(len(x)))
        solved = np.linalg.solve(factor, np.column_stack([odd.T, across.T, x]))
        mine, theirs, basis = np.split(solved, [len(odd), len(odd) + players], axis=1)
        # explicit basis functions (Rasmussen and Williams, section 2.7): single players, of any size
        inverse = np.linalg.pinv(basis.T @ basis, hermitian=True)
        slopes = inverse @ (basis.T @ mine)
        mine = mine - basis @ slopes
        rest = 2.0 * np.eye(players) - basis.T @ theirs
        found = 2.0 * (single + slopes.T) + (theirs.T @ mine).T
        # single players take up as many observations as there are of them
        size = (mine**2).sum(axis=0) / max(1, len(x) - players)
        prior = _prior(a) / scale + self.noise * chance
        left = prior - (theirs**2).sum(axis=0) + (rest * (inverse @ rest)).sum(axis=0)
        return found, np.sqrt(size[:, None] * np.maximum(0.0, left)[None, :])

    def _noise(self, number: int) -> Floats:
        noise = np.full(number, self.noise + JITTER)
        noise[0] = JITTER  # the whole gain is known
        return np.diag(noise)


def _alike(points: Floats, groups: int) -> Places:
    """The group of each point: a few rounds of K-means from points that are evenly chosen."""
    centres = points[np.linspace(0, len(points) - 1, groups).astype(np.int64)]
    labels = np.zeros(len(points), dtype=np.int64)
    for _ in range(ROUNDS):
        apart = (centres**2).sum(axis=1) - 2 * points @ centres.T
        labels = apart.argmin(axis=1)
        members = [points[labels == label] for label in range(groups)]
        centres = np.stack(
            [own.mean(axis=0) if len(own) else centre for own, centre in zip(members, centres, strict=True)]
        )
    return labels


def _signs(masks: Masks) -> Floats:
    """+1 for who is in, -1 for who is not; everybody comes first."""
    return np.vstack([np.ones(masks.shape[1]), 2.0 * masks - 1.0])


def _factor(covariance: Floats) -> Floats:
    """Its Cholesky factor; what rounding made negative is made up for."""
    more = JITTER
    while True:
        try:
            return np.asarray(np.linalg.cholesky(covariance))
        except np.linalg.LinAlgError:
            covariance = covariance + more * np.eye(len(covariance))
            more *= 10


def _single(x: Floats, odd: Floats) -> Floats:
    """What single players explain of the worth, by plain least squares; shape (rows, players)."""
    found = np.full((len(odd), x.shape[1]), np.nan)
    there = np.isfinite(odd).all(axis=1)
    found[there] = np.linalg.lstsq(x, odd[there].T)[0].T
    return found


def _portions(masks: Masks) -> tuple[Floats, float]:
    """What a coalition's odd half counts in each value, and the sum of squares over all pairs of coalitions.

    What no interaction explains is a part of the game all the same: it counts as in Shapley's formula,
    ``2 / (n C(n - 1, s - 1))`` for the players in a coalition of s and ``-2 / (n C(n - 1, s))`` for the others.

    Returns:
        Shape (players, pairs), and a number that is the same for all players.
    """
    players = masks.shape[1]
    ways = [comb(players - 1, size) for size in range(players)]
    inside = np.array([0.0, *(2 / (players * number) for number in ways)])
    outside = np.array([*(-2 / (players * number) for number in ways), 0.0])
    sizes = masks.sum(axis=1)
    squares = sum(2 / players**2 * (1 / ways[size - 1] + 1 / ways[size]) for size in range(1, players))
    return np.where(masks.T, inside[sizes], outside[sizes]), float(squares)


def _interactions(x: Floats, a: Floats) -> tuple[Floats, float]:
    """The covariance of interactions, and the mean variance, which it is to be divided by."""
    plus, minus = _products(x, a)
    found = (plus - minus) / 2 - (a * x) @ x.T
    return found, max(float(np.diag(found).mean()), np.finfo(float).tiny)


def _products(x: Floats, a: Floats) -> tuple[Floats, Floats]:
    """``prod (1 + a_i x_i x'_i)`` and ``prod (1 - a_i x_i x'_i)`` of any two coalitions."""
    plus, minus = np.ones((len(x), len(x))), np.ones((len(x), len(x)))
    for column, share in zip(x.T, a.tolist(), strict=True):
        both = share * np.outer(column, column)
        plus *= 1.0 + both
        minus *= 1.0 - both
    return plus, minus


def _across(x: Floats, a: Floats) -> Floats:
    """The covariance of values and coalitions by interactions, shape (players, coalitions).

    The sum over T with a player of ``2 prod a_i x_i / |T|``, which is an integral over t of the product with
    ``t a_i`` in place of ``a_i``.
    """
    found = np.zeros(x.shape)
    for point, share in zip(POINTS.tolist(), SHARES.tolist(), strict=True):
        for sign in (1.0, -1.0):
            factors = 1.0 + sign * point * a * x
            found += share / 2 * (np.prod(factors, axis=1)[:, None] / factors)
    return np.asarray(2 * (a * x * (found - 1.0)).T)


def _prior(a: Floats) -> Floats:
    """The variance of values by interactions: the sum over T with a player of ``4 prod a_i / |T|**2``."""
    found = np.zeros(len(a))
    for one, share in zip(POINTS.tolist(), SHARES.tolist(), strict=True):
        for two, other in zip(POINTS.tolist(), SHARES.tolist(), strict=True):
            for sign in (1.0, -1.0):
                factors = 1.0 + sign * one * two * a
                found += share * other / 2 * (np.prod(factors) / factors)
    return np.asarray(4 * a * (found - 1.0))


def _slope(x: Floats, odd: Floats, a: Floats, noise: float) -> Floats:
    """How the mean log likelihood of a row changes with the logarithms of the relevances and of the noise."""
    number, players = x.shape
    plus, minus = _products(x, a)
    interactions = (plus - minus) / 2 - (a * x) @ x.T
    scale = max(float(np.diag(interactions).mean()), np.finfo(float).tiny)
    noises = np.full(number, noise + JITTER)
    noises[0] = JITTER
    covariance = interactions / scale + FLAT / players * (x @ x.T) + np.diag(noises)
    inverse = np.linalg.inv(covariance)
    weights = inverse @ odd.T
    sizes = np.maximum((odd.T * weights).sum(axis=0) / number, np.finfo(float).tiny)
    gradient = ((weights / sizes) @ weights.T / len(odd) - inverse) / 2
    whole = float((gradient * interactions).sum()) / scale
    found = np.empty(players + 1)
    for place, (column, share) in enumerate(zip(x.T, a.tolist(), strict=True)):
        both = share * np.outer(column, column)
        changed = both * ((plus / (1.0 + both) + minus / (1.0 - both)) / 2 - 1.0)
        rescaled = float(np.diag(changed).mean()) / scale
        found[place] = float((gradient * changed).sum()) / scale - whole * rescaled
    found[-1] = noise * float(np.diag(gradient)[1:].sum())
    return found
