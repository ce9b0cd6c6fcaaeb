"""Exact Shapley values of tree ensembles, for the very game that ``spalje.attribution.game`` plays.

A leaf's condition on a row is one yes or no for each player (feature or group) on the way to it. Mixed of a
row and a background row, a synthetic row reaches the leaf if for every player the cell's owner says yes.
So a leaf adds to the values of a row only by two patterns of bits, the row's and the background's, and
by the table of what any two patterns add:

If together they say yes to everything, with a players only the row says yes to and b only the
background does, the leaf's value times ``(a - 1)! b! / (a + b)!`` goes to each of the a, and minus
``a! (b - 1)! / (a + b)!`` times it to each of the b (Shapley 1953; for leaves: Lundberg et al. 2020, "From
local explanations to global understanding with explainable AI for trees", supplement). Background rows are
added up per pattern beforehand, so that their number hardly counts; a row's values are then looked up.

The path-dependent game (Lundberg et al. 2018, "Consistent individualized feature attribution for tree
ensembles", algorithm 1) has, in place of a background, the shares of training rows that went each way.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import factorial
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from spalje.attribution.attributions import Floats
from spalje.attribution.trees import Places, Trees

#: Shape (leaves, rows), a bit for each player on the way: whether the row's cells say yes.
Patterns: TypeAlias = npt.NDArray[np.unsignedinteger[Any]]

#: Leaves with so many players or fewer on the way get a table of all patterns.
TABLED = 8
#: Players on the way to a leaf, at most.
LONGEST = 63
#: Numbers that are worked on at a time.
AT_A_TIME = 2**20


@dataclass(frozen=True, slots=True, eq=False)
class Leaves:
    """The leaves of an ensemble, and who stands on the way to each.

    Attributes:
        trees: the ensemble.
        nodes: shape (leaves,), which nodes they are.
        output: shape (leaves,).
        bit: shape (nodes,), of a split the bit of its player on the way.
        players: of each leaf, the players on the way, by their bits.
        ratios: of each leaf, by the same bits, the share of training rows that go on towards it at the
            splits of that player, multiplied.
        length: shape (leaves,), how many players those are.
    """

    trees: Trees
    nodes: Places
    output: Places
    bit: Places
    players: tuple[tuple[int, ...], ...]
    ratios: tuple[tuple[float, ...], ...]
    length: Places

    @classmethod
    def of(cls, trees: Trees, player: Places) -> Self:
        """Of an ensemble.

        Args:
            trees: the ensemble.
            player: shape (features,), whose each feature is.

        Raises:
            ValueError: more than ``LONGEST`` players are on the way to a leaf.
        """
        bit = np.zeros(len(trees.feature), dtype=np.int64)
        nodes, output, players, ratios = [], [], [], []
        feature, left, right = trees.feature.tolist(), trees.left.tolist(), trees.right.tolist()
        cover = np.maximum(trees.cover, np.finfo(float).tiny).tolist()
        owner = player.tolist()
        for root, out in zip(trees.roots.tolist(), trees.output.tolist(), strict=True):
            waiting: list[tuple[int, tuple[int, ...], tuple[float, ...]]] = [(root, (), ())]
            while waiting:
                node, way, kept = waiting.pop()
                if feature[node] < 0:
                    nodes.append(node)
                    output.append(out)
                    players.append(way)
                    ratios.append(kept)
                    continue
                mine = owner[feature[node]]
                if mine in way:
                    place = way.index(mine)
                else:
                    place, way, kept = len(way), (*way, mine), (*kept, 1.0)
                bit[node] = place
                for below in (left[node], right[node]):
                    share = kept[place] * cover[below] / cover[node]
                    waiting.append((below, way, (*kept[:place], share, *kept[place + 1 :])))
        length = np.array([len(way) for way in players], dtype=np.int64)
        if length.max(initial=0) > LONGEST:
            raise ValueError(f"{length.max()} players on the way to a leaf; {LONGEST} at most")
        return cls(
            trees,
            np.array(nodes, dtype=np.int64),
            np.array(output, dtype=np.int64),
            bit,
            tuple(players),
            tuple(ratios),
            length,
        )

    def patterns(self, cells: Floats) -> Patterns:
        """What rows say to each leaf.

        Args:
            cells: shape (features, rows).

        Returns:
            Shape (leaves, rows).
        """
        longest = int(self.length.max(initial=0))
        kind = np.uint16 if longest <= 16 else np.uint32 if longest <= 32 else np.uint64
        trees = self.trees
        found = np.full((len(trees.feature), cells.shape[1]), np.iinfo(kind).max, dtype=kind)
        for level in trees.levels():
            left = trees.goes_left(level, cells)
            bits = (np.ones(len(level), dtype=kind) << self.bit[level].astype(kind))[:, None]
            above = found[level]
            # a player who has said no once has said no to everything below
            found[trees.left[level]] = above & ~np.where(left, kind(0), bits)
            found[trees.right[level]] = above & ~np.where(left, bits, kind(0))
        masks = (np.ones(len(self.nodes), dtype=np.uint64) << self.length.astype(np.uint64)) - np.uint64(1)
        return np.asarray(found[self.nodes] & masks.astype(kind)[:, None])


#: What leaves of one length add, by pattern: from their places, their values and length
#: to shape (leaves, players on the way, 2**length).
Tables: TypeAlias = Callable[[Places, Floats, int], Floats]
#: What leaves of one length and value 1 add to rows: from their places and the rows' patterns
#: to shape (leaves, players on the way, rows).
Long: TypeAlias = Callable[[Places, Patterns], Floats]


@dataclass(frozen=True, slots=True, eq=False)
class TreeShap:
    """An ensemble's exact values, prepared for one background (or none), to be asked for any rows.

    Attributes:
        leaves: of the ensemble.
        expected: shape (outputs,), what is predicted when nothing is known.
    """

    leaves: Leaves
    expected: Floats
    _players: int
    _flat: Floats
    _slots: tuple[tuple[int, int, Places, Places], ...]
    _long: Long

    @classmethod
    def interventional(cls, trees: Trees, player: Places, background: Floats, weights: Floats) -> Self:
        """The game in which cells that are not known are the background's.

        Args:
            trees: the ensemble.
            player: shape (features,), whose each feature is, from 0.
            background: shape (features, rows), its cells.
            weights: shape (rows,), adding up to 1.
        """
        leaves = Leaves.of(trees, player)
        theirs = leaves.patterns(background)

        def tables(places: Places, values: Floats, length: int) -> Floats:
            width = 2**length
            weighed = np.zeros((len(places), width))
            rows = np.repeat(np.arange(len(places)), len(weights))
            np.add.at(weighed, (rows, theirs[places].ravel()), np.tile(weights, len(places)))
            return (values[:, None] * (weighed @ _together(length))).reshape(-1, length, width)

        def long(places: Places, mine: Patterns) -> Floats:
            return _pairs(mine, theirs[places], weights, int(leaves.length[places[0]]))

        expected = weights @ trees.predict(background)
        return cls._of(leaves, player, expected, tables, long)

    @classmethod
    def path_dependent(cls, trees: Trees, player: Places) -> Self:
        """The game in which a split by what is not known goes both ways, as training's rows did.

        Args:
            trees: the ensemble, with ``cover``.
            player: shape (features,), whose each feature is, from 0.
        """
        leaves = Leaves.of(trees, player)
        expected = trees.base.copy()
        reached = np.array([np.prod(kept) for kept in leaves.ratios])
        np.add.at(expected, leaves.output, trees.value[leaves.nodes] * reached)

        def tables(places: Places, values: Floats, length: int) -> Floats:
            ratios = np.array([leaves.ratios[place] for place in places])
            bits = (np.arange(2**length)[None, :] >> np.arange(length)[:, None]) & 1
            found = _by_training(np.broadcast_to(bits.astype(np.float64), (len(places), *bits.shape)), ratios)
            return values[:, None, None] * found

        def long(places: Places, mine: Patterns) -> Floats:
            length = int(leaves.length[places[0]])
            shifts = np.arange(length, dtype=np.uint64)[None, :, None]
            bits = (mine.astype(np.uint64)[:, None] >> shifts) & np.uint64(1)
            return _by_training(bits.astype(np.float64), np.array([leaves.ratios[place] for place in places]))

        return cls._of(leaves, player, expected, tables, long)

    @classmethod
    def _of(
        cls,
        leaves: Leaves,
        player: Places,
        expected: Floats,
        tables: Tables,
        long: Long,
    ) -> Self:
        values = leaves.trees.value[leaves.nodes]
        flat: list[Floats] = []
        owner, output, leaf, offset, filled = [], [], [], [], 0
        for length in range(1, min(TABLED, int(leaves.length.max(initial=0))) + 1):
            places = np.flatnonzero(leaves.length == length)
            some = max(1, AT_A_TIME // (length * 2**length))
            for chunk in np.split(places, range(some, len(places), some)) if len(places) else []:
                flat.append(tables(chunk, values[chunk], length).ravel())
                owner.append(np.array([leaves.players[place] for place in chunk]).ravel())
                leaf.append(np.repeat(chunk, length))
                output.append(leaves.output[leaf[-1]])
                offset.append(filled + np.arange(len(leaf[-1])) * 2**length)
                filled += len(flat[-1])
        none = np.zeros(0, dtype=np.int64)
        who, out = (np.concatenate([none, *part]) for part in (owner, output))
        where, first = (np.concatenate([none, *part]) for part in (leaf, offset))
        order = np.lexsort((where, out, who))
        begins = np.flatnonzero(np.diff(who[order] * (out.max(initial=0) + 1) + out[order], prepend=-1))
        slots = tuple(
            (int(who[part[0]]), int(out[part[0]]), where[part], first[part])
            for part in np.split(order, begins[1:])
            if len(part)
        )
        return cls(
            leaves,
            np.asarray(expected),
            int(player.max(initial=-1)) + 1,
            np.concatenate([np.zeros(0), *flat]),
            slots,
            long,
        )

    def values(self, cells: Floats) -> Floats:
        """What each player adds to each row's prediction.

        Args:
            cells: shape (features, rows).

        Returns:
            Shape (rows, players, outputs).
        """
        rows = cells.shape[1]
        found = np.zeros((self._players, len(self.expected), rows))
        some = max(1, 64 * AT_A_TIME // max(1, len(self.leaves.trees.feature)))
        for start in range(0, rows, some):
            block = slice(start, min(start + some, rows))
            self._add(found[:, :, block], self.leaves.patterns(cells[:, block]))
        return np.ascontiguousarray(found.transpose(2, 0, 1))

    def _add(self, found: Floats, patterns: Patterns) -> None:
        some = max(1, AT_A_TIME // max(1, patterns.shape[1]))
        for who, out, leaf, offset in self._slots:
            for start in range(0, len(leaf), some):
                part = slice(start, start + some)
                places = patterns[leaf[part]].astype(np.intp)
                places += offset[part, None]
                found[who, out] += self._flat.take(places).sum(axis=0)
        leaves, rows = self.leaves, patterns.shape[1]
        for length in np.unique(leaves.length[leaves.length > TABLED]).tolist():
            places = np.flatnonzero(leaves.length == length)
            # as many leaves at a time as what any of them says of all rows has room for
            some = max(1, AT_A_TIME // (4 * length * rows))
            for start in range(0, len(places), some):
                chunk = places[start : start + some]
                added = leaves.trees.value[leaves.nodes[chunk], None, None] * self._long(
                    chunk, patterns[chunk]
                )
                owners = np.array([leaves.players[place] for place in chunk])
                _add_up(found, owners * found.shape[1] + leaves.output[chunk, None], added)


def _add_up(found: Floats, slots: Places, added: Floats) -> None:
    """Add what leaves add to the players and outputs that they add it to.

    Args:
        found: shape (players, outputs, rows).
        slots: shape (leaves, players on the way), places along the first two axes.
        added: shape (leaves, players on the way, rows).
    """
    flat = slots.ravel()
    order = np.argsort(flat, kind="stable")
    begins = np.flatnonzero(np.diff(flat[order], prepend=-1))
    summed = np.add.reduceat(added.reshape(len(flat), -1)[order], begins, axis=0)
    who, out = np.divmod(flat[order[begins]], found.shape[1])
    found[who, out] += summed


@cache
def _coefficients(length: int) -> tuple[Floats, Floats]:
    """What goes to each of a players, and to each of b, shape (a, b) each: see the module."""
    gain, loss = np.zeros((length + 1, length + 1)), np.zeros((length + 1, length + 1))
    for a in range(length + 1):
        for b in range(length + 1 - a):
            if a:
                gain[a, b] = factorial(a - 1) * factorial(b) / factorial(a + b)
            if b:
                loss[a, b] = -factorial(a) * factorial(b - 1) / factorial(a + b)
    return gain, loss


@cache
def _together(length: int) -> Floats:
    """What any two patterns add, shape (background's pattern, players and row's pattern)."""
    gain, loss = _coefficients(length)
    patterns = np.arange(2**length)
    bits = ((patterns[:, None] >> np.arange(length)) & 1).astype(np.bool_)
    counts = bits.sum(axis=1)
    everything = (patterns[:, None] | patterns[None, :]) == 2**length - 1
    a = length - counts[:, None] + np.zeros_like(counts)[None, :]
    b = length - counts[None, :] + np.zeros_like(counts)[:, None]
    gain, loss = (np.where(everything, part[a, b], 0.0) for part in (gain, loss))
    theirs, mine = bits[:, :, None], bits.T[None]  # shapes (background's, players, 1) and (1, players, row's)
    found = np.where(mine, np.where(theirs, 0.0, gain[:, None, :]), loss[:, None, :])
    return found.reshape(2**length, -1)


def _pairs(mine: Patterns, theirs: Patterns, weights: Floats, length: int) -> Floats:
    """What leaves of value 1 add for some rows, pair by pair.

    Args:
        mine: shape (leaves, rows).
        theirs: shape (leaves, rows of the background).
        weights: shape (rows of the background,).
        length: how many players are on the way to each.

    Returns:
        Shape (leaves, players on the way, rows).
    """
    gain, loss = _coefficients(length)
    everything = (mine[:, :, None] | theirs[:, None, :]) == mine.dtype.type(2**length - 1)
    leaf, row, back = np.nonzero(everything)
    a = length - np.bitwise_count(theirs[leaf, back]).astype(np.int64)
    b = length - np.bitwise_count(mine[leaf, row]).astype(np.int64)
    gains, losses = np.zeros(everything.shape), np.zeros(mine.shape)
    gains[leaf, row, back] = weights[back] * gain[a, b]
    np.add.at(losses, (leaf, row), weights[back] * loss[a, b])
    places = np.arange(length).astype(mine.dtype)
    only_mine = 1.0 - ((theirs[:, :, None] >> places) & mine.dtype.type(1)).astype(np.float64)
    yes = ((mine[:, :, None] >> places) & mine.dtype.type(1)).astype(np.bool_)
    found = np.where(yes, gains @ only_mine, losses[:, :, None])
    return np.asarray(found.transpose(0, 2, 1))


def _by_training(bits: Floats, ratios: Floats) -> Floats:
    """What leaves of value 1 add in the path-dependent game.

    Args:
        bits: shape (leaves, players on the way, patterns), 0 or 1.
        ratios: shape (leaves, players on the way).

    Returns:
        Shape (leaves, players on the way, patterns).
    """
    length = bits.shape[1]
    chances = [factorial(s) * factorial(length - s - 1) / factorial(length) for s in range(length)]
    found = np.empty(bits.shape)
    for player in range(length):
        # the weight of every number of others that are known, added up as a polynomial in that number
        known = np.zeros((length, bits.shape[0], bits.shape[2]))
        known[0] = 1.0
        for size, other in enumerate(other for other in range(length) if other != player):
            grown = known[: size + 1] * bits[:, other]
            known[: size + 1] *= ratios[:, other, None]
            known[1 : size + 2] += grown
        weighed = np.tensordot(chances, known, axes=1)
        found[:, player] = weighed * (bits[:, player] - ratios[:, player, None])
    return found
