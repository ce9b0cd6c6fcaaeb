"""Creating a project: one transaction over many systems; interrupted anywhere, it goes on when said again."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from spalje.errors import Conflict, Refused, UsageError
from spalje.lineage.lease import Lease
from spalje.project import git
from spalje.project.creation.first_commit import ROLES, FirstCommits
from spalje.project.creation.repository_steps import (
    RepositorySteps,
    is_ours,
    repository_name,
    secret,
    somebody_elses,
)
from spalje.project.creation.undertaking import Alone, Step, Told, alone_with, carry_out, quiet
from spalje.project.git import Author
from spalje.project.git_hosts.port import GitHost, Remote
from spalje.project.template.template import Template, check_name
from spalje.registry.project import Project
from spalje.registry.undertaking import Undertaking
from spalje.settings import GitHostSettings
from spalje.storage.metadata import Metadata


@dataclass(frozen=True, slots=True)
class Created:
    """What a creation has made.

    Attributes:
        project: as recorded.
        clones: working folders, the build repository's first; none where none were asked for.
    """

    project: Project
    clones: tuple[Path, ...]


@dataclass(frozen=True)
class Creation:
    """Creates projects on one host.

    Attributes:
        metadata: where they are recorded.
        host: where their repositories go.
        settings: what the settings say of the host; None: it is the embedded one.
        template: gives the files of a version of the template; of the newest for None.
        keep: keeps a version of a template from now on.
        alone: holds a lease.
        environ: where secrets are read from.
        clock: the time, UTC.
        new_mark: a new random word.
    """

    metadata: Metadata
    host: GitHost
    settings: GitHostSettings | None
    template: Callable[[str | None], Template]
    keep: Callable[[Template], Template]
    alone: Alone
    environ: Mapping[str, str]
    clock: Callable[[], datetime]
    new_mark: Callable[[], str]

    def create(
        self, wanted: Project, author: Author, into: Path | None = None, tell: Told = quiet
    ) -> Created:
        """Create a project, or go on with a creation that was interrupted.

        Args:
            wanted: as wanted; the places of its repositories are filled in, an empty template version becomes the
                newest, and answers become all answers, defaults included.
            author: who the first commits are by.
            into: a folder for clones; None: no clones.
            tell: told how far it has come.

        Raises:
            UsageError: the name is not allowed, there is such a project, or a clone's folder is in the way.
            NotFound: an answer to something that the template does not ask.
            Conflict: somebody else's repository has the name, or somebody else is creating the project.
            Refused: a creation of that name was begun with other words, or the template may not be run.
            BadInput: the template cannot be rendered, or a secret is not set.
            Unfinished: a step went wrong; said again, the creation goes on.
        """
        name = wanted.name
        check_name("project", name)
        with alone_with(name, self.alone) as lease, TemporaryDirectory(prefix="spalje-") as folder:
            aside = Path(folder) / "repositories"
            begun = self.metadata.undertakings.get(name)
            clones = self._clones(name, into)
            commits: Callable[[], FirstCommits]
            if begun is None:
                self._refuse_if_there(wanted, clones)
                undertaking, made = self._begin(wanted, author, aside, lease)
                commits = partial(_given, made)
            else:
                _same(begun, wanted, author)
                _refuse_folders(clones, began=True)
                undertaking = self._still_done(begun)
                commits = cache(partial(self._make, undertaking, wanted, author, aside))
            steps = self._steps(undertaking, commits, clones)
            record = partial(_advance, self.metadata, lease)
            ways = (
                f"Then go on by the same command again, or undo what was done: spalje project delete {name}"
            )
            undertaking = carry_out(undertaking, steps, record, tell, ways)
            project = self.metadata.undertakings.create(
                undertaking, self._project(wanted, undertaking), lease
            )
        return Created(project, tuple(clones))

    def _refuse_if_there(self, wanted: Project, clones: Mapping[Path, Remote]) -> None:
        """Nothing of that name is there, and nothing that the creation needs is missing."""
        if any(known.name == wanted.name for known in self.metadata.projects.all()):
            raise UsageError(
                f"There is already a project '{wanted.name}'.",
                do=f"See it with `spalje project show {wanted.name}`, or choose another name; what is there is never "
                "overwritten.",
            )
        _refuse_folders(clones, began=False)
        for role in ROLES:
            if found := self.host.find(repository_name(wanted.name, role)):
                raise somebody_elses(found, self.host)
        for secret_name, variable in (self.settings.secrets if self.settings else {}).items():
            secret(secret_name, variable, self.host.name, self.environ)

    def _begin(
        self, wanted: Project, author: Author, aside: Path, lease: Lease
    ) -> tuple[Undertaking, FirstCommits]:
        """Render everything, so that it is known to work, and record that the creation has begun."""
        template = self.template(wanted.template_version or None)
        at = self.clock().replace(microsecond=0)
        told = _told(wanted)
        made = FirstCommits.make(template, wanted.name, told, author, at, aside)
        self.keep(template)  # not before something has come of it
        recorded = {question: answer for question, answer in told.items() if question not in made.secret}
        asked = {
            **_asked(wanted, author),
            "template_version": template.version,
            "told": recorded,
            "unrecorded": sorted(made.secret),
            "answers": dict(made.answers),
        }
        undertaking = Undertaking(
            wanted.name, "create", self.new_mark(), asked, (), at, wanted.created_by or str(author)
        )
        self.metadata.undertakings.begin_creation(undertaking, lease)
        return undertaking, made

    def _still_done(self, begun: Undertaking) -> Undertaking:
        """An undertaking without the steps of repositories that are not there any more."""
        gone = []
        for role in ROLES:
            found = self.host.find(repository_name(begun.project, role))
            if found is not None and not is_ours(found, begun.mark):
                raise somebody_elses(found, self.host)
            if found is None:
                gone.append(f"{role}/")
        return replace(
            begun, done=tuple(step for step in begun.done if not step.startswith(tuple(gone)))
        )  # fmt: skip

    def _make(self, undertaking: Undertaking, wanted: Project, author: Author, aside: Path) -> FirstCommits:
        return FirstCommits.make(
            self.template(undertaking.wanted["template_version"]),
            undertaking.project,
            _told(wanted),
            author,
            undertaking.started_at,
            aside,
        )

    def _steps(
        self, undertaking: Undertaking, commits: Callable[[], FirstCommits], clones: Mapping[Path, Remote]
    ) -> list[Step]:
        steps = [
            step
            for role in ROLES
            for step in RepositorySteps(
                undertaking.project,
                undertaking.wanted["title"],
                role,
                self.host,
                self.settings,
                undertaking.mark,
                commits,
                self.environ,
            ).all()
        ]
        return steps + [
            Step(f"clone/{folder}", f"clone {folder}", partial(_clone, remote, folder))
            for folder, remote in clones.items()
        ]

    def _clones(self, name: str, into: Path | None) -> Mapping[Path, Remote]:
        """Where clones go -> what of."""
        if into is None:
            return {}
        names = [repository_name(name, role) for role in ROLES]
        return {into.absolute() / repository: self.host.remote(repository) for repository in names}

    def _project(self, wanted: Project, undertaking: Undertaking) -> Project:
        build, deploy = (
            self.host.remote(repository_name(wanted.name, role)).url for role in ROLES
        )  # fmt: skip
        return replace(
            wanted,
            host=self.host.name,
            template_version=undertaking.wanted["template_version"],
            answers=undertaking.wanted["answers"],
            build_repository=build,
            deploy_repository=deploy,
            created_at=undertaking.started_at,
            created_by=undertaking.started_by,
        )


def _advance(metadata: Metadata, lease: Lease, undertaking: Undertaking, step: str) -> Undertaking:
    return metadata.undertakings.advance(undertaking, step, lease)


def _given(made: FirstCommits) -> FirstCommits:
    return made


def _told(wanted: Project) -> dict[str, Any]:
    """What the template is answered."""
    return {**wanted.answers, "title": wanted.title, "owner": wanted.owner}


def _asked(wanted: Project, author: Author) -> dict[str, Any]:
    """What a person asked for, as it is compared when they say it again."""
    return {
        "title": wanted.title,
        "owner": wanted.owner,
        "template": wanted.template,
        "template_version": wanted.template_version,
        "told": _told(wanted),
        "host": wanted.host,
        "approvers": list(wanted.approvers),
        "four_eyes": wanted.four_eyes,
        "retrain": wanted.retrain,
        "author": str(author),
    }


def _same(begun: Undertaking, wanted: Project, author: Author) -> None:
    """Refuse to go on with anything but what was begun."""
    name = begun.project
    if begun.what == "delete":
        raise Conflict(
            f"Project '{name}' is being deleted: that {begun.began}, and is not finished.",
            do=f"Finish that first: spalje project delete {name}",
        )
    differences = []
    for key, value in _asked(wanted, author).items():
        before: Any = begun.wanted[key]
        if key == "told":
            differences += [
                f"the answer to {question} was {_said(before, question)} and is now {_said(value, question)}"
                for question in sorted({*before, *value} - {"title", "owner", *begun.wanted["unrecorded"]})
                if before.get(question) != value.get(question)
            ]
        elif value != before and not (key == "template_version" and not value):
            differences.append(
                f"{key.replace('_', ' ')} was {_shown(before)} and is now {_shown(value)}"
            )  # fmt: skip
    if differences:
        raise Refused(
            f"The creation of project '{name}' {begun.began}, with other words: {'; '.join(differences)}.",
            do=f"Say the words of then again to go on, or undo what was done: spalje project delete {name}",
        )


def _said(answers: Mapping[str, Any], question: str) -> str:
    return _shown(answers[question]) if question in answers else "not given"


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value) or "nobody"
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else f"'{value}'"


def _refuse_folders(clones: Mapping[Path, Remote], *, began: bool) -> None:
    """No clone's folder is in the way; of a creation that began earlier, a clone may be there already."""
    for folder, remote in clones.items():
        if folder.exists() and not (began and git.origin(folder) == remote.url):
            raise UsageError(
                f"There is already a folder {folder}.", do="Move it, or name another folder for the clones."
            )


def _clone(remote: Remote, folder: Path) -> None:
    """Clone aside and rename, so that a folder of that name is a whole clone."""
    if folder.exists():
        return
    aside = folder.with_name(f".{folder.name}.cloning")
    shutil.rmtree(aside, ignore_errors=True)  # of a creation that was interrupted here
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        git.clone(remote.url, aside, remote.environ)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
