"""Two distributions of one column over the same cells: what a figure shows."""

from dataclasses import dataclass
from math import ceil, isfinite

import numpy as np

from spalje.profile.column import Column
from spalje.profile.kll import Counts, Floats
from spalje.profile.number import Numbers
from spalje.profile.text import Texts, align

#: A figure spans these quantiles of both distributions; what lies beyond is said in words.
CLIP = (0.005, 0.995)
#: Cells of a figure of numbers, at most.
CELLS = 40
#: Categories shown apart: the most frequent ones, among them the ones that moved most.
CATEGORIES, MOVED = 6, 2


@dataclass(frozen=True, slots=True, eq=False)
class NumberShares:
    """Shares of a column's finite numbers.

    Attributes:
        edges: shape (cells + 1,), rising, in the column's own unit.
        whole: whether every cell holds whole numbers only.
        then, now: shape (cells,), shares of the baseline's and of the batch's numbers; None: no number.
        below, above: shares of the baseline's and of the batch's numbers outside all cells.
    """

    edges: Floats
    whole: bool
    then: Floats | None
    now: Floats | None
    below: tuple[float, float]
    above: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class CategoryShares:
    """Shares of a column's values.

    Attributes:
        values: those shown apart, the baseline's most frequent first.
        then, now: shape (len(values),), shares of the baseline's and of the batch's; None: no value.
        others: how many different values the baseline had besides.
        other: the baseline's and the batch's share of these.
        unseen: share of the batch with values that the baseline did not have; None where it is not
            known which these are.
        strange: the most frequent of them; None without any.
    """

    values: tuple[str, ...]
    then: Floats | None
    now: Floats | None
    others: int
    other: tuple[float, float]
    unseen: float | None
    strange: str | None


def shares(
    then: Column | None, now: Column | None, cells: int = CELLS
) -> NumberShares | CategoryShares | None:
    """Both columns over the same cells; None when they are not alike, or neither has a value.

    Args:
        then: in the baseline; None where it does not have the column.
        now: in the batch.
        cells: at most so many for numbers.
    """
    sides = (then, now)
    numbers = [
        column.numbers for column in sides if column and column.numbers and column.numbers.moments.count
    ]
    texts = [column.texts for column in sides if column and column.texts and column.texts.count]
    if numbers and not texts:
        return _numbers(then.numbers if then else None, now.numbers if now else None, cells)
    if texts and not numbers:
        return _texts(*(column.texts or Texts() if column else Texts() for column in sides))
    return None


def _numbers(then: Numbers | None, now: Numbers | None, cells: int) -> NumberShares | None:
    there = [part for part in (then, now) if part and part.moments.count]
    low = min(part.quantile(CLIP[0]) for part in there)
    high = max(part.quantile(CLIP[1]) for part in there)
    whole = all(part.integral == part.moments.count for part in there)
    edges = _edges(low, high, whole, cells)
    if edges is None:
        return None
    counted = [_counted(part, edges) for part in (then, now)]
    return NumberShares(
        edges,
        whole,
        counted[0][0],
        counted[1][0],
        (counted[0][1], counted[1][1]),
        (counted[0][2], counted[1][2]),
    )


def _edges(low: float, high: float, whole: bool, cells: int) -> Floats | None:
    """At most so many cells of equal width from low to high; None where floats cannot tell them apart."""
    if whole and high - low < 2**52:
        step = max(1, ceil((high - low + 1) / cells))
        edges: Floats = np.arange(ceil((high - low + 1) / step) + 1, dtype=np.float64)
        return low - 0.5 + step * edges
    if low == high:
        room = max(abs(low) * 0.01, 1e-9)
        low, high = low - room, high + room
    if not isfinite(high - low):
        return None
    edges = np.unique(np.linspace(low, high, cells + 1))
    return edges if len(edges) > 1 else None


def _counted(numbers: Numbers | None, edges: Floats) -> tuple[Floats | None, float, float]:
    """Shares in each cell (the last one includes its upper edge), below and above them all."""
    if numbers is None or not numbers.moments.count:
        return None, 0.0, 0.0
    total = numbers.moments.count
    below = numbers.below(edges)
    above = float(numbers.above(edges[-1:])[0])
    up_to = np.append(below[:-1], total - above)
    inside: Floats = np.diff(up_to) / total
    return inside, float(below[0]) / total, above / total


def _texts(then: Texts, now: Texts) -> CategoryShares:
    values, rows, others = align(now, then)
    mine, theirs = rows / max(1, now.count), others / max(1, then.count)
    known = others > 0 if then.exact and then.count else np.ones(len(values), dtype=bool)
    chosen = _chosen(np.where(known, mine, 0.0), np.where(known, theirs, 0.0), int(known.sum()))
    strange = np.where(known, 0, rows)
    different = then.different if then.count else now.different
    unseen = float(strange.sum()) / max(1, now.count) if then.exact and then.count else None
    return CategoryShares(
        tuple(values.take(chosen).to_pylist()),
        theirs[chosen] if then.count else None,
        mine[chosen] if now.count else None,
        max(0, (different or 0) - len(chosen)),
        (
            max(0.0, 1.0 - float(theirs[chosen].sum())) if then.count else 0.0,
            max(0.0, 1.0 - float(mine[chosen].sum()) - (unseen or 0.0)) if now.count else 0.0,
        ),
        unseen,
        values[int(np.argmax(strange))].as_py() if strange.any() else None,
    )


def _chosen(mine: Floats, theirs: Floats, known: int) -> Counts:
    """Places of the values that are shown apart, the baseline's most frequent first."""
    number = min(CATEGORIES, known)
    large = np.argsort(-np.maximum(mine, theirs), kind="stable")
    moved = np.argsort(-np.abs(mine - theirs), kind="stable")[: min(MOVED, number)]
    places = list(dict.fromkeys([*moved.tolist(), *large.tolist()]))[:number]
    return np.array(sorted(places, key=lambda place: (-theirs[place], -mine[place], place)), dtype=np.int64)
