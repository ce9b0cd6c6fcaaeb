"""Canonical JSON and the SHA-256 of it: the one way in which this package names content."""

import hashlib
import json
from typing import Any, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def canonical(value: Any) -> bytes:
    """The UTF-8 JSON of a value with sorted keys and no spaces; the same value gives the same bytes.

    Raises:
        ValueError: for NaN and infinity, which strict JSON does not have.

    Example:
        >>> canonical({"b": 1, "a": [True, None]})
        b'{"a":[true,null],"b":1}'
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def fingerprint(value: Any) -> str:
    """The SHA-256 of a value's canonical JSON, 64 hexadecimal digits.

    Example:
        >>> fingerprint({})[:12]
        '44136fa355b3'
    """
    return hashlib.sha256(canonical(value)).hexdigest()
