"""Attributions for any model, from the worth of a limited number of coalitions: KernelSHAP, and a proxy on top."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from spalje.attribution.attributions import Attributions, Floats
from spalje.attribution.board import Masks
from spalje.attribution.design import Design, added_up
from spalje.attribution.game import Game
from spalje.attribution.proxy import LARGEST, Proxy

#: Numbers of worth that are kept until they are explained together, at most.
TOGETHER = 4_000_000

#: Pairs of coalitions with which groups of rows get proxies of their own; with more, one is exact enough.
MOST_REFINED = 1024

#: Told how many rows are done after each block.
Told = Callable[[int], None]


def nobody(_rows: int) -> None:
    """Tell nobody."""


def attribute(game: Game, design: Design, players: tuple[str, ...], told: Told = nobody) -> Attributions:
    """What each player added to the prediction for each row, measured against the background.

    They add up exactly. With all coalitions they are the Shapley values of the game, else estimates
    of them with a standard error each: the most likely values under ``spalje.attribution.proxy``, whose
    relevances are learned from the first rows, or with more than 8,192 coalitions those of least
    squares, without errors. A row for which the model gave no number in some coalition has NaN.

    Args:
        game: in which the design's coalitions are played.
        design: the coalitions.
        players: their names.
        told: for how many rows all coalitions are played, round by round.

    Example:
        >>> import pyarrow as pa
        >>> from spalje.attribution.background import Background
        >>> from spalje.attribution.design import leverage_design
        >>> from spalje.attribution.game import play
        >>> def double_a(tables):
        ...     return (2 * table["a"].to_numpy()[:, None] for table in tables)
        >>> rows = pa.table({"a": [5.0, 1.0], "b": [7.0, 7.0]})
        >>> background = Background(pa.table({"a": [1.0], "b": [0.0]}), np.ones(1))
        >>> design = leverage_design(2, 4, np.random.default_rng(0))
        >>> attribute(play(double_a, rows, background, design.masks), design, ("a", "b")).values[:, :, 0]
        array([[8., 0.],
               [0., 0.]])
    """
    rows, outputs = game.predictions.shape
    values = np.empty((rows, len(players), outputs))
    errors = np.zeros(values.shape)
    proxies: list[Proxy] | None = None
    for start, worth in _together(game, len(design.masks) * outputs, told):
        block = slice(start, start + len(worth))
        predictions = game.predictions[block]
        least = design.least_squares(worth, game.expected, predictions)
        if design.complete or len(design.masks) // 2 >= LARGEST:
            values[block] = least
        else:
            played = _Played.of(design, worth, game.expected, predictions)
            if proxies is None:
                proxies = [played.learned(least, output) for output in range(outputs)]
            for output, proxy in enumerate(proxies):
                values[block, :, output], errors[block, :, output] = played.values(proxy, output)
            even = np.full(len(players), 1 / len(players))
            values[block] = added_up(values[block], predictions - game.expected, even)
    known = design.complete or proxies is not None
    errors[np.isnan(values)] = np.nan
    return Attributions(players, values, game.predictions, game.expected, errors if known else None)


@dataclass(frozen=True, slots=True, eq=False)
class _Played:
    """Some rows' coalitions as a proxy sees them.

    Attributes:
        half: one coalition of each pair.
        odd: shape (rows, 1 + pairs, outputs), half of the gain, and of what each is worth more than its complement.
    """

    half: Masks
    odd: Floats

    @classmethod
    def of(cls, design: Design, worth: Floats, expected: Floats, predictions: Floats) -> "_Played":
        pairs = len(design.masks) // 2
        gain = (predictions - expected)[:, None]
        return cls(
            design.masks[:pairs],
            np.concatenate([gain, worth[:, :pairs] - worth[:, pairs:]], axis=1) / 2,
        )

    def learned(self, least: Floats, output: int) -> Proxy:
        there = np.isfinite(self.odd[:, :, output]).all(axis=1)
        sizes = np.abs(least[there, :, output]).mean(axis=0) if there.any() else np.zeros(least.shape[1])
        return Proxy.learned(self.half, self.odd[there, :, output], sizes)

    def values(self, proxy: Proxy, output: int) -> tuple[Floats, Floats]:
        """By a proxy, and then by one for each group of rows in which the same players matter."""
        odd = self.odd[:, :, output]
        values, errors = proxy.values(self.half, odd)
        if len(self.half) > MOST_REFINED:
            return values, errors
        for rows, own in proxy.by_group(values):
            if own is not proxy:
                values[rows], errors[rows] = own.values(self.half, odd[rows])
        return values, errors


def _together(game: Game, numbers: int, told: Told) -> Iterator[tuple[int, Floats]]:
    """The rounds of a game, some of them joined."""
    some = max(1, TOGETHER // max(1, numbers))
    first, waiting = 0, []
    for start, worth in game.rounds:
        told(start + len(worth))
        waiting.append(worth)
        if sum(map(len, waiting)) >= some:
            yield first, np.concatenate(waiting)
            first += sum(map(len, waiting))
            waiting = []
    if waiting:
        yield first, np.concatenate(waiting)
