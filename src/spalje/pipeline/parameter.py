"""A parameter: a value from outside, declared in the recipe and given when a run is started."""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from spalje.errors import BadInput, NotFound, UsageError
from spalje.pipeline.definition import ParameterSpec, ParameterType, Scalar, SourceLine
from spalje.pipeline.finding import explain
from spalje.pipeline.where import caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A value from outside.

    Use it wherever a step takes a setting: it stands for the value it has in a run. Not given,
    it is its default; without a default it is null, and the script does not get the option.

    Args:
        name: what ``--param NAME=VALUE`` calls it.
        type: ``string``, ``integer``, ``float``, ``boolean`` or ``date`` (YYYY-MM-DD).
        default: its value when it is not given.
        required: refuse to start a run without it.
        help: one sentence for whoever starts a run.

    Raises:
        BadInput: the name or the type is not allowed, or a required parameter has a default.
        UsageError: the default is not of the type.

    Example:
        >>> today = Parameter("today", type="date", help="First day to predict.")
        >>> stores = Parameter("stores", type="integer", default=60)
        >>> resolve([today.spec, stores.spec], {"today": "2017-10-30"})
        {'today': '2017-10-30', 'stores': 60}
    """

    name: str = field(kw_only=False)
    type: ParameterType = "string"
    default: Scalar | date | None = None
    required: bool = False
    help: str = ""
    where: SourceLine = field(default_factory=caller)

    def __post_init__(self) -> None:
        if self.required and self.default is not None:
            raise BadInput(
                f"Parameter '{self.name}' is required and has the default {self.default!r}.",
                do="Take away one of the two.",
            )
        _ = self.spec

    @property
    def spec(self) -> ParameterSpec:
        """The parameter as the definition holds it."""
        try:
            spec = ParameterSpec(
                name=self.name, type=self.type, required=self.required, help=self.help, where=self.where
            )
        except ValidationError as error:
            (loc, said), *_ = explain(error)
            raise BadInput(f"Parameter '{self.name}': {'.'.join(loc)} {said}.") from error
        if self.default is None:
            return spec
        return spec.model_copy(update={"default": value_of(spec, self.default)})


def resolve(specs: Iterable[ParameterSpec], given: Mapping[str, Any]) -> dict[str, Scalar | None]:
    """The value of every parameter in a run.

    Args:
        specs: the definition's parameters.
        given: name -> value, as text from a command line or as a value from JSON; null is as if
            it had not been given.

    Returns:
        name -> value: dates as YYYY-MM-DD, null for an optional parameter that was not given.

    Raises:
        NotFound: a name that no parameter has.
        UsageError: a value of the wrong type, or a required parameter is missing.

    Example:
        >>> spec = Parameter("stores", type="integer", default=60).spec
        >>> resolve([spec], {}), resolve([spec], {"stores": "12"})
        ({'stores': 60}, {'stores': 12})
    """
    known = {spec.name: spec for spec in specs}
    for name in given:
        if name not in known:
            raise NotFound("parameter", name, known)
    values: dict[str, Scalar | None] = {}
    for name, spec in known.items():
        value = given.get(name)
        values[name] = spec.default if value is None else value_of(spec, value)
        if values[name] is None and spec.required:
            raise UsageError(
                f"Parameter '{name}' ({spec.type}) is required and was not given."
                + (f" It is: {spec.help}" if spec.help else ""),
                do=f"Give it with --param {name}=VALUE.",
            )
    return values


def value_of(spec: ParameterSpec, value: Any) -> Scalar:
    """A value from outside as the parameter's type.

    Raises:
        UsageError: it is not of that type; says what is allowed.

    Example:
        >>> value_of(Parameter("dry", type="boolean").spec, "yes")
        True
    """
    allowed, parse = _TYPES[spec.type]
    parsed = parse(value)
    if parsed is None:
        raise UsageError(
            f"Parameter '{spec.name}' is {value!r}; allowed is {allowed}.",
            do=f"Give it with --param {spec.name}=VALUE, or mend its default at {spec.where}.",
        )
    return parsed


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _integer(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,18}", value.strip()):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _float(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


_WORDS = MappingProxyType({"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False})


def _boolean(value: Any) -> bool | None:
    if isinstance(value, str):
        return _WORDS.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _date(value: Any) -> str | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if not (isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value.strip())):
        return None
    try:
        return date.fromisoformat(value.strip()).isoformat()
    except ValueError:
        return None


#: type -> what is allowed, in words, and what reads it (None: not of that type)
_TYPES: Mapping[ParameterType, tuple[str, Callable[[Any], Scalar | None]]] = MappingProxyType(
    {
        "string": ("text", _string),
        "integer": ("a whole number of at most 18 digits", _integer),
        "float": ("a finite number", _float),
        "boolean": (f"one of {', '.join(_WORDS)}", _boolean),
        "date": ("a date such as 2026-11-24 (year-month-day)", _date),
    }
)
