"""The values of Arrow arrays as NumPy arrays, copied only where they must be."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

#: Units of a second that Arrow's times come in.
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
#: Milliseconds of a day.
_DAY = 86_400_000


def numbers(array: pa.Array) -> NDArray[Any]:
    """The numbers of an array that are not null, in order, as 64-bit integers or floats.

    Days come as days since 1970, moments as seconds since then, spans and times of day as seconds.

    Example:
        >>> numbers(pa.array([7, None, 9], pa.int8())).tolist()
        [7, 9]
    """
    kind = array.type
    if pa.types.is_dictionary(kind):
        return numbers(array.dictionary_decode())
    if pa.types.is_null(kind):
        return np.empty(0)
    if pa.types.is_decimal(kind):
        return numbers(pc.cast(array, pa.float64()))
    if not pa.types.is_temporal(kind):
        values = present(array, kind.to_pandas_dtype())
        if values.dtype.kind == "f":
            return values.astype(np.float64, copy=False)
        return values if values.dtype == np.uint64 else values.astype(np.int64, copy=False)
    ticks = present(array, np.int32 if kind.bit_width == 32 else np.int64)
    if pa.types.is_date32(kind):
        return ticks.astype(np.int64)
    if pa.types.is_date64(kind):
        return ticks // _DAY
    seconds: NDArray[Any] = ticks / _PER_SECOND[kind.unit]
    return seconds


def present(array: pa.Array, dtype: Any) -> NDArray[Any]:
    """The values of an array of fixed width that are not null, read as a NumPy type of that width."""
    size = len(array)
    if size == array.null_count:
        return np.empty(0, dtype=dtype)
    validity, data = array.buffers()
    values = np.frombuffer(data, dtype=dtype)[array.offset : array.offset + size]
    return values if array.null_count == 0 or validity is None else values[valid(array)]


def valid(array: pa.Array) -> NDArray[np.bool_]:
    """Which values of an array are not null, shape (n,)."""
    validity = array.buffers()[0] if array.null_count else None
    if validity is None:
        return np.ones(len(array), dtype=np.bool_)
    start, skipped = divmod(array.offset, 8)
    bits = np.frombuffer(validity, dtype=np.uint8)[start:]
    flags = np.unpackbits(bits, count=skipped + len(array), bitorder="little")[skipped:]
    return flags.view(np.bool_)
