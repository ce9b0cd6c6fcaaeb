"""Trying a template out: rendered with many answers, its recipes compiled, its tests run, a project lived through."""

import filecmp
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import get_args

from spalje.errors import BadInput, SpaljeError, UsageError
from spalje.model.program import Python
from spalje.pipeline.definition import Definition
from spalje.project.hook import Role
from spalje.project.template.question import USUAL
from spalje.project.template.snapshot import Snapshots
from spalje.project.template.template import Template, render
from spalje.project.template_check.case import Case, cases
from spalje.project.template_check.life import Life
from spalje.project.template_check.repository import check_readable, check_recipe, check_tests

_ROLES: tuple[Role, ...] = get_args(Role)
_LAST = 3000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one part of a check.

    Attributes:
        case: the answers' name.
        part: ``questions``, ``render``, ``compile``, ``tests``, or ``life: build`` and so on.
        passed: whether it went well.
        seconds: how long it took.
        said: what was wrong, with the last lines of its log.
        do: what to do about it.
    """

    case: str
    part: str
    passed: bool
    seconds: float
    said: str = ""
    do: str = ""


@dataclass(frozen=True, slots=True)
class TemplateCheck:
    """Tries a template out.

    Attributes:
        template: what is tried.
        python: runs recipes, tests and Spaljé.
        folder: where everything goes; is there, and empty.
        quick: only render and compile.
    """

    template: Template
    python: Python
    folder: Path
    quick: bool = False

    @property
    def cases(self) -> tuple[Case, ...]:
        """The answers it is tried with.

        Raises:
            NotFound, UsageError: a declared answer is none.
            BadInput: the template cannot be read.
        """
        return cases(self.template)

    def questions(self) -> Outcome:
        """Whether it asks what every template asks."""
        asked = {question.name for question in self.template.questions}
        lacking = [name for name in USUAL if name not in asked]
        said = f"It does not ask for {', '.join(lacking)}." if lacking else ""
        do = "Ask for them, as the shipped templates do; docs/templates.md shows how." if lacking else ""
        return Outcome("questions", "questions", not lacking, 0.0, said, do)

    def outcomes(self, case: Case, tell: Callable[[str], None] = lambda _: None) -> Iterator[Outcome]:
        """What comes of a case, part by part; what cannot be tried after a failure is left out.

        Args:
            case: one of ``cases``.
            tell: told what is done next.
        """
        place = self.folder / case.name.replace(", ", "_").replace("=", "-").replace(" ", "-").replace(
            "/", "-"
        )
        place.mkdir()
        pipelines: dict[str, dict[str, Definition]] = {}
        kept = Snapshots(self.folder / "templates.git", self.folder / "templates").keep(self.template)

        def compiled() -> None:
            for role in _ROLES:
                pipelines[role] = check_recipe(place / role, self.python)

        def tested() -> None:
            for role in _ROLES:
                check_tests(place / role, self.python)

        parts: list[tuple[str, Callable[[], None]]] = [
            ("render", partial(_rendered, kept, case, place)),
            ("compile", compiled),
        ]
        parts += [] if self.quick else [("tests", tested)]
        yet = True
        for part, act in parts:
            tell(part)
            outcome = _tried(case.name, part, act)
            yield outcome
            yet = yet and outcome.passed
            if not yet and part != "tests":
                return
        if self.quick or case.edge or self.template.check is None or not self.template.check.data:
            return
        life = place / "life"
        life.mkdir()
        for step, act in Life(kept, case, self.python, life, pipelines).steps:
            tell(step)
            outcome = _tried(case.name, f"life: {step}", act)
            yield outcome
            if not outcome.passed:
                return


def _tried(case: str, part: str, act: Callable[[], None]) -> Outcome:
    start = time.perf_counter()
    try:
        act()
    except SpaljeError as error:
        return Outcome(case, part, False, time.perf_counter() - start, str(error)[-_LAST:], error.do)
    return Outcome(case, part, True, time.perf_counter() - start)


def _rendered(template: Template, case: Case, place: Path) -> None:
    """Both repositories, twice: the same answers must give the same bytes, on any machine.

    Raises:
        SpaljeError: the template cannot be rendered, or gives other bytes.
    """
    answers = dict(case.answers)
    while True:
        try:
            for role in _ROLES:
                render(template, case.project, role, answers, place / role)
            break
        except UsageError as error:
            refused = next((name for name in answers if f"The {name} " in str(error)), None)
            hidden = next((name for name in answers if f"does not ask '{name}'" in str(error)), None)
            if not case.edge or (refused or hidden) is None:
                raise
            answers.pop(
                str(refused or hidden)
            )  # the template's own validator, or a choice that others rule out
    for role in _ROLES:
        check_readable(place / role)
        again = place / "again" / role
        render(template, case.project, role, answers, again)
        other = _different(place / role, again)
        if other:
            raise BadInput(
                f"Rendered twice with the same answers, {role}/{other} differs.",
                do="Take out what changes from time to time: a date, a random number, a path of this machine.",
            )


def _different(one: Path, other: Path) -> str | None:
    """The first file that is not the same in two folders."""
    names = sorted({str(path.relative_to(top)) for top in (one, other) for path in top.rglob("*")})
    files = [name for name in names if not ((one / name).is_dir() and (other / name).is_dir())]
    _, mismatch, errors = filecmp.cmpfiles(one, other, files, shallow=False)
    return min((*mismatch, *errors), default=None)
