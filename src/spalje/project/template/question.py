"""What a template asks about a project: questions with types, choices and help, and answers to them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import yaml  # type: ignore[import-untyped]

from spalje.errors import BadInput, NotFound, UsageError
from spalje.project.template.copier_file import read_copier_file
from spalje.project.template.template import Template

#: What Spaljé answers itself.
OURS = ("project", "repository", "template", "template_version")
#: What every template asks.
USUAL = ("title", "owner", "shape", "environment")

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
_TYPES = {"str": str, "path": str, "int": int, "float": float, "bool": bool, "yaml": object, "json": object}
_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "no", "n", "off", "0"), False),
}
#: The most characters of the questions that stand in headings, and of all others.
_LONGEST = {"title": 100, "owner": 100}
_LONG = 1000


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        name: what an answer is given by.
        type: ``str``, ``int``, ``float``, ``bool``, ``yaml``, ``json`` or ``path``.
        help: what it asks.
        choices: the allowed answers; none: any of its type, or the template works them out.
        default: as the template writes it: text in ``{{ }}`` is worked out from other answers. None: there is none.
        many: whether several of the choices may be answered.
        multiline: whether an answer may have several lines.
        secret: whether the answer is kept out of the repository.
        when: whether it is asked: True, False, or a condition on other answers.
        validator: what Copier checks an answer with; empty: nothing.
    """

    name: str
    type: str
    help: str = ""
    choices: tuple[Any, ...] = ()
    default: Any = None
    many: bool = False
    multiline: bool = False
    secret: bool = False
    when: bool | str = True
    validator: str = ""

    @property
    def longest(self) -> int:
        """The most characters that an answer may have."""
        return _LONGEST.get(self.name, _LONG)

    @property
    def allowed(self) -> str:
        """What an answer may be, for people."""
        if self.choices:
            listed = ", ".join(_shown(choice) for choice in self.choices)
            return f"some of {listed}, as in [{_shown(self.choices[0])}]" if self.many else f"one of {listed}"
        words = {
            "str": f"one line of at most {self.longest} characters",
            "path": f"a path of at most {self.longest} characters",
            "int": "a whole number",
            "float": "a number",
            "bool": "true or false",
            "yaml": "a YAML value of texts, numbers, lists and mappings",
            "json": "a JSON value",
        }
        if self.many:
            return "a list"
        return (
            f"at most {self.longest} characters"
            if self.type == "str" and self.multiline
            else words[self.type]
        )

    def parse(self, text: str) -> Any:
        """The answer that a text means, typed and checked.

        Raises:
            UsageError: it is of another type, or not among the choices.

        Example:
            >>> Question("folds", "int").parse("5"), Question("deep", "bool").parse("yes")
            (5, True)
            >>> Question("problem", "str", choices=("binary", "multiclass")).parse("ternary")
            Traceback (most recent call last):
                ...
            spalje.errors.UsageError: The problem 'ternary' cannot be used: it must be one of binary, multiclass.
        """
        try:
            if self.many:
                value = yaml.safe_load(text if text.lstrip().startswith("[") else f"[{text}]")
            elif self.type in ("str", "path"):
                value = text
            elif self.type == "bool":
                value = _BOOLEANS[text.strip().lower()]
            elif self.type == "yaml":
                value = yaml.safe_load(text)
            elif self.type == "json":
                value = json.loads(text)
            else:
                value = int(text) if self.type == "int" else float(text)
        except (ValueError, KeyError, yaml.YAMLError, RecursionError):
            raise self._refusal(text) from None
        return self.check(value)

    def check(self, value: Any) -> Any:
        """A typed answer, if it is allowed.

        Raises:
            UsageError: it is of another type, not among the choices, too long, or no line of text.
        """
        if self.many:
            if not isinstance(value, list | tuple) or (
                self.choices and any(one not in self.choices for one in value)
            ):
                raise self._refusal(value)
            return [one for one in self.choices if one in value] if self.choices else list(value)
        if self.type == "float" and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        wanted = _TYPES[self.type]
        right = isinstance(value, wanted) and (self.type == "bool" or not isinstance(value, bool))
        if self.type in ("yaml", "json"):
            right = _is_plain(value)
        if not right or (self.choices and value not in self.choices):
            raise self._refusal(value)
        if isinstance(value, float) and value - value != 0:  # infinite, or no number
            raise self._refusal(value)
        for text in _texts(value):
            lines = text.split("\n") if self.multiline or self.type in ("yaml", "json") else [text]
            if len(text) > self.longest or not all(line.isprintable() for line in lines):
                raise self._refusal(value)
        return value

    def _refusal(self, value: Any) -> UsageError:
        shown = repr(value)
        shown = shown if len(shown) <= 120 else f"{shown[:100]}… ({len(shown):,} characters)"
        return UsageError(
            f"The {self.name} {shown} cannot be used: it must be {self.allowed}.",
            do=f"Give another: --answer {self.name}=…",
        )


