"""Which coalitions are played, the same for all rows, and what follows from their worth alone."""

from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

from spalje.attribution.attributions import Floats
from spalje.attribution.board import Masks

#: Coalitions of one size are all written down up to so many, to be drawn from; of more, random ones are made.
LISTED = 20_000
#: More coalitions than this are not told apart from it: floats end a little beyond.
COUNTLESS = 10**300
#: Coalitions per player from which on sampling pays: with fewer, those of size 1 and their complements,
#: two per player, are nearer to the truth than a sample that is twice as large.
ENOUGH = 5
#: Coalitions that are played unless something else is said, and how many per player at least.
USUAL, PER_PLAYER = 256, 8


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Coalitions in pairs: each comes with its complement, in the other half of the masks.

    Attributes:
        masks: shape (coalitions, players); never nobody, never all.
        weights: of the coalitions in least squares, shape (coalitions,), adding up to 1.
        complete: whether all coalitions are there, so that what follows is exact.
    """

    masks: Masks
    weights: Floats
    complete: bool

    @property
    def players(self) -> int:
        """How many there are."""
        return int(self.masks.shape[1])

    def least_squares(self, worth: Floats, expected: Floats, predictions: Floats) -> Floats:
        """The attributions that explain the worth best: those of KernelSHAP.

        They minimise the weighted squares of worth - sum of attributions, and add up to the gain. With W
        the weights, Z the masks, y the worth and g the gain they are ``P y + u (g - sum(P y))``, where
        ``P = (Z'WZ)^-1 Z'W`` and ``u`` is ``(Z'WZ)^-1 1`` scaled to add up to 1: the method of Lagrange.

        Args:
            worth: of the coalitions, shape (rows, coalitions, outputs).
            expected: shape (outputs,).
            predictions: shape (rows, outputs).

        Returns:
            Shape (rows, players, outputs).
        """
        gain = predictions - expected
        if self.players == 1:
            return np.asarray(gain[:, None, :])
        z = self.masks.astype(np.float64)
        weighed = (self.weights[:, None] * z).T
        right = np.column_stack([weighed, np.ones(self.players)])
        solved = np.linalg.lstsq(weighed @ z, right)[0]
        ones = solved[:, -1]
        free: Floats = np.einsum("fc,rco->rfo", solved[:, :-1], worth - expected, optimize=True)
        return added_up(free, gain, ones / ones.sum())


def added_up(values: Floats, gain: Floats, portions: Floats) -> Floats:
    """Attributions that add up, by giving what is missing to the players in portions.

    Args:
        values: shape (rows, players, outputs).
        gain: what they should add up to, shape (rows, outputs).
        portions: shape (players,), adding up to 1.
    """
    for _ in range(2):  # the second time takes away what the first has rounded
        missing = gain - values.sum(axis=1)
        values = values + portions[None, :, None] * missing[:, None, :]
    return values


def usual_budget(players: int) -> int:
    """Coalitions that are played unless something else is said.

    Example:
        >>> usual_budget(5), usual_budget(30), usual_budget(100)
        (30, 256, 800)
    """
    fits = 2**players - 2 if players < 16 else 1 << 16
    return min(max(USUAL, PER_PLAYER * players), fits)


def leverage_design(players: int, budget: int, rng: np.random.Generator) -> Design:
    """All coalitions if they fit the budget, else a sample by leverage scores, without replacement.

    The leverage of a coalition of size s in KernelSHAP's least squares is in proportion to one over the
    number of coalitions of its size, so that every size is drawn equally often (Musco and Witter, "Provably
    accurate Shapley value estimation via leverage score sampling", 2025, lemma 3.2); sizes with fewer
    coalitions than that are there in full. Least squares weigh each by the kernel over the chance that
    it is drawn. A budget below ``ENOUGH`` per player gets the coalitions of size 1 and their complements.

    Args:
        players: at least 1.
        budget: coalitions, taken as at least ``2 * players``.
        rng: draws the sample.

    Example:
        >>> leverage_design(3, 100, np.random.default_rng(0)).masks.astype(int).tolist()
        [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 0]]
        >>> len(leverage_design(30, 256, np.random.default_rng(0)).masks)
        256
    """
    sizes = np.arange(1, players // 2 + 1)
    # of the middle size one of each pair is drawn, of the others the smaller one
    middle = 2 * sizes == players
    counts = np.array([min(comb(players, size), COUNTLESS) for size in sizes.tolist()], dtype=np.float64)
    counts = np.where(middle, counts / 2, counts)
    complete = bool(2 * counts.sum() <= max(budget, 2 * players))
    if complete:
        drawn = counts.astype(np.int64)
    elif budget < ENOUGH * players:
        drawn = np.where(sizes == 1, counts, 0).astype(np.int64)
    else:
        drawn = _allotted(counts, np.where(middle, 0.5, 1.0), budget // 2, rng)
    # the kernel's weight of all coalitions of a size, (n - 1) / (s (n - s)), and of their complements
    mass = (players - 1) / (sizes * (players - sizes)) * np.where(middle, 1, 2)
    half = [
        _drawn(players, size, number, rng)
        for size, number in zip(sizes.tolist(), drawn.tolist(), strict=True)
        if number
    ]
    weights = np.repeat(mass[drawn > 0] / drawn[drawn > 0], drawn[drawn > 0])
    masks = np.concatenate([np.empty((0, players), dtype=np.bool_), *half])
    both = np.concatenate([weights, weights])
    total = both.sum()
    return Design(np.concatenate([masks, ~masks]), both / (total or 1.0), complete)


def _allotted(counts: Floats, shares: Floats, pairs: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """How many of each size are drawn: in proportion to the shares, but no more than there are."""
    wanted, full = np.zeros(len(counts)), np.zeros(len(counts), dtype=np.bool_)
    while True:
        left = pairs - counts[full].sum()
        wanted = np.where(full, counts, left * shares / shares[~full].sum())
        more = ~full & (wanted > counts)
        if not more.any():
            break
        full |= more
    found = np.floor(wanted + 1e-9)
    rest = wanted - found
    missing = round(pairs - found.sum())
    if missing > 0:  # the places left over are raffled
        found[rng.choice(len(found), missing, replace=False, p=rest / rest.sum())] += 1
    return found.astype(np.int64)


def _drawn(players: int, size: int, number: int, rng: np.random.Generator) -> Masks:
    """Different coalitions of a size, each as likely as any other; of the middle size one of each pair."""
    middle = 2 * size == players
    if comb(players, size) <= LISTED:
        every = _all_of_size(players, size)
        return every if number == len(every) else every[rng.choice(len(every), number, replace=False)]
    found = np.empty((0, players), dtype=np.bool_)
    while len(found) < number:
        more = rng.random((2 * number, players)).argsort(axis=1).argsort(axis=1) < size
        if middle:
            more[~more[:, 0]] ^= True
        found = np.concatenate([found, more])
        _, first = np.unique(np.packbits(found, axis=1), axis=0, return_index=True)
        found = found[np.sort(first)]
    return found[:number]


def _all_of_size(players: int, size: int) -> Masks:
    """All coalitions of a size; of the middle size one of each pair, the one with the first player."""
    chosen = [
        members for members in combinations(range(players), size) if 2 * size != players or members[0] == 0
    ]
    masks = np.zeros((len(chosen), players), dtype=np.bool_)
    np.put_along_axis(masks, np.array(chosen), values=True, axis=1)
    return masks
