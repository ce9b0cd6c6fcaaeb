"""JSON to be written, strictly: our own keys, then what was kept of the file that it was read from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from spalje.sagemaker.record import Raw, Record

#: What JSON has no numbers for, as Model Monitor writes it; some sketches hold such.
_ODD = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


@dataclass(frozen=True, slots=True)
class Filled:
    """A JSON object to be written: our fields, then what was kept of a file."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    rest: Sequence[tuple[str, str]] = ()


def document(fields: Mapping[str, Any], source: Record) -> bytes:
    """A whole file: its version as its source has it, else 0; our fields; what its source has besides.

    Example:
        >>> print(document({"features": []}, Record.parse(b'{"version": "1.0", "x": 1}', "f")).decode())
        {
          "version": "1.0",
          "features": [],
          "x": 1
        }
        <BLANKLINE>
    """
    version = source.raw("version") if source.has("version") else 0
    return dumps(Filled({"version": version, **fields}, source.rest({"version", *fields})))


def dumps(value: Any) -> bytes:
    """Strict JSON in UTF-8, indented; numbers without exponents where they are readable so.

    Model Monitor cannot read thresholds with exponents.

    Raises:
        ValueError: a number is not finite.

    Example:
        >>> print(dumps(Filled({"threshold": 0.00001}, [('"kept"', "1.50")])).decode())
        {
          "threshold": 0.00001,
          "kept": 1.50
        }
        <BLANKLINE>
    """
    # a lone surrogate cannot be UTF-8; its escape can, and is what JSON writes
    return (_write(value, "") + "\n").encode("utf-8", "backslashreplace")


def _write(value: Any, indent: str) -> str:
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Mapping):
        value = Filled(value)
    inner = indent + "  "
    if isinstance(value, Filled):
        parts = [
            f"{json.dumps(key, ensure_ascii=False)}: {_write(part, inner)}"
            for key, part in value.fields.items()
        ]
        parts += [f"{key}: {raw}" for key, raw in value.rest]
        return _block("{", parts, "}", indent)
    if isinstance(value, np.ndarray):
        items = value.tolist()
        if not np.isfinite(value).all():
            items = [_ODD.get(str(item), item) for item in items]
        return json.dumps(items, allow_nan=False)
    if isinstance(value, list | tuple):
        return _block("[", [_write(part, inner) for part in value], "]", indent)
    if isinstance(value, float) and (1e-12 < abs(value) < 1e-4 or 1e16 <= abs(value) < 1e22):
        return np.format_float_positional(value, trim="0")
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _block(start: str, parts: list[str], end: str, indent: str) -> str:
    if not parts:
        return start + end
    return f"{start}\n" + ",\n".join(f"{indent}  {part}" for part in parts) + f"\n{indent}{end}"