def questions(template: Template) -> tuple[Question, ...]:
    """What a person answers; what Spaljé answers itself is not among them.

    Raises:
        BadInput: ``copier.yml`` cannot be read, or does not ask for ``project`` and ``repository``.
    """
    told = {
        name: detail for name, detail in read_copier_file(template.folder).items() if not name.startswith("_")
    }
    lacking = [name for name in OURS if name not in told]
    if lacking:
        raise BadInput(
            f"{template.folder}/copier.yml does not ask for {', '.join(lacking)}.",
            do=f"Spaljé answers {', '.join(OURS)}; ask for all of them, as the shipped templates do.",
        )
    return tuple(_read(name, detail, template) for name, detail in told.items() if name not in OURS)


def parse_answers(template: Template, words: Mapping[str, str]) -> dict[str, Any]:
    """Answers as a person wrote them (``--answer NAME=VALUE``), typed and checked.

    Raises:
        NotFound: the template does not ask that; says what it asks.
        UsageError: an answer is of another type, or not among the choices.
        BadInput: the template cannot be read.
    """
    asked = {question.name: question for question in questions(template)}
    return {name: _asked(name, asked).parse(text) for name, text in words.items()}


def check_answers(
    template: Template, answers: Mapping[str, Any], *, recorded: bool = False
) -> dict[str, Any]:
    """Typed answers, if all of them are allowed.

    Args:
        template: what asks.
        answers: question -> answer.
        recorded: whether they are those of an existing project; then what is not asked any more is left out.

    Raises:
        NotFound, UsageError, BadInput: see ``parse_answers``.
    """
    asked = {question.name: question for question in questions(template)}
    if recorded:
        answers = {name: value for name, value in answers.items() if name in asked}
    return {name: _asked(name, asked).check(value) for name, value in answers.items()}


def _asked(name: str, asked: Mapping[str, Question]) -> Question:
    if name in OURS:
        raise UsageError(f"'{name}' is answered by Spaljé itself.", do=f"Answer: {', '.join(sorted(asked))}.")
    if name not in asked:
        raise NotFound("question", name, asked)
    return asked[name]


def _read(name: str, detail: Any, template: Template) -> Question:
    """A question as Copier understands it: a mapping, or its default alone."""
    if not isinstance(detail, dict):
        detail = {"default": detail}
    file = template.folder / "copier.yml"
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"{file}: {name!r} cannot be the name of a question.", do="Use letters, digits and '_'."
        )
    default = detail.get("default")
    kind = detail.get("type") or (type(default).__name__ if type(default).__name__ in _TYPES else "yaml")
    if kind not in _TYPES:
        raise BadInput(
            f"{file}: the type of question '{name}' is {kind!r}; allowed are {', '.join(sorted(_TYPES))}."
        )
    many = detail.get("multiselect", False)
    if not isinstance(many, bool):
        raise BadInput(f"{file}: multiselect of question '{name}' is {many!r}; it must be true or false.")
    when = detail.get("when", True)
    question = Question(
        name=name,
        type=kind,
        help=" ".join(str(detail.get("help") or "").split()),
        default=default.isoformat() if isinstance(default, date) else default,
        many=many,
        multiline=bool(detail.get("multiline", False)),
        secret=bool(detail.get("secret", False)),
        when=when if isinstance(when, bool) else str(when),
        validator=str(detail.get("validator") or ""),
    )
    if default is not None and not many:
        _check_text(question, default, template)
    return replace(question, choices=_choices(question, detail.get("choices"), template))


def _choices(question: Question, told: Any, template: Template) -> tuple[Any, ...]:
    """The values of the choices; none where the template works them out from other answers."""
    if not told or isinstance(told, str):
        return ()
    pairs = told.items() if isinstance(told, dict) else told
    values = []
    for one in pairs:
        value = one[1] if isinstance(one, list | tuple) and len(one) == 2 else one
        value = value.get("value") if isinstance(value, dict) else value
        _check_text(question, value, template)
        if isinstance(value, str) and ("{{" in value or "{%" in value):
            return ()
        try:
            values.append(replace(question, many=False, multiline=True).parse(str(value)))
        except UsageError:
            raise BadInput(
                f"{template.folder}/copier.yml: the choice {value!r} of question '{question.name}' is "
                f"no {question.type}."
            ) from None
    return tuple(values)


def _check_text(question: Question, value: Any, template: Template) -> None:
    """YAML reads NO, on and yes as true and false, and 3.10 as 3.1: refused where a text is meant."""
    if question.type in ("str", "path") and isinstance(value, bool | float):
        raise BadInput(
            f"{template.folder}/copier.yml: question '{question.name}' is of type {question.type}, and YAML reads "
            f"an answer of it as {json.dumps(value)}.",
            do="Write it in quotes, as in 'NO' or '3.10'.",
        )


def _texts(value: Any) -> list[str]:
    """Every text in a value."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for pair in value.items() for one in pair for text in _texts(one)]
    return [text for one in value for text in _texts(one)] if isinstance(value, list | tuple) else []


def _is_plain(value: Any) -> bool:
    """Whether a value can be written as JSON, and is not too long: no dates, no sets, nothing infinite."""
    try:
        return len(json.dumps(value, allow_nan=False)) <= 10 * _LONG
    except (TypeError, ValueError):
        return False


def _shown(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)
