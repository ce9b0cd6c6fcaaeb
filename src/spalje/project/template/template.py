"""A template: a versioned blueprint for projects, and rendering the files of a repository from it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spalje.errors import UsageError
from spalje.project.hook import Role
from spalje.project.template.card import Check, read_card

if TYPE_CHECKING:
    from spalje.project.template.question import Question

#: The file that says what was new in each version.
CHANGELOG = "CHANGELOG.md"

_NAME = re.compile(r"[a-z][a-z0-9-]{1,48}")


@dataclass(frozen=True, slots=True)
class Template:
    """A versioned blueprint for projects.

    Attributes:
        name: what the catalog calls it.
        description: one sentence.
        owner: the team that maintains it.
        version: of the blueprint, such as ``1.2.0``.
        folder: where its files are.
        trusted: whether it may run programs while it is rendered.
        teams: the teams that see it; none: everybody.
        check: how it is tried out.
        source: where the catalog has it from, for people.
    """

    name: str
    description: str
    owner: str
    version: str
    folder: Path
    trusted: bool = False
    teams: tuple[str, ...] = ()
    check: Check | None = None
    source: str = ""

    @classmethod
    def read(
        cls, folder: Path, name: str, *, trusted: bool = False, teams: tuple[str, ...] = (), source: str = ""
    ) -> "Template":
        """The template in a folder.

        Raises:
            UsageError: no template can be called that.
            BadInput: it does not say what it is.
        """
        check_name("template", name)
        card = read_card(folder)
        return cls(
            name, card.description, card.owner, card.version, folder, trusted, teams, card.check, source
        )  # fmt: skip

    @property
    def changelog(self) -> str:
        """What was new in each version, Markdown; empty: it does not say."""
        file = self.folder / CHANGELOG
        if not file.is_file() or not file.resolve().is_relative_to(self.folder.resolve()):
            return ""
        return file.read_bytes()[:1_000_000].decode(errors="replace")

    @property
    def questions(self) -> "tuple[Question, ...]":
        """What a person answers about a project; see ``spalje.project.template.question``."""
        from spalje.project.template.question import questions  # noqa: PLC0415  it knows templates

        return questions(self)


def check_name(noun: str, name: str) -> None:
    """Refuse what cannot be the name of a project or a template.

    Raises:
        UsageError: it is not a small letter followed by 1 to 48 small letters, digits or hyphens.

    Example:
        >>> check_name("template", "../secrets")
        Traceback (most recent call last):
            ...
        spalje.errors.UsageError: '../secrets' cannot be the name of a template.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be the name of a {noun}.",
            do="Use a small letter and then 1 to 48 small letters, digits or hyphens, as in fresh-produce.",
        )


def render(
    template: Template,
    project: str,
    repository: Role,
    answers: Mapping[str, Any],
    folder: Path,
    *,
    recorded: bool = False,
) -> dict[str, Any]:
    """Write the files of one of a project's repositories; the same answers give the same bytes.

    Args:
        template: what to render: a snapshot, see ``spalje.project.template.snapshot``.
        project: the project's name.
        repository: which of its repositories.
        answers: question -> answer; a question without one gets the template's default.
        folder: where to; must not be there yet, and is there whole or not at all.
        recorded: whether the answers are those of an existing project; then what is not asked any more is left out.

    Returns:
        Question -> answer of everything that was asked, defaults included; ``.copier-answers.yml`` in the folder
        holds the same.

    Raises:
        Refused: the template would run programs and is not trusted.
        NotFound: an answer to something the template does not ask.
        UsageError: the project's name or an answer is not allowed.
        BadInput: the template cannot be rendered, or gives files that it must not.
    """
    from spalje.project.template.rendering import rendered  # noqa: PLC0415  starts a process: only when it is wanted

    return rendered(template, project, repository, answers, folder, recorded=recorded)
