"""Blocks of a column that stay in a core's cache, and the memory that they are worked on in."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Rows of a block: its numbers and one copy of them fit the 512 KB that a core has for itself.
BLOCK = 32_768


class Scratch:
    """Memory for what is computed of one block, used again for the next; of one thread at a time.

    Attributes:
        one, two: shape (BLOCK,), 64-bit floats.
        small: shape (BLOCK,), 32-bit floats.
        flags: shape (BLOCK,), truth values.
    """

    __slots__ = ("flags", "one", "small", "two")

    def __init__(self) -> None:
        self.one = np.empty(BLOCK)
        self.two = np.empty(BLOCK)
        self.small = np.empty(BLOCK, dtype=np.float32)
        self.flags = np.empty(BLOCK, dtype=np.bool_)


def blocks(values: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Values in their order, at most ``BLOCK`` at a time.

    Example:
        >>> [len(block) for block in blocks(np.zeros(70_000))]
        [32768, 32768, 4464]
    """
    for start in range(0, len(values), BLOCK):
        yield values[start : start + BLOCK]
