"""The first commits of a project's two repositories: rendered and committed aside, then pushed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from spalje.errors import Refused
from spalje.project import git
from spalje.project.git import Author
from spalje.project.git_hosts.port import Remote
from spalje.project.hook import Role
from spalje.project.template.question import OURS, parse_answers
from spalje.project.template.template import Template, render

ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class FirstCommits:
    """Both repositories, rendered and committed in working folders of their own.

    Attributes:
        folders: where.
        hashes: of the commits.
        answers: question -> answer of everything that the template asked, defaults included and secrets left out.
        secret: questions whose answers are kept nowhere.
    """

    folders: Mapping[Role, Path]
    hashes: Mapping[Role, str]
    answers: Mapping[str, Any]
    secret: frozenset[str]

    @classmethod
    def make(
        cls,
        template: Template,
        project: str,
        answers: Mapping[str, Any],
        author: Author,
        at: datetime,
        aside: Path,
    ) -> "FirstCommits":
        """Render and commit both; the same arguments give the same hashes.

        Args:
            template: what to render, a snapshot.
            project: the project's name.
            answers: question -> answer, typed, or as a person wrote it.
            author: who the commits are by.
            at: when they were made.
            aside: a folder for them that is not there yet.

        Raises:
            NotFound, UsageError, BadInput: see ``spalje.project.template.template.render``.
        """
        words = {question: answer for question, answer in answers.items() if isinstance(answer, str)}
        given = {**answers, **parse_answers(template, words)}
        secret = frozenset(question.name for question in template.questions if question.secret)
        folders: dict[Role, Path] = {role: aside / role for role in ROLES}
        answered: dict[str, Any] = {}
        for role, folder in folders.items():
            answered |= render(template, project, role, given, folder)
        message = f"Start from template {template.name} {template.version}\n\n[skip ci]"
        hashes: dict[Role, str] = {}
        for role, folder in folders.items():
            git.start(folder)
            hashes[role] = git.commit_all(folder, message, author, at)
        kept = {question: answer for question, answer in answered.items() if question not in {*OURS, *secret}}
        return cls(folders, hashes, kept, secret)

    def push(self, role: Role, remote: Remote) -> None:
        """See that the main branch of a repository is there, with our commit.

        Raises:
            Refused: it is there with another commit, which is left as it is.
            BadInput: Git could not.
        """
        there = git.tip(remote.url, environ=remote.environ)
        if there is None:
            git.push(self.folders[role], remote.url, environ=remote.environ)
        elif there != self.hashes[role]:
            raise Refused(
                f"The branch {git.BRANCH} of {remote.url} is at {there[:10]}, which is not the first commit of this "
                f"project ({self.hashes[role][:10]}); it is left as it is.",
                do="Look whose it is.",
            )
