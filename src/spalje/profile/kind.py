"""The kinds of column a profile knows, and which Arrow types they are."""

from enum import StrEnum

import pyarrow as pa
from pyarrow import types


class Kind(StrEnum):
    """What a column holds. Days, moments and spans are summarised as numbers of their unit."""

    INTEGER = "integer"
    REAL = "real"
    DECIMAL = "decimal"
    #: days since 1970-01-01
    DATE = "date"
    #: seconds since 1970-01-01 00:00 UTC
    TIMESTAMP = "timestamp"
    #: seconds, of a day or of a span
    DURATION = "duration"
    TEXT = "text"
    BOOLEAN = "boolean"
    #: numbers that the project declares to be categories
    CATEGORY = "category"
    #: a column without any type, all of it null
    UNKNOWN = "unknown"

    @property
    def numeric(self) -> bool:
        """Whether its values are summarised as numbers."""
        return self not in (Kind.TEXT, Kind.BOOLEAN, Kind.CATEGORY, Kind.UNKNOWN)

    @property
    def temporal(self) -> bool:
        """Whether its values are days, moments or spans, of which later ones are always new."""
        return self in (Kind.DATE, Kind.TIMESTAMP, Kind.DURATION)

    @property
    def whole(self) -> bool:
        """Whether its values are whole numbers, kept exactly."""
        return self in (Kind.INTEGER, Kind.DATE)


def kind_of(kind: pa.DataType) -> Kind | None:
    """The kind of an Arrow type; None for what is not profiled: nested types, bytes and the like.

    Example:
        >>> kind_of(pa.dictionary(pa.int8(), pa.string())), kind_of(pa.list_(pa.int8()))
        (<Kind.TEXT: 'text'>, None)
    """
    if types.is_dictionary(kind):
        return kind_of(kind.value_type)
    return next((known for known, belongs in _KINDS if belongs(kind)), None)


_KINDS = (
    (Kind.INTEGER, types.is_integer),
    (Kind.REAL, types.is_floating),
    (
        Kind.TEXT,
        lambda kind: types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind),
    ),
    (Kind.BOOLEAN, types.is_boolean),
    (Kind.DATE, types.is_date),
    (Kind.TIMESTAMP, types.is_timestamp),
    (Kind.DURATION, lambda kind: types.is_time(kind) or types.is_duration(kind)),
    (Kind.DECIMAL, types.is_decimal),
    (Kind.UNKNOWN, types.is_null),
)
