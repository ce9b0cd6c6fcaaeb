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
    """

    predictions: Floats
    expected: Floats
    rounds: Iterator[tuple[int, Floats]]


def play(model: Model, rows: pa.Table, background: Background, masks: Masks) -> Game:
    """Begin the game of some coalitions for all rows of a table against a background.

    A row's feature that equals the background's makes no difference. Coalitions that differ only
    in such features are the same synthetic row, which is predicted once.

    Args:
        rows: the features, at least one row.
        background: of the same features.
        masks: the coalitions, shape (coalitions, features).
    """
    board = Board.of(rows, background.table)
    step = max(1, BLOCK // max(1, len(masks) * board.backgrounds))
    plans: deque[_Plan] = deque()

    def tables() -> Iterator[pa.Table]:
        yield board.background
        yield board.rows
        for start in range(0, rows.num_rows, step):
            plan = _plan(board, masks, start, min(start + step, rows.num_rows))
            plans.append(plan)
            if plan.asked.size:
                yield board.mixed(masks, start, plan.asked)

    answers = iter(model(tables()))
    at_background, at_rows = next(answers), next(answers)

    def rounds() -> Iterator[tuple[int, Floats]]:
        nothing = np.empty((0, at_rows.shape[1]))
        for answer in answers:
            while not plans[0].asked.size:  # what needed no answer came before what this answers
                yield (
                    plans[0].start,
                    plans.popleft().worth(nothing, at_background, at_rows, background.weights),
                )
            yield plans[0].start, plans.popleft().worth(answer, at_background, at_rows, background.weights)
        while plans:
            yield plans[0].start, plans.popleft().worth(nothing, at_background, at_rows, background.weights)

    return Game(at_rows, background.weights @ at_background, rounds())


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
        return np.asarray(np.einsum("rcbo,b->rco", each, weights))


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
