"""The steps that make one of a project's repositories: each sees that something of it is so."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from spalje.errors import BadInput, Conflict
from spalje.project import git
from spalje.project.creation.first_commit import FirstCommits
from spalje.project.creation.undertaking import Step
from spalje.project.git_hosts.port import GitHost, Repository
from spalje.project.hook import Role
from spalje.settings import GitHostSettings

#: The CI variable of every repository that names its project.
PROJECT_VARIABLE = "SPALJE_PROJECT"
#: The CI variable that says who builds: ``webhook``, the workspace does when it is told of a push; else the CI does.
BUILDS_VARIABLE = "SPALJE_BUILDS"


def repository_name(project: str, role: Role) -> str:
    """What a repository is called on its host.

    Example:
        >>> repository_name("dairy", "build")
        'dairy-build'
    """
    return f"{project}-{role}"


def marked(mark: str) -> str:
    """How a mark stands in the description of a repository."""
    return f"(spalje {mark})"


def is_ours(found: Repository, mark: str) -> bool:
    """Whether a repository was made by the undertaking with that mark."""
    return bool(mark) and marked(mark) in found.description


def mark_of(found: Repository) -> str:
    """The mark that a repository bears; empty: none.

    Example:
        >>> mark_of(Repository("dairy-build", "", "", "Dairy: build (spalje 5f3a)"))
        '5f3a'
    """
    marked_with = re.search(r"\(spalje ([0-9A-Za-z]+)\)", found.description)
    return marked_with[1] if marked_with else ""


def somebody_elses(found: Repository, host: GitHost) -> Conflict:
    """A repository of the wanted name that this undertaking did not make."""
    return Conflict(
        f"There is already a repository '{found.name}' on {host.name} ({found.page}), and this project's creation "
        "did not make it. What is there is never overwritten.",
        do="Choose another name for the project, or rename or delete that repository.",
    )


@dataclass(frozen=True, slots=True)
class RepositorySteps:
    """Makes one repository.

    Attributes:
        project: the project's name.
        title: the project's name for people.
        role: which repository.
        host: where.
        settings: what the settings say of the host; None: it is the embedded one.
        mark: the undertaking's.
        commits: gives the first commits; asked only when one is pushed.
        environ: where secrets are read from.
    """

    project: str
    title: str
    role: Role
    host: GitHost
    settings: GitHostSettings | None
    mark: str
    commits: Callable[[], FirstCommits]
    environ: Mapping[str, str]

    @property
    def name(self) -> str:
        """The repository's short name."""
        return repository_name(self.project, self.role)

    def all(self) -> tuple[Step, ...]:
        """The steps, in their order."""
        wanted = [
            ("repository", f"repository {self.name}", self.repository),
            ("variables", f"CI variables of {self.name}", self.variables),
            ("secrets", f"CI secrets of {self.name}", self.secrets),
            ("first-commit", f"first commit of {self.name}", self.first_commit),
            ("protection", f"branch {git.BRANCH} of {self.name} protected", self.protect),
            ("announcement", f"pushes to {self.name} announced", self.announce),
        ]
        if self.settings is not None and not self.settings.protect:
            wanted = [one for one in wanted if one[0] != "protection"]
        if self.settings is None or not self.settings.secrets:
            wanted = [one for one in wanted if one[0] != "secrets"]
        return tuple(Step(f"{self.role}/{name}", says, do) for name, says, do in wanted)

    def repository(self) -> None:
        """It is there, and it is ours.

        Raises:
            Conflict: one of that name is there that is not ours.
        """
        found = self.host.find(self.name)
        if found is None:
            try:
                self.host.create(self.name, f"{self.title}: {self.role} {marked(self.mark)}")
            except Conflict:
                found = self.host.find(
                    self.name
                )  # an attempt of ours whose answer was lost, or somebody else
                if found is None:
                    raise
        if found is not None and not is_ours(found, self.mark):
            raise somebody_elses(found, self.host)

    def variables(self) -> None:
        """Its CI variables have their values."""
        wanted = {PROJECT_VARIABLE: self.project}
        if self.settings is not None:
            webhook = {BUILDS_VARIABLE: "webhook"} if self.settings.webhook_url else {}
            wanted = {**webhook, **self.settings.variables, **wanted}
        for name, value in wanted.items():
            self.host.set_variable(self.name, name, value, secret=False)

    def secrets(self) -> None:
        """Its secret CI variables have the values that the variables named in the settings hold now."""
        if self.settings is None:
            return
        for name, variable in self.settings.secrets.items():
            value = secret(name, variable, self.host.name, self.environ)
            self.host.set_variable(self.name, name, value, secret=True)

    def first_commit(self) -> None:
        """Its main branch is there, with the first commit."""
        self.commits().push(self.role, self.host.remote(self.name))

    def protect(self) -> None:
        """Nobody rewrites its main branch."""
        self.host.protect(self.name, git.BRANCH)

    def announce(self) -> None:
        """Its pushes are announced."""
        self.host.announce(self.name, self.project, self.role)


def secret(name: str, variable: str, host: str, environ: Mapping[str, str]) -> str:
    """The value of a secret, read where the settings say.

    Raises:
        BadInput: the variable is not set.

    Example:
        >>> secret("TOKEN", "OUR_TOKEN", "gitea", {})
        Traceback (most recent call last):
            ...
        spalje.errors.BadInput: The CI secret TOKEN of host 'gitea' is to be read from OUR_TOKEN, which is not set.
    """
    value = environ.get(variable)
    if not value:
        raise BadInput(
            f"The CI secret {name} of host '{host}' is to be read from {variable}, which is not set.",
            do=f"Set the environment variable {variable}, or mend [git_hosts.{host}.secrets] in settings.toml.",
        )
    return value
