"""Exact Shapley values by playing every coalition: the referee of the other ways, for few features."""

from math import factorial

import numpy as np
import pyarrow as pa

from spalje.attribution.attributions import Attributions, Floats, Model
from spalje.attribution.background import Background
from spalje.attribution.board import Masks
from spalje.attribution.game import Game, play
from spalje.attribution.link import Link
from spalje.attribution.players import Players
from spalje.errors import BadInput

#: Players, at most: 4,096 coalitions for each row and row of the background.
MOST = 12


def explain_exactly(
    model: Model,
    rows: pa.Table,
    background: Background,
    players: Players | None = None,
    link: Link = "identity",
) -> Attributions:
    """Shapley values of the game in ``spalje.attribution.game``, from all of its coalitions.

    Args:
        model: maps tables of features to predictions, see ``Model``.
        rows: the features, at least one row.
        background: of the same features.
        players: whose the features are, at most ``MOST``; None: each plays by itself.
        link: the unit of the attributions.

    Raises:
        BadInput: there are more than ``MOST`` players.

    Example:
        >>> def product(tables):
        ...     return ((table["a"].to_numpy() * table["b"].to_numpy())[:, None] for table in tables)
        >>> rows = pa.table({"a": [2.0], "b": [3.0]})
        >>> background = Background(pa.table({"a": [0.0], "b": [0.0]}), np.ones(1))
        >>> explain_exactly(product, rows, background).values[0, :, 0]
        array([3., 3.])
    """
    players = players or Players.of(rows.column_names)
    return attribute_exactly(
        play(model, rows, background, every_coalition(len(players.names)), players, link), players.names
    )


def every_coalition(players: int) -> Masks:
    """All coalitions, shape (2**players, players).

    Raises:
        BadInput: there are more than ``MOST`` players.
    """
    if players > MOST:
        raise BadInput(
            f"Exact values take 2**{players} coalitions; they are for {MOST} features or groups at most.",
            do="Use method='kernel', or put features together in groups.",
        )
    return ((np.arange(2**players)[:, None] >> np.arange(players)) & 1).astype(np.bool_)


def attribute_exactly(game: Game, players: tuple[str, ...]) -> Attributions:
    """Shapley values, from a game in which every coalition is played.

    Args:
        game: of the masks of ``every_coalition``.
        players: their names.
    """
    coefficients = shapley_coefficients(every_coalition(len(players)))
    values = np.empty((len(game.predictions), len(players), len(game.expected)))
    for start, worth in game.rounds:
        values[start : start + len(worth)] = np.einsum("fc,rco->rfo", coefficients, worth)
    errors = np.where(np.isnan(values), np.nan, 0.0)
    return Attributions(players, values, game.predictions, game.expected, errors)


def shapley_coefficients(masks: Masks) -> Floats:
    """What the worth of each of all coalitions counts in the Shapley value of each feature.

    ``(s - 1)! (n - s)! / n!`` for a coalition of s with the feature, ``-s! (n - s - 1)! / n!`` for one
    without (Shapley 1953, "A value for n-person games", equation 13).

    Args:
        masks: all coalitions of n features, shape (2**n, n).

    Returns:
        Shape (n, 2**n).
    """
    n = masks.shape[1]
    sizes = masks.sum(axis=1).tolist()
    within = [factorial(s - 1) * factorial(n - s) / factorial(n) if s else 0.0 for s in sizes]
    without = [factorial(s) * factorial(n - s - 1) / factorial(n) if s < n else 0.0 for s in sizes]
    return np.where(masks.T, np.array(within), -np.array(without))
