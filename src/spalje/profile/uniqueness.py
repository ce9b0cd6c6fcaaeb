"""Whether business keys name one row each: counted by hashes, in memory that does not grow with rows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spalje.errors import BadInput
from spalje.profile.hashing import Hashes, fmix64, hash_floats, hash_integers, hash_texts

#: Hashes kept at a time, 32 MB of them; a longer table is gone through several times.
AT_ONCE = 4 * 2**20
#: What stands for a null: any word; the digits of pi.
NULL = np.uint64(0x243F6A8885A308D3)


@dataclass(frozen=True, slots=True)
class KeyCounts:
    """What was found about a table's business keys.

    Attributes:
        duplicated: rows whose keys an earlier row has too.
        null: rows with a null in a key.
    """

    duplicated: int
    null: int


def count_keys(
    batches: Callable[[], Iterable[pa.RecordBatch]], keys: Sequence[str], rows: int, at_once: int = AT_ONCE
) -> KeyCounts:
    """Count rows that share their keys with an earlier row, and rows with a null key.

    Keys are compared by 64-bit hashes: of n rows, two different keys are taken for one with a chance
    of about ``n**2 / 2**65``, 3 in a million of ten million rows.

    Args:
        batches: gives the rows; is called once for every ``at_once`` rows.
        keys: the columns that together name a row; one or more.
        rows: about how many rows there are.
        at_once: hashes kept at a time.

    Raises:
        BadInput: a key column holds lists, structures or the like.

    Example:
        >>> batch = pa.RecordBatch.from_pydict({"store": [1, 1, 2], "day": ["Mo", "Mo", None]})
        >>> count_keys(lambda: [batch], ["store", "day"], 3)
        KeyCounts(duplicated=1, null=1)
    """
    passes = max(1, -(-rows // at_once))
    duplicated = null = 0
    for turn in range(passes):
        kept: list[Hashes] = []
        for batch in batches():
            hashes = _hashes(batch, keys)
            if turn == 0:
                null += _nulls(batch, keys)
            kept.append(hashes if passes == 1 else hashes[hashes % np.uint64(passes) == turn])
        together = np.sort(np.concatenate(kept)) if kept else np.empty(0, dtype=np.uint64)
        duplicated += int(np.count_nonzero(together[1:] == together[:-1]))
    return KeyCounts(duplicated, null)


def _nulls(batch: pa.RecordBatch, keys: Sequence[str]) -> int:
    null = pc.is_null(batch.column(keys[0]))
    for key in keys[1:]:
        null = pc.or_(null, pc.is_null(batch.column(key)))
    return pc.sum(null).as_py() or 0


def _hashes(batch: pa.RecordBatch, keys: Sequence[str]) -> Hashes:
    together = np.zeros(batch.num_rows, dtype=np.uint64)
    for key in keys:
        together = fmix64(together * np.uint64(31) + _hashed(batch.column(key), key))
    return together


def _hashed(array: pa.Array, name: str) -> Hashes:
    if array.null_count:
        hashes = np.full(len(array), NULL)
        hashes[array.is_valid().to_numpy(zero_copy_only=False)] = _hashed(array.drop_null(), name)
        return hashes
    kind = array.type
    if pa.types.is_dictionary(kind):
        places = array.indices.to_numpy(zero_copy_only=False)
        by_place: Hashes = _hashed(array.dictionary, name)[places]
        return by_place
    if pa.types.is_integer(kind):
        return hash_integers(array.to_numpy(zero_copy_only=False))
    if pa.types.is_floating(kind):
        return hash_floats(array.cast(pa.float64()).to_numpy(zero_copy_only=False))
    if pa.types.is_temporal(kind) and kind.bit_width in (32, 64):
        width = pa.int32() if kind.bit_width == 32 else pa.int64()
        return hash_integers(array.view(width).to_numpy(zero_copy_only=False))
    try:
        texts = array.cast(pa.string())
    except pa.ArrowException as error:
        raise BadInput(
            f"The business key {name!r} is {kind} and cannot be compared.",
            do="Use numbers, text or dates as keys.",
        ) from error
    return hash_texts(texts)
