"""The days that rows of ground truth are about, as numbers."""

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spalje.errors import BadInput
from spalje.quality.period import Days


def days(column: pa.ChunkedArray, name: str, what: str) -> Days:
    """The day of each row, counted from 1970-01-01.

    Args:
        column: dates, timestamps (those with a zone by its calendar), or text that begins with a date.
        name: what the column is called.
        what: what it is of, for messages.

    Raises:
        BadInput: a value is no date.

    Example:
        >>> days(pa.chunked_array([["1970-01-02", "1970-02-01 06:00"]]), "day", "truth.csv").tolist()
        [1, 31]
    """
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        column = pc.local_timestamp(column)
    text = pa.types.is_string(column.type)
    try:
        if not (text or pa.types.is_date(column.type) or pa.types.is_timestamp(column.type)):
            raise pa.ArrowInvalid(f"it is {column.type}")
        dates = (pc.utf8_slice_codeunits(column, 0, 10) if text else column).cast(pa.date32(), safe=False)
    except pa.ArrowException as error:
        raise BadInput(
            f"Column '{name}' of {what} holds {column[0].as_py()!r}, which is not a date.",
            do="Write it as date32.",
        ) from error
    return np.asarray(dates.cast(pa.int32()).to_numpy(), np.int64)


def number(day: date | None) -> int:
    """A day, counted from 1970-01-01.

    Example:
        >>> number(date(1970, 2, 1))
        31
    """
    return int(np.datetime64(day, "D").astype(np.int64))


def day(count: np.int64) -> date:
    """The day that many days after 1970-01-01.

    Example:
        >>> day(np.int64(31))
        datetime.date(1970, 2, 1)
    """
    return date.fromordinal(date(1970, 1, 1).toordinal() + int(count))
