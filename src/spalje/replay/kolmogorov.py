"""A Kolmogorov-Smirnov test of every numeric column of a batch against the training data, as others alarm by."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from spalje.analysis.baseline import read_baseline
from spalje.drift.kolmogorov import p_value
from spalje.profile.counting import approximate
from spalje.profile.grid import freeze
from spalje.profile.kll import Counts
from spalje.profile.sketch import Sketch
from spalje.storage.batch_file import CHECKED
from spalje.storage.history import read_file


def p_values(baseline: Path, verdict: Path) -> dict[str, float]:
    """Numeric column -> p-value, 0 to 1, as if rows were independent.

    Args:
        baseline: a data quality baseline.
        verdict: what a check against it left.
    """
    if not (verdict / CHECKED).is_file():
        return {}
    training, numeric = _training(baseline)
    batch = read_file(verdict / CHECKED).sketch
    return {
        name: found
        for name in numeric
        if name in batch.cells and (found := _p(batch, training, name)) is not None
    }


@lru_cache(maxsize=32)
def _training(baseline: Path) -> tuple[Sketch, tuple[str, ...]]:
    # an artifact never changes
    profile = read_baseline(baseline).profile
    numeric = tuple(name for name, column in profile.columns.items() if column.numbers is not None)
    return approximate(profile, freeze(profile)), numeric


def _p(batch: Sketch, training: Sketch, name: str) -> float | None:
    one, two = batch.cells[name], training.cells[name]
    if one.sum() == 0 or two.sum() == 0 or len(one) != len(two):
        return None
    return float(p_value(distance(one, two), int(one.sum()), int(two.sum())))


def distance(one: Counts, two: Counts, *, ordered: bool = True) -> float:
    """The largest difference of cumulative shares; where cells have no order, of the shares of one cell.

    Args:
        one, two: shape (cells,), rows by cell; not empty.
        ordered: whether the cells follow each other.

    Example:
        >>> distance(np.array([2, 2]), np.array([1, 3])), distance(np.array([0, 4]), np.array([4, 0]), ordered=False)
        (0.25, 1.0)
    """
    apart = one / one.sum() - two / two.sum()
    return float(np.abs(np.cumsum(apart) if ordered else apart).max())
