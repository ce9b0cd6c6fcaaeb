"""A Kolmogorov-Smirnov test of every numeric column of a batch against the training data, as others alarm by."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from spalje.analysis.baseline import read_baseline
from spalje.drift.kolmogorov import p_value
from spalje.profile.counting import approximate
from spalje.profile.grid import freeze
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
    n, m = int(one.sum()), int(two.sum())
    if n == 0 or m == 0 or len(one) != len(two):
        return None
    distance = np.abs(np.cumsum(one) / n - np.cumsum(two) / m).max()
    return float(p_value(float(distance), n, m))
