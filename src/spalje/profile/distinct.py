"""How many different values there are: the k smallest hashes (KMV)."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np

from spalje.profile.hashing import Hashes

#: Hashes kept. The standard error of the estimate is 1/sqrt(k - 2): 2.2 %.
K = 2048
_LARGEST = np.uint64(2**64 - 1)


def _none() -> Hashes:
    return np.empty(0, dtype=np.uint64)


@dataclass(frozen=True, slots=True, eq=False)
class Distinct:
    """The k smallest different hashes of a column's values: exact up to k values, an estimate beyond.

    A union of sets of hashes does not depend on order, so parts add up exactly. Bar-Yossef et al.,
    "Counting distinct elements in a data stream" (2002); the unbiased estimate is of Beyer et al.,
    "On synopses for distinct-value estimation" (2007).

    Attributes:
        hashes: shape (m,), m <= k, rising.
    """

    hashes: Hashes = field(default_factory=_none)

    def add(self, hashes: Hashes) -> Self:
        """With more values.

        Example:
            >>> Distinct().add(np.array([9, 3, 3], dtype=np.uint64)).estimate
            2
        """
        if len(self.hashes) == K:
            hashes = hashes[hashes < self.hashes[-1]]
        if len(hashes) == 0:
            return self
        ordered = np.sort(np.concatenate([self.hashes, hashes]))
        return type(self)(ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])][:K])

    def merge(self, other: Self) -> Self:
        """Of both parts together."""
        return self.add(other.hashes)

    @property
    def bound(self) -> np.uint64:
        """Hashes above it change nothing."""
        return self.hashes[-1] if len(self.hashes) == K else _LARGEST

    @property
    def estimate(self) -> int:
        """The number of different values.

        Exact below k, else ``(k - 1) / u`` where u is the k-th smallest hash as a share of all hashes.
        """
        if len(self.hashes) < K:
            return len(self.hashes)
        return round((K - 1) / (float(self.hashes[-1]) / 2.0**64))
