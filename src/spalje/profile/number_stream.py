"""Summarising many different numbers, a block at a time."""

import numpy as np
from numpy.typing import NDArray

from spalje.profile.block import Scratch
from spalje.profile.distinct import Distinct, K
from spalje.profile.hashing import Hashes, hashes_up_to
from spalje.profile.kll import Floats
from spalje.profile.moments import Moments
from spalje.profile.number import Numbers
from spalje.profile.quantile_stream import QuantileStream


class NumberStream:
    """Adds up a column that has too many different numbers for every one to be counted.

    Args:
        whole: the numbers are integers.
    """

    def __init__(self, *, whole: bool) -> None:
        self._whole = whole
        self._moments = Moments()
        self._negative = 0
        self._integral = 0
        self._quantiles = QuantileStream()
        self._distinct = Distinct()
        self._hashes: list[Hashes] = []

    def add(
        self,
        values: Floats,
        words: NDArray[np.uint64] | None,
        low: float,
        high: float,
        scratch: Scratch,
    ) -> None:
        """The next finite numbers.

        Args:
            values: shape (n,), a block of them at most.
            words: shape (n,), whole numbers as they are, in 64 bits; None for fractions.
            low, high: the smallest and the largest, exact.
            scratch: is written over.
        """
        size = len(values)
        self._moments = self._moments.merge(
            Moments.of(values, low, high, self._moments.mean, scratch.one[:size])
        )
        flags = scratch.flags[:size]
        if low < 0:
            self._negative += size if high < 0 else int(np.count_nonzero(np.less(values, 0.0, out=flags)))
        if self._whole:
            self._integral += size
        else:
            floors = np.floor(values, out=scratch.one[:size])
            self._integral += int(np.count_nonzero(np.equal(floors, values, out=flags)))
        if words is None:
            # 0.0 and -0.0 are one number
            one = np.add(values, 0.0, out=scratch.one[:size]) if low <= 0 <= high else values
            words = one.view(np.uint64)
        self._hash(words, scratch)
        self._quantiles.add(values, scratch)

    def numbers(self) -> Numbers:
        """The summary of the numbers so far."""
        self._settle()
        return Numbers(
            self._whole,
            self._moments,
            self._negative,
            self._integral,
            None,
            self._quantiles.sketch(),
            self._distinct,
        )

    def _hash(self, words: NDArray[np.uint64], scratch: Scratch) -> None:
        found = hashes_up_to(self._distinct.bound, words, scratch)
        if len(found):
            self._hashes.append(found)
            if sum(map(len, self._hashes)) >= K:
                self._settle()

    def _settle(self) -> None:
        if self._hashes:
            self._distinct = self._distinct.add(np.concatenate(self._hashes))
            self._hashes = []
