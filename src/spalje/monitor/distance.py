"""How far columns of a batch are from the same columns in training."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress

import numpy as np
import pyarrow.compute as pc

from spalje.drift.cells import Counts, Floats
from spalje.drift.divergence import jensen_shannon, psi
from spalje.drift.linf import Ordered, linf, linf_categories, robust
from spalje.profile.column import Column
from spalje.profile.number import Numbers
from spalje.profile.text import Texts

#: Cells of PSI and Jensen-Shannon for numbers: between the tenths of the baseline.
TENTHS = np.arange(1, 10) / 10
#: Columns with at most so many different values are compared at once, filled up with zeros.
FEW = 64
#: The middles of twenty parts of equal share, over which distances between quantiles are averaged.
MIDDLES = (np.arange(20) + 0.5) / 20


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a column's values in the batch are from those in training; nulls, NaN and infinity apart.

    Attributes:
        simple: largest difference of cumulative shares (numbers) or of one value's share (strings).
        robust: the same less what sampling alone could explain.
        psi: population stability index over tenths of training, or over values; None where not all
            values are known.
        jensen_shannon: distance over the same cells, 0 to 1; None as ``psi``.
        wasserstein: mean distance between the tenths of the two, in standard deviations of training;
            None for what is no number or does not vary.
    """

    simple: float
    robust: float
    psi: float | None
    jensen_shannon: float | None
    wasserstein: float | None = None


def distances(sides: Sequence[tuple[Column, Column]]) -> list[Distance | None]:
    """The distances between some columns of a batch and the same of training.

    Args:
        sides: each column in the batch, then in training.

    Returns:
        One per column; None where one of the two has no value or they are not alike.
    """
    found: list[Distance | None] = [None] * len(sides)
    numbers = {
        place: (now.numbers, then.numbers)
        for place, (now, then) in enumerate(sides)
        if now.numbers and then.numbers and now.numbers.moments.count and then.numbers.moments.count
    }
    for place, apart in zip(numbers, _between_numbers(list(numbers.values())), strict=True):
        found[place] = apart
    texts = {
        place: (now.texts, then.texts)
        for place, (now, then) in enumerate(sides)
        if now.texts and then.texts and now.texts.count and then.texts.count
    }
    for place, apart in zip(texts, _between_texts(list(texts.values())), strict=True):
        found[place] = apart
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Trained:
    """Training's numbers, and everything that comparing with them needs and that they alone decide.

    Attributes:
        ordered: the numbers.
        bounds: shape (n,), its different tenths, at most nine.
        up_to: shape (11,), shares at or below each bound, see ``_up_to``.
        middles: shape (20,), quantiles at ``MIDDLES``.
    """

    ordered: Ordered
    bounds: Floats
    up_to: Floats
    middles: Floats


@lru_cache(maxsize=2048)
def _trained(numbers: Numbers) -> _Trained:
    # a baseline's numbers are asked for in every check: a summary is a frozen value
    ordered = Ordered.of(*numbers.weighted())
    bounds = np.unique(ordered.quantiles(TENTHS))
    return _Trained(ordered, bounds, _up_to(ordered, bounds), ordered.quantiles(MIDDLES))


def _between_numbers(sides: Sequence[tuple[Numbers, Numbers]]) -> list[Distance]:
    if not sides:
        return []
    apart, up_to, middles = [], np.empty((len(sides), 11)), np.empty((len(sides), 20))
    thens = [_trained(then) for _, then in sides]
    for place, ((now, _), then) in enumerate(zip(sides, thens, strict=True)):
        ordered = Ordered.of(*now.weighted())
        apart.append(linf(ordered, then.ordered))
        up_to[place] = _up_to(ordered, then.bounds)
        middles[place] = ordered.quantiles(MIDDLES)
    cells, others = np.diff(up_to), np.diff([then.up_to for then in thens])
    stds = np.array([then.moments.std for _, then in sides])
    # by parts of the mean: a sum of differences can be beyond the largest float
    parts = np.abs(middles / 40 - np.stack([then.middles for then in thens]) / 40).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        moved = np.minimum(2 * (parts / stds), sys.float_info.max)
    return [
        Distance(
            simple,
            robust(simple, now.moments.count, then.moments.count),
            index,
            divergence,
            far if then.moments.std else None,
        )
        for (now, then), simple, index, divergence, far in zip(
            sides,
            apart,
            psi(cells, others).tolist(),
            jensen_shannon(cells, others).tolist(),
            moved.tolist(),
            strict=True,
        )
    ]


def _up_to(ordered: Ordered, bounds: Floats) -> Floats:
    """Shares below everything, at or below each of up to nine bounds, and then of all, 11 in all."""
    found = np.ones(11)
    found[0] = 0.0
    found[1 : len(bounds) + 1] = ordered.up_to(bounds)
    return found


def _between_texts(sides: Sequence[tuple[Texts, Texts]]) -> list[Distance]:
    counted = [_beside(now, then) for now, then in sides]
    exact = [now.exact and then.exact for now, then in sides]
    divergences = iter(_divergences(list(compress(counted, exact))))
    found = []
    for (now, then), (rows, others), known in zip(sides, counted, exact, strict=True):
        # a share is too small by 1 in 32,769 at most where counts are not exact
        apart = linf_categories(rows, others, size=now.count, other_size=then.count)
        index, divergence = next(divergences) if known else (None, None)
        found.append(Distance(apart, robust(apart, now.count, then.count), index, divergence))
    return found


def _divergences(counted: Sequence[tuple[Counts, Counts]]) -> list[tuple[float, float]]:
    """PSI and Jensen-Shannon of each; a value that neither of two has changes neither."""
    found = [(0.0, 0.0)] * len(counted)
    few = [place for place, (rows, _) in enumerate(counted) if len(rows) <= FEW]
    filled = np.zeros((2, len(few), FEW), dtype=np.int64)
    for number, place in enumerate(few):
        for side, rows in zip(filled, counted[place], strict=True):
            side[number, : len(rows)] = rows
    for place, *both in zip(few, psi(*filled).tolist(), jensen_shannon(*filled).tolist(), strict=True):
        found[place] = (both[0], both[1])
    for place, (rows, others) in enumerate(counted):
        if len(rows) > FEW:
            found[place] = (float(psi(rows, others)), float(jensen_shannon(rows, others)))
    return found


def _beside(now: Texts, then: Texts) -> tuple[Counts, Counts]:
    """The rows with each value: those that training has, then those that it does not."""
    places = pc.index_in(now.values, value_set=then.values)
    if not places.null_count:
        rows = np.zeros(len(then.counts), dtype=np.int64)
        rows[places.to_numpy()] = now.counts
        return rows, then.counts
    known = places.is_valid().to_numpy(zero_copy_only=False)
    rows = np.zeros(len(then.counts) + places.null_count, dtype=np.int64)
    rows[places.drop_null().to_numpy()] = now.counts[known]
    rows[len(then.counts) :] = now.counts[~known]
    return rows, np.append(then.counts, np.zeros(places.null_count, dtype=np.int64))
