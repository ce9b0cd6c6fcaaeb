"""Numbers that lie close together on a lattice, counted by place."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spalje.profile.block import Scratch
from spalje.profile.kll import Counts, Floats

#: Places of a tally, which then has the size of a core's cache. A column that spans more is sorted.
SPAN = 2**16
#: Places are 64-bit integers.
MOST = 2**63 - 1
#: Up to here every whole number is a float.
EXACT = 2.0**53
#: Steps to a unit that are tried for fractions: hundredths hold halves, quarters, tenths and cents.
STEPS = (100, 1)


class Tally:
    """Exact counts of whole numbers, or of hundredths, at a fifth of what sorting takes.

    Args:
        whole: the numbers are integers.
    """

    def __init__(self, *, whole: bool) -> None:
        self._steps = (1,) if whole else STEPS
        self._whole = whole
        self._first = 0
        self._counts: Counts = np.empty(0, dtype=np.int64)

    def add(self, values: NDArray[Any], low: float, high: float, scratch: Scratch) -> bool:
        """Count some finite numbers; False, and nothing is counted, when they do not lie on the lattice.

        Args:
            values: shape (n,), 64-bit integers or floats; n is at most a block's.
            low, high: the smallest and the largest.
            scratch: is written over.

        Example:
            >>> tally, scratch = Tally(whole=False), Scratch()
            >>> tally.add(np.array([0.5, 2.25]), 0.5, 2.25, scratch)
            True
            >>> tally.add(np.array([0.5, 1 / 3]), 1 / 3, 0.5, scratch)
            False
        """
        for steps in self._steps:
            if max(-low, high) > (MOST if self._whole else EXACT / steps):
                continue
            first, last = round(low * steps), round(high * steps)
            start = min(first, self._first) if len(self._counts) else first
            end = max(last, self._first + len(self._counts) - 1) if len(self._counts) else last
            if end - start >= SPAN:
                continue
            places = self._places(values, first, steps, scratch)
            if places is None:
                continue
            self._steps = (steps,)
            self._reach(start, end)
            counts = np.bincount(places, minlength=last - first + 1)
            self._counts[first - self._first : last - self._first + 1] += counts
            return True
        return False

    def drain(self) -> tuple[NDArray[Any], Counts]:
        """The different numbers, rising, and the counts; the tally is empty then."""
        places = np.flatnonzero(self._counts)
        counts, self._counts = self._counts[places], np.empty(0, dtype=np.int64)
        places += self._first
        return places if self._whole else places / self._steps[0], counts

    def _places(
        self, values: NDArray[Any], first: int, steps: int, scratch: Scratch
    ) -> NDArray[np.int64] | None:
        size = len(values)
        if self._whole:
            shifted = scratch.one.view(np.int64)[:size]
            np.subtract(values, first, out=shifted)
            return shifted
        scaled: Floats = np.multiply(values, steps, out=scratch.one[:size])
        np.rint(scaled, out=scaled)
        # dividing gives the number back as it was written: 0.29 * 100 is not 29, but 29 / 100 is 0.29
        same = np.equal(np.divide(scaled, steps, out=scratch.two[:size]), values, out=scratch.flags[:size])
        if not same.all():
            return None
        scaled -= first
        places = scratch.two.view(np.int64)[:size]
        np.copyto(places, scaled, casting="unsafe")
        return places

    def _reach(self, start: int, end: int) -> None:
        """Make room for the places from start to end."""
        if len(self._counts) and start == self._first and end - start + 1 == len(self._counts):
            return
        wider = np.zeros(end - start + 1, dtype=np.int64)
        if len(self._counts):
            wider[self._first - start :][: len(self._counts)] = self._counts
        self._first, self._counts = start, wider
