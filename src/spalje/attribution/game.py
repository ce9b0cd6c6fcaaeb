"""The game behind an attribution: what a model predicts when it knows only some of a row's features.

The worth of a coalition of features, for one row, is the model's prediction with those features
taken from the row and the others from the background, averaged over the background's weights
(Lundberg and Lee 2017, "A unified approach to interpreting model predictions", equation 9).
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spalje.attribution.attributions import Floats, Model
from spalje.attribution.background import Background
from spalje.attribution.board import Board, Masks
from spalje.attribution.link import LINKS, Link
from spalje.attribution.players import Players
from spalje.errors import BadInput

Indices: TypeAlias = npt.NDArray[np.intp]

#: Synthetic rows that are made at a time: what bounds memory.
BLOCK = 65_536

#: Where a coalition's prediction comes from when it need not be asked for: it has no feature that
#: differs from the background, or all of them.
IS_BACKGROUND, IS_ROW = -1, -2


@dataclass(frozen=True, slots=True, eq=False)
class Game:
    """A game that has begun: its ends are known, the coalitions between come as they are played.

    Attributes:
        predictions: the worth of all features together, shape (rows, outputs).
        expected: the worth of no feature, shape (outputs,).
        rounds: some consecutive rows at a time, the first of them and the worth of the coalitions,
            shape (rows, coalitions, outputs); to be gone through once.
        restless: by how much two answers for the background differ, in standard deviations of the
            predictions: 0 for a model that answers the same each time.
        tally: what it took so far.
    """

    predictions: Floats
    expected: Floats
    rounds: Iterator[tuple[int, Floats]]
    restless: float
    tally: "Tally"


@dataclass(slots=True)
class Tally:
    """What a game took so far; it grows with every round.

    Attributes:
        asked: synthetic rows that the model was asked for.
        unanswered: those of them for which it gave no finite number.
        restless: the most that two answers for the same rows differed, in standard deviations.
    """

    asked: int = 0
    unanswered: int = 0
    restless: float = 0.0


def play(
    model: Model,
    rows: pa.Table,
    background: Background,
    masks: Masks,
    players: Players | None = None,
    link: Link = "identity",
) -> Game:
    """Begin the game of some coalitions for all rows of a table against a background.

    A row's feature that equals the background's makes no difference. Coalitions that differ only
    in such features are the same synthetic row, which is predicted once. Where the model gives no
    finite number for a synthetic row, a coalition is worth the mean over the other background rows.

    Args:
        model: maps tables of features to predictions, see ``Model``; it may give NaN.
        rows: the features, at least one row.
        background: of the same features.
        masks: the coalitions, shape (coalitions, players).
        players: whose the features are; None: each plays by itself.
        link: the unit in which predictions are averaged, and attributions add up.

    Raises:
        BadInput: the model gives no number for a row of the background.
    """
    masks = players.features(masks) if players else masks
    linked = LINKS[link]
    board = Board.of(rows, background.table)
    tally = Tally()
    step = max(1, BLOCK // max(1, len(masks) * board.backgrounds))
    plans: deque[_Plan] = deque()

    def tables() -> Iterator[pa.Table]:
        yield board.background
        yield board.background
        yield board.rows
        for start in range(0, rows.num_rows, step):
            plan = _plan(board, masks, start, min(start + step, rows.num_rows))
            plans.append(plan)
            if plan.asked.size:
                yield board.mixed(masks, start, plan.asked)

    answers = (linked(answer) for answer in model(tables()))
    at_background, again, at_rows = next(answers), next(answers), next(answers)
    if not np.isfinite(at_background).all():
        place = int(np.flatnonzero(~np.isfinite(at_background).all(axis=1))[0])
        raise BadInput(
            f"The model gives no number{'' if link == 'identity' else f' that has a {link}'} for a row of the "
            f"background: {board.background.slice(place, 1).to_pylist()[0]}.",
            do="Give another background, or more rows for it to be made of"
            + ("." if link == "identity" else ", or use link='identity'."),
        )
    spread = float(np.nanstd(at_rows)) or 1.0

    def rounds() -> Iterator[tuple[int, Floats]]:
        nothing = np.empty((0, at_rows.shape[1]))
        for answer in answers:
            while not plans[0].asked.size:  # what needed no answer came before what this answers
                yield (
                    plans[0].start,
                    plans.popleft().worth(nothing, at_background, at_rows, background.weights),
                )
            tally.asked += len(answer)
            tally.unanswered += int((~np.isfinite(answer).all(axis=1)).sum())
            yield plans[0].start, plans.popleft().worth(answer, at_background, at_rows, background.weights)
        while plans:
            yield plans[0].start, plans.popleft().worth(nothing, at_background, at_rows, background.weights)

    restless = float(np.abs(at_background - again).max()) / spread
    return Game(at_rows, background.weights @ at_background, rounds(), restless, tally)


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """Which synthetic rows are asked for, and where every other prediction comes from.

    Attributes:
        start: the first of its rows.
        source: the coalition whose prediction it is, or IS_BACKGROUND or IS_ROW; shape (rows,
            coalitions, backgrounds).
        asked: those that are their own source, as places in that shape.
    """

    start: int
    source: Indices
    asked: Indices

    def worth(self, answer: Floats, at_background: Floats, at_rows: Floats, weights: Floats) -> Floats:
        """The worth of the coalitions, shape (rows, coalitions, outputs)."""
        rows, coalitions, backgrounds = self.source.shape
        if self.asked.size == self.source.size:
            each = answer.reshape(*self.source.shape, answer.shape[1])
        else:
            each = np.zeros((rows, coalitions, backgrounds, at_rows.shape[1]))
            each.reshape(-1, at_rows.shape[1])[self.asked] = answer
            each = np.take_along_axis(each, np.maximum(self.source, 0)[..., None], axis=1)
            row, _, at = np.nonzero(self.source == IS_BACKGROUND)
            each[self.source == IS_BACKGROUND] = at_background[at]
            row, _, at = np.nonzero(self.source == IS_ROW)
            each[self.source == IS_ROW] = at_rows[self.start + row]
        return _mean(each, weights)


def _mean(each: Floats, weights: Floats) -> Floats:
    """The weighted mean over the third axis, of those that are finite; NaN where none is."""
    rows, coalitions, backgrounds, outputs = each.shape
    there = np.isfinite(each)
    if there.all():
        if outputs == 1:
            return np.asarray(each.reshape(-1, backgrounds) @ weights).reshape(rows, coalitions, 1)
        return np.asarray(np.einsum("rcbo,b->rco", each, weights))
    weighed = np.einsum("rcbo,b->rco", there, weights)
    summed = np.einsum("rcbo,b->rco", np.where(there, each, 0.0), weights)
    return np.where(weighed > 0, summed / np.where(weighed > 0, weighed, 1.0), np.nan)


def _plan(board: Board, masks: Masks, start: int, stop: int) -> _Plan:
    own = np.arange(len(masks))
    keys = board.keys(masks, start, stop)
    if keys is None:
        own = np.where(masks.any(axis=1), np.where(masks.all(axis=1), IS_ROW, own), IS_BACKGROUND)
        source = np.broadcast_to(own[None, :, None], (stop - start, len(masks), board.backgrounds))
    else:
        everything = board.keys(np.ones((1, masks.shape[1]), dtype=bool), start, stop)
        first = _first_of_equals(keys)
        # a row that equals the background altogether is the background
        first = np.where(keys == everything, IS_ROW, first)
        source = np.where(keys == 0, IS_BACKGROUND, first).transpose(0, 2, 1)
    return _Plan(start, source, np.flatnonzero(source == np.arange(len(masks))[None, :, None]))


def _first_of_equals(keys: npt.NDArray[np.uint64]) -> Indices:
    """For each key, the place along the last axis of the first that equals it."""
    order = np.argsort(keys, axis=-1, kind="stable")
    ordered = np.take_along_axis(keys, order, axis=-1)
    begins = np.ones(keys.shape, dtype=bool)
    begins[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    begin = np.maximum.accumulate(np.where(begins, np.arange(keys.shape[-1]), 0), axis=-1)
    first = np.empty_like(order)
    np.put_along_axis(first, order, np.take_along_axis(order, begin, axis=-1), axis=-1)
    return first
