"""The test for whoever has too few good batches: a margin, and independent rows for want of anything better."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from spalje.drift.cells import furthest, moved, variation
from spalje.monitor.drift import MARGINS, margin_p
from spalje.profile.sketch import Sketch

#: Benjamini and Hochberg's false discovery rate (1995) over the columns.
RATE = 0.01


@dataclass(frozen=True, slots=True)
class Margin:
    """A column held against the baseline.

    Attributes:
        name: the column's.
        distance: largest difference of cumulative shares (numbers), or share of rows that changed category.
        margin: what it may be.
        p: the chance that a column within the margin looks so.
        found: whether it is beyond the margin, the chances of all columns taken together.
    """

    name: str
    distance: float
    margin: float
    p: float
    found: bool


def margins_exceeded(
    batch: Sketch,
    others: Sketch,
    margins: Mapping[str, float],
    *,
    min_rows: int,
    single: Mapping[str, float] = MappingProxyType({}),
    ignored: Iterable[str] = (),
) -> tuple[Margin, ...]:
    """The columns of a batch held against a baseline's rows, in the order of the baseline.

    Args:
        batch: counted into the baseline's cells.
        others: the baseline itself, or good batches together.
        margins: column -> the share of its rows that has to lie otherwise to matter.
        min_rows: a column with fewer values is left out.
        single: category column -> the largest change of one value's share, less what chance explains.
        ignored: columns that are left out.
    """
    aside = set(ignored)
    measured: list[tuple[str, float, float, float]] = []
    for name, counts in others.cells.items():
        own = batch.cells.get(name)
        if own is None or name in aside or min(own.sum(), counts.sum()) < max(1, min_rows):
            continue
        margin = margins.get(name, MARGINS["distance"])
        if name in others.not_finite:
            change = furthest(own, counts)
            distance = effect = abs(change.now - change.before)
        else:
            effect = max(moved(own, counts), single.get(name, 0.0))
            distance = max(variation(own, counts)[0], effect)
        p = margin_p(effect, margin, float(own.sum()), float(counts.sum()))
        measured.append((name, distance, margin, p))
    level = _level([p for *_, p in measured])
    return tuple(Margin(name, distance, margin, p, p <= level) for name, distance, margin, p in measured)


def _level(chances: list[float]) -> float:
    """The largest of the chances that are found; below 0 when none is."""
    if not chances:
        return -1.0
    ordered = np.sort(chances)
    allowed = RATE * np.arange(1, len(ordered) + 1) / len(ordered)
    found = ordered[ordered <= allowed]
    return float(found[-1]) if len(found) else -1.0
