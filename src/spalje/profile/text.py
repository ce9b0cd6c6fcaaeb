"""What is known of the strings, categories or flags of a column."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spalje.profile.distinct import Distinct
from spalje.profile.hashing import hash_texts
from spalje.profile.kll import Counts

#: Different values kept. Stores, articles and segments stay exact; a column of row ids does not.
LIMIT = 2**15


def _no_values() -> pa.StringArray:
    return pa.array([], pa.string())


def _no_counts() -> Counts:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """The values of a column with the rows that have them.

    Exact while there are at most ``LIMIT`` different values. Beyond, the most frequent ones stay:
    of every count as much is taken as leaves ``LIMIT`` of them (Misra and Gries 1982, merged as in
    Agarwal et al., "Mergeable summaries", 2013), so each count is too small by ``short`` at most.

    Attributes:
        count: rows that have a value.
        values: shape (m,), different, in the order of their UTF-8 bytes, m <= LIMIT.
        counts: shape (m,), rows, each at least 1.
        short: by how much a count may be too small; 0: exact and complete.
        distinct: hashes of all values, or None while the counts are exact or when it is unknown.

    Example:
        >>> texts = Texts.of(pa.array(["b", "a", "b"]), np.array([1, 5, 1]))
        >>> texts.top(1), texts.different
        ((('a', 5),), 2)
    """

    count: int = 0
    values: pa.StringArray = field(default_factory=_no_values)
    counts: Counts = field(default_factory=_no_counts)
    short: int = 0
    distinct: Distinct | None = None

    @classmethod
    def of(cls, values: pa.StringArray, counts: Counts) -> Self:
        """Of values without nulls, in any order and repeated or not, with the rows that have them."""
        return cls().merge(cls(int(counts.sum()), values, counts))

    def merge(self, other: Self) -> Self:
        """Of both parts together."""
        values, counts = _add_up(
            pa.concat_arrays([self.values, other.values]), np.concatenate([self.counts, other.counts])
        )
        count, short = self.count + other.count, self.short + other.short
        if len(values) <= LIMIT and not short:
            return type(self)(count, values, counts)
        distinct = self._hashed().merge(other._hashed()) if self._known and other._known else None
        taken = int(np.partition(counts, -LIMIT - 1)[-LIMIT - 1]) if len(values) > LIMIT else 0
        kept = counts > taken
        return type(self)(count, values.filter(pa.array(kept)), counts[kept] - taken, short + taken, distinct)

    @property
    def exact(self) -> bool:
        """Whether every value is there with its exact count."""
        return self.short == 0

    @property
    def different(self) -> int | None:
        """How many different values: exact while the counts are, else estimated; None when unknown."""
        if self.exact:
            return len(self.values)
        return None if self.distinct is None else self.distinct.estimate

    def top(self, number: int) -> tuple[tuple[str, int], ...]:
        """The most frequent values and their counts, most frequent first, ties by value."""
        order = np.lexsort((np.arange(len(self.counts)), -self.counts))[:number]
        return tuple(
            zip(self.values.take(pa.array(order)).to_pylist(), self.counts[order].tolist(), strict=True)
        )

    @property
    def _known(self) -> bool:
        return self.exact or self.distinct is not None

    def _hashed(self) -> Distinct:
        return self.distinct or Distinct().add(hash_texts(self.values))


def align(one: Texts, two: Texts) -> tuple[pa.StringArray, Counts, Counts]:
    """The counts of two columns over the union of their values.

    Returns:
        Three arrays of shape (u,): the values, and the rows with each in the first and in the
        second; a value that one of them does not have counts 0 there.

    Example:
        >>> a = Texts.of(pa.array(["x", "y"]), np.array([3, 1]))
        >>> [part.tolist() for part in align(a, Texts.of(pa.array(["z"]), np.array([2])))]
        [['x', 'y', 'z'], [3, 1, 0], [0, 0, 2]]
    """
    union = pa.concat_arrays([one.values, two.values]).dictionary_encode()
    places = union.indices.to_numpy()
    sides = []
    for part, where in ((one, places[: len(one.values)]), (two, places[len(one.values) :])):
        counts = np.zeros(len(union.dictionary), dtype=np.int64)
        counts[where] = part.counts
        sides.append(counts)
    return union.dictionary, sides[0], sides[1]


def _add_up(values: pa.StringArray, counts: Counts) -> tuple[pa.StringArray, Counts]:
    """Different values in the order of their bytes, with the counts of equal ones added up."""
    encoded = values.dictionary_encode()
    totals = np.zeros(len(encoded.dictionary), dtype=np.int64)
    np.add.at(totals, encoded.indices.to_numpy(), counts)
    order = pc.sort_indices(encoded.dictionary)
    return encoded.dictionary.take(order), totals[order.to_numpy()]
