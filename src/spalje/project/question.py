"""What a template asks about a project: questions with types, choices and help, and answers to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spalje.project.template import Template

#: What Spaljé answers itself.
OURS = ("project", "repository", "template", "template_version")


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        name: what an answer is given by.
        type: ``str``, ``int``, ``float``, ``bool``, ``yaml``, ``json`` or ``path``.
        help: what it asks.
        choices: the allowed answers; none: any of its type.
        default: as the template writes it: text in ``{{ }}`` is worked out from other answers. None: there is none.
        many: whether several of the choices may be answered.
        secret: whether the answer is kept out of the repository.
        when: whether it is asked: True, False, or a condition on other answers.
        validator: what Copier checks an answer with.
    """

    name: str
    type: str
    help: str = ""
    choices: tuple[Any, ...] = ()
    default: Any = None
    many: bool = False
    secret: bool = False
    when: bool | str = True
    validator: str = ""

    def parse(self, text: str) -> Any:
        """The answer that a text means, typed and checked.

        Raises:
            UsageError: it is of another type, or not among the choices.
        """
        raise NotImplementedError


def questions(template: Template) -> tuple[Question, ...]:
    """What a person answers; what Spaljé answers itself is not among them.

    Raises:
        BadInput: ``copier.yml`` cannot be read.
    """
    raise NotImplementedError


def parse_answers(template: Template, words: Mapping[str, str]) -> dict[str, Any]:
    """Answers as a person wrote them (``--answer NAME=VALUE``), typed and checked.

    Raises:
        NotFound: the template does not ask that; says what it asks.
        UsageError: an answer is of another type, or not among the choices.
        BadInput: the template cannot be read.
    """
    raise NotImplementedError
