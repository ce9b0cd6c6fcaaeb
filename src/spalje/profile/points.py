"""Point masses: every different number of a column with the rows that have it."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from spalje.profile.kll import Counts, Floats, add_up

#: Different numbers kept. Flags, weekdays and unit sales stay exact; prices and measurements do not.
LIMIT = 1000


def _no_values() -> Floats:
    return np.empty(0)


def _no_counts() -> Counts:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Exact counts of each different number.

    They are given up as soon as there are more than ``LIMIT`` different numbers. Whether that
    happens depends on the set of numbers alone, not on the order of the parts.

    Attributes:
        values: shape (m,), rising, m <= LIMIT.
        counts: shape (m,), rows, each at least 1.
    """

    values: Floats = field(default_factory=_no_values)
    counts: Counts = field(default_factory=_no_counts)

    def merge(self, other: Self) -> Self | None:
        """Of both parts together; None when there are too many different numbers."""
        values, counts = add_up(
            np.concatenate([self.values, other.values]), np.concatenate([self.counts, other.counts])
        )
        return type(self)(values, counts) if len(values) <= LIMIT else None
