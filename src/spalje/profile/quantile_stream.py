"""What feeds a column's numbers to its quantile sketch: all of them at first, then a part."""

import numpy as np

from spalje.profile.block import BLOCK, Scratch
from spalje.profile.hashing import fmix64
from spalje.profile.kll import Floats, Kll

#: Numbers of a column that are taken one by one before sampling begins.
ALL = 2**20
#: One number in 2**12 at the least: eight of a block.
HIGHEST = 12
#: Random-looking words, the same everywhere, that say which of a group is taken.
_WORDS = fmix64(np.arange(1, BLOCK + 1, dtype=np.uint64)).view(np.int64)


class QuantileStream:
    """A sketch of a stream of numbers.

    Of the first ``ALL`` numbers each goes into the sketch, of twice as many after them one of every 2,
    of four times as many one of every 4, and so on: one of each group of neighbours, with the weight
    of the group, as the sampler of Karnin, Lang and Liberty (2016) which stands below the smallest
    compactors. Which one it is goes by a fixed table of random-looking words and by how many numbers
    went before, so that the same numbers in the same order give the same sketch.

    Were these choices random, the share of numbers at or below any one bound would, by the inequality
    of Hoeffding (1963), be off by more than e with a chance of at most ``2 exp(-6 ALL e**2)``, whatever
    the order of the numbers: by more than 0.0011 once in 1,000. That comes on top of the sketch's own
    error of about 0.0005; both are less when parts are merged, each of which begins with ``ALL`` numbers.
    """

    def __init__(self) -> None:
        self._sketch = Kll()
        self._count = 0
        self._height = 0
        self._places = np.empty(0, dtype=np.int64)
        self._kept = np.empty(0)
        self._size = 0

    def add(self, values: Floats, scratch: Scratch) -> None:
        """The next finite numbers, shape (n,), a block of them at most."""
        height = min(HIGHEST, (self._count // ALL + 1).bit_length() - 1)
        if height != self._height:
            self._sample(height)
        self._count += len(values)
        if height == 0:
            ordered = scratch.one[: len(values)]
            np.copyto(ordered, values)
            ordered.sort()
            self._sketch = self._sketch.add(ordered)
            return
        groups = len(values) >> height
        if self._size + groups > BLOCK:
            self._flush()
        places = scratch.one.view(np.int64)[:groups]
        # which of its group is taken differs from group to group and from block to block
        turn = _WORDS[self._count % BLOCK] & ((1 << height) - 1)
        np.bitwise_xor(self._places[:groups], turn, out=places)
        values.take(places, out=self._kept[self._size : self._size + groups], mode="clip")
        self._size += groups
        rest = values[groups << height :]
        if len(rest):
            # too few for a group: each stands for itself
            self._sketch = self._sketch.add(np.sort(rest))

    def sketch(self) -> Kll:
        """Of the numbers so far; its ``size`` is how many there were."""
        self._flush()
        return self._sketch

    def _sample(self, height: int) -> None:
        """From here on take one of every 2**height numbers."""
        self._flush()
        self._height, self._kept = height, np.empty(BLOCK)
        starts = np.arange(0, BLOCK, 1 << height)
        self._places = starts | (_WORDS[: len(starts)] & ((1 << height) - 1))

    def _flush(self) -> None:
        if self._size:
            kept = self._kept[: self._size]
            kept.sort()
            self._sketch = self._sketch.add(kept, self._height)
            self._size = 0
