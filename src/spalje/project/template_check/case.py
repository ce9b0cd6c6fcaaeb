"""The answers that a template is tried with: its defaults, those it declares, and edges of our making."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from spalje.project.template.card import Check
from spalje.project.template.question import Question, check_answers
from spalje.project.template.template import Template

#: Titles and owners that break what does not quote them.
TEXTS = (
    "\"double\" and 'single' quotes, \\ and # and $HOME",
    "{{ 7 * 7 }} {% raw %} {# no remark #}",
    "Frukt & grönt, 水果 \U0001f353, <b>bold</b>",
    "null",
    "a title of as many characters as a title may have, which are one hundred; so it ends as it must: ...",
    "- [x]: 'y' # z",
)
LONGEST_NAME = "a-project-with-the-longest-name-that-there-can-be"
SHORTEST_NAME = "ab"

_MOST_ROWS = 12


@dataclass(frozen=True, slots=True)
class Case:
    """One way to answer a template's questions.

    Attributes:
        name: what it is, for people.
        project: the project's name.
        answers: question -> answer.
        edge: whether it is of our own making; then an answer that the template refuses is left out.
    """

    name: str
    project: str
    answers: Mapping[str, Any]
    edge: bool = False


def cases(template: Template) -> tuple[Case, ...]:
    """The defaults and each declared set of answers, in every shape; then pairs of all choices, with edge texts.

    Raises:
        NotFound, UsageError: a declared answer is none.
        BadInput: the template cannot be read.
    """
    asked = {question.name: question for question in template.questions}
    shapes = asked["shape"].choices if "shape" in asked else ()
    declared = [check_answers(template, answers) for answers in (template.check or Check()).answers]
    found: dict[str, Case] = {}
    for answers in ({}, *declared):
        for shape in shapes or (None,):
            shaped = answers if shape is None or "shape" in answers else {"shape": shape, **answers}
            other = {key: value for key, value in shaped.items() if value != _default(key, asked)}
            name = ", ".join(f"{key}={value}" for key, value in sorted(other.items())) or "defaults"
            found.setdefault(name, Case(name, "a-project", shaped))
    return (*found.values(), *_edges(list(asked.values())))


def _default(name: str, asked: Mapping[str, Question]) -> Any:
    return asked[name].default if name in asked else None


def _edges(asked: Sequence[Question]) -> list[Case]:
    texts = [question for question in asked if question.type == "str" and not question.choices]
    rows = pairs({question.name: _levels(question) for question in asked if _levels(question)}, _MOST_ROWS)
    found = []
    for turn in range(max(len(rows), len(TEXTS))):
        said = {
            question.name: TEXTS[(turn + place) % len(TEXTS)][: question.longest]
            for place, question in enumerate(texts)
        }
        name = LONGEST_NAME if turn % 2 == 0 else SHORTEST_NAME
        row = rows[turn % len(rows)] if rows else {}
        found.append(Case(f"edge {turn + 1}", name, {**row, **said}, edge=True))
    return found


def _levels(question: Question) -> list[Any]:
    """The answers to try of a question with choices."""
    if question.many and question.choices:
        return [[], list(question.choices)]
    return list(question.choices) or ([False, True] if question.type == "bool" else [])


def pairs(levels: Mapping[str, Sequence[Any]], most: int) -> list[dict[str, Any]]:
    """Rows in which every two answers to different questions stand together once, as far as ``most`` rows go.

    Example:
        >>> rows = pairs({"a": (1, 2), "b": (3, 4), "c": (5, 6)}, 12)
        >>> len(rows), {(row["a"], row["c"]) for row in rows} == {(1, 5), (1, 6), (2, 5), (2, 6)}
        (4, True)
    """
    if len(levels) == 1:
        return [{name: value} for name, values in levels.items() for value in values][:most]
    wanted = {
        frozenset(((one, left), (other, right)))
        for one, other in combinations(range(len(levels)), 2)
        for left in range(len(list(levels.values())[one]))
        for right in range(len(list(levels.values())[other]))
    }
    names, values = list(levels), list(levels.values())
    rows: list[dict[str, Any]] = []
    while wanted and len(rows) < most:
        row = dict(min(wanted, key=sorted))
        for place in range(len(values)):
            if place not in row:
                row[place] = max(
                    range(len(values[place])), key=lambda at: (_gain({**row, place: at}, wanted), -at)
                )
        wanted -= _together(row.items())
        rows.append({names[place]: values[place][at] for place, at in sorted(row.items())})
    return rows


def _gain(row: Mapping[int, int], wanted: set[frozenset[tuple[int, int]]]) -> int:
    return len(_together(row.items()) & wanted)


def _together(row: Iterable[tuple[int, int]]) -> set[frozenset[tuple[int, int]]]:
    return {frozenset(pair) for pair in combinations(row, 2)}
