"""JSON of which only some keys are understood, read leniently; see ``filled`` for how it is written."""

import json
import sys
from collections.abc import Collection
from dataclasses import dataclass
from math import isfinite
from typing import Any, Self

from spalje.errors import BadInput

#: Our own keys stand under this one, in every file and at every level.
OURS = "spalje"


class Raw(str):
    """The text of a JSON value, to be written as it is."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A key and its value as the text of the file has them, quotes and all."""

    key: str
    raw_key: str
    raw: str


@dataclass(frozen=True, slots=True)
class Record:
    """A JSON object.

    Attributes:
        where: the file and the place in it, for messages.
        members: in the order of the file.

    Example:
        >>> record = Record.parse(b'{"mean": "NaN", "extra": [1.50]}', "statistics.json")
        >>> record.number("mean"), record.rest({"mean"})
        (None, (('"extra"', '[1.50]'),))
    """

    where: str
    members: tuple[Member, ...] = ()

    @classmethod
    def parse(cls, data: bytes, name: str) -> Self:
        """The object that a file holds.

        Raises:
            BadInput: it is not JSON, or not an object.
        """
        try:
            return cls(name, _members(data.decode("utf-8-sig").strip(), name))
        except (ValueError, RecursionError) as error:
            raise BadInput(
                f"{name} is not the JSON it should be: {str(error) or type(error).__name__}.",
                do="Fetch or write it again; it may have been cut off.",
            ) from error

    @property
    def names(self) -> str:
        """The keys, for messages."""
        return ", ".join(member.key for member in self.members) or "nothing"

    def has(self, key: str) -> bool:
        """Whether the key is there and not null."""
        return self._value(key) is not None

    def record(self, *keys: str) -> "Record":
        """The object under the first of some keys that is there; without any, an empty one."""
        for key in keys:
            raw = self._raw(key)
            if raw is not None and raw != "null":
                return self._nested(raw, f"{self.where}: {key}")
        return Record(f"{self.where}: {keys[0]}")

    def records(self, key: str) -> tuple["Record", ...]:
        """The objects in the list under a key; without the key, none."""
        found = self._value(key) or []
        if not isinstance(found, list):
            raise self._bad(key, "a list of objects")
        raw, place, records = self._raw(key) or "[]", 1, []
        for number in range(len(found)):
            place = _skip(raw, place)
            end = _DECODER.raw_decode(raw, place)[1]
            records.append(self._nested(raw[place:end], f"{self.where}: {key}[{number}]"))
            place = _skip(raw, end) + 1
        return tuple(records)

    def number(self, *keys: str) -> float | int | None:
        """The number under the first of some keys that is there; None for null, "NaN" and infinity."""
        for key in keys:
            value = self._value(key)
            if value is None:
                continue
            if isinstance(value, str):
                try:
                    value = float(value)
                except ValueError:
                    raise self._bad(key, "a number") from None
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise self._bad(key, "a number")
            if isinstance(value, int) and abs(value) > sys.float_info.max:
                raise self._bad(key, "a number that a computer can hold")
            return value if isfinite(value) else None
        return None

    def count(self, key: str, default: int = 0) -> int:
        """The number of rows under a key, whether it is written 7 or 7.0."""
        value = self.number(key)
        if value is None:
            return default
        if value < 0 or value != int(value):
            raise self._bad(key, "a whole number, 0 or more")
        return int(value)

    def text(self, *keys: str) -> str | None:
        """The text under the first of some keys that is there, as valid Unicode."""
        for key in keys:
            value = self._value(key)
            if value is not None:
                if not isinstance(value, str):
                    raise self._bad(key, "text")
                return unicode(value)
        return None

    def texts(self, key: str) -> tuple[str, ...]:
        """The list of texts under a key, as valid Unicode; without the key, none."""
        values = self._value(key) or []
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise self._bad(key, "a list of texts")
        return tuple(unicode(value) for value in values)

    def raw(self, key: str) -> Raw:
        """Whatever is under a key, which must be there, as the text that the file has."""
        return Raw(_strict(self._raw(key) or "null"))

    def plain(self, key: str) -> Any:
        """Whatever is under a key; None without it."""
        return self._value(key)

    def rest(self, known: Collection[str]) -> tuple[tuple[str, str], ...]:
        """Keys that are not known and their values, byte for byte.

        Only NaN and Infinity without quotes, which are not JSON, get them, as Model Monitor has it.
        """
        return tuple(
            (member.raw_key, _strict(member.raw)) for member in self.members if member.key not in known
        )

    def scalar(self, key: str) -> str | None:
        """Text, or a number or flag as the file spells it; None without the key."""
        value = self._value(key)
        if value is None or isinstance(value, str):
            return self.text(key)
        if isinstance(value, list | dict):
            raise self._bad(key, "text")
        return self._raw(key)

    def _nested(self, raw: str, where: str) -> "Record":
        if not raw.startswith("{"):
            raise BadInput(f"{where} should be an object and is {raw[:40]}.", do="Correct the file.")
        return Record(where, _members(raw, where))

    def _raw(self, key: str) -> str | None:
        return next((member.raw for member in reversed(self.members) if member.key == key), None)

    def _value(self, key: str) -> Any:
        raw = self._raw(key)
        return None if raw is None else json.loads(raw)

    def _bad(self, key: str, wanted: str) -> BadInput:
        return BadInput(
            f"{self.where}: {key} should be {wanted} and is {(self._raw(key) or '')[:40]}.",
            do="Correct the file.",
        )


def unicode(text: str) -> str:
    """Text with lone surrogates, which are no characters, replaced.

    Example:
        >>> unicode("a" + chr(0xD800)) == "a" + chr(0xFFFD)
        True
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


_DECODER = json.JSONDecoder()
_SPACE = " \t\r\n"


def _skip(text: str, place: int) -> int:
    while place < len(text) and text[place] in _SPACE:
        place += 1
    return place


def _members(text: str, where: str) -> tuple[Member, ...]:
    """The members of the object that a text is.

    Raises:
        ValueError: it is not an object, or there is something behind it.
    """
    if not text.startswith("{"):
        raise ValueError(f"{where} should be an object and begins with {text[:20]!r}")
    if _DECODER.raw_decode(text)[1] != len(text):
        raise ValueError("there is something behind its end")
    found, place = [], _skip(text, 1)
    while text[place] != "}":
        if text[place] == ",":
            place = _skip(text, place + 1)
        key, end = _DECODER.raw_decode(text, place)
        raw_key, place = text[place:end], _skip(text, _skip(text, end) + 1)
        end = _DECODER.raw_decode(text, place)[1]
        found.append(Member(key, raw_key, text[place:end]))
        place = _skip(text, end)
    return tuple(found)


def _strict(raw: str) -> str:
    found: list[str] = []

    def constant(name: str) -> str:
        found.append(name)
        return name

    value = json.loads(raw, parse_constant=constant)
    return json.dumps(value, ensure_ascii=False) if found else raw
