"""What a person may write for a field of a model, and a message in words where something else was written."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError

#: What stands for None where a field has no word of its own: no limit.
ANY = "any"
#: Fields whose None means something else.
NOTHING: Mapping[str, str] = MappingProxyType({"categorical_threshold": "as for numbers"})


class NotAllowed(ValueError):
    """A key or a value of the file is not allowed.

    Args:
        place: the keys that lead to it.
        what: what is wrong, and what is allowed.
    """

    def __init__(self, place: tuple[str, ...], what: str) -> None:
        super().__init__(what)
        self.place = place


def nothing(field: str) -> str:
    """The word that stands for None in a field; TOML has none."""
    return NOTHING.get(field, ANY)


def value_of(
    model: type[BaseModel],
    field: str,
    value: Any,
    place: tuple[str, ...],
    required: Mapping[str, Any] = MappingProxyType({}),
) -> Any:
    """What a value that was written for a field of a model is.

    Args:
        model: the model.
        field: its field.
        value: as it was read; a list for a tuple.
        place: the keys that lead to it.
        required: what the model needs besides.

    Raises:
        NotAllowed: it is not allowed.

    Example:
        >>> from spalje.monitor.constraints import Limits
        >>> value_of(Limits, "low", 3, ()), value_of(Limits, "low", "any", ())
        (3.0, None)
        >>> value_of(Limits, "far_share", 3, ("far_share",))
        Traceback (most recent call last):
            ...
        spalje.storage.allowed.NotAllowed: is 3; it can be a number from 0 to 1.
    """
    words = [word for option in _options(model, field) for word in _words(option, field)]
    if value == nothing(field) and value in words:
        return None
    given = tuple(value) if isinstance(value, list) else value
    try:
        return getattr(model.model_validate({**required, field: given}, strict=True), field)
    except (ValidationError, OverflowError) as error:
        near = get_close_matches(value, words, n=1) if isinstance(value, str) else []
        did = f" Did you mean {near[0]!r}?" if near else ""
        raise NotAllowed(place, f"is {_short(value)}; it can be {allowed(model, field)}.{did}") from error


def allowed(model: type[BaseModel], field: str) -> str:
    """What may be written for a field of a model.

    Example:
        >>> from spalje.monitor.constraints import Limits, Monitoring
        >>> allowed(Limits, "negative"), allowed(Monitoring, "comparison_method")
        ('a number from 0 to 1 or "any"', 'Simple or Robust')
    """
    return " or ".join(_phrase(option, field) for option in _options(model, field))


def known(place: tuple[str, ...], table: Mapping[str, Any], names: Iterable[str]) -> None:
    """Every key of a table is one of some names.

    Raises:
        NotAllowed: one is not.
    """
    names = list(names)
    for key in table:
        if key not in names:
            near = get_close_matches(key, names, n=1)
            did = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(names)}."
            raise NotAllowed((*place, key), f"is not known here. {did}")


def table_of(place: tuple[str, ...], value: Any) -> dict[str, Any]:
    """The table that a value should be.

    Raises:
        NotAllowed: it is something else.
    """
    if not isinstance(value, dict):
        raise NotAllowed(place, f"is {_short(value)}; it should be a table, [{'.'.join(place)}].")
    return value


@cache
def _options(model: type[BaseModel], field: str) -> tuple[Mapping[str, Any], ...]:
    about = model.model_json_schema()["properties"][field]
    return tuple(about.get("anyOf", [about]))


def _words(option: Mapping[str, Any], field: str) -> Sequence[str]:
    return [nothing(field)] if option.get("type") == "null" else option.get("enum", [])


def _phrase(option: Mapping[str, Any], field: str) -> str:
    if "enum" in option:
        return " or ".join(option["enum"])
    kind = {"boolean": "true or false", "null": f'"{nothing(field)}"', "array": "a list of texts"}
    noun = "a whole number" if option["type"] == "integer" else "a number"
    if "maximum" in option:
        noun += f" from {option['minimum']} to {option['maximum']}"
    elif "minimum" in option:
        noun += f", {option['minimum']} or more"
    elif "exclusiveMinimum" in option:
        noun += f" above {option['exclusiveMinimum']}"
    return kind.get(option["type"], noun)


def _short(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    said = repr(value)
    return said if len(said) <= 60 else said[:59] + "…"
