"""Many projects at once: each is updated by itself, and one that fails stops no other."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Literal, get_args

from spalje.errors import SpaljeError
from spalje.project.update.repository_update import RepositoryUpdate
from spalje.registry.person import is_one_of
from spalje.registry.project import Project

#: How a project stands after an update, worst first: what is true of one of its repositories is true of it.
ProjectOutcome = Literal[
    "failed", "conflicts", "continued", "proposed", "would", "standing", "same", "newer", "current"
]

_WORST: tuple[ProjectOutcome, ...] = get_args(ProjectOutcome)


@dataclass(frozen=True, slots=True)
class ProjectUpdate:
    """What became of an update of a project.

    Attributes:
        project: its name.
        repositories: what became of each of its repositories.
    """

    project: str
    repositories: tuple[RepositoryUpdate, ...]

    @property
    def outcome(self) -> ProjectOutcome:
        """How the project stands."""
        found = {"conflicts" if one.conflicts else one.outcome for one in self.repositories}
        return next(outcome for outcome in _WORST if outcome in found)

    @property
    def conflicts(self) -> int:
        """How many files a person has to look at."""
        return sum(one.conflicts for one in self.repositories)


@dataclass(frozen=True, slots=True)
class Fleet:
    """What became of an update of many projects.

    Attributes:
        template, version: what they were to be brought to.
        projects: by name.
    """

    template: str
    version: str
    projects: tuple[ProjectUpdate, ...]

    @property
    def counts(self) -> Mapping[ProjectOutcome, int]:
        """How many projects there are of each outcome that occurs, worst first."""
        outcomes = [one.outcome for one in self.projects]
        return {outcome: outcomes.count(outcome) for outcome in _WORST if outcome in outcomes}

    @property
    def exit_code(self) -> int:
        """1 where something failed, 4 where people have conflicts to settle, else 0."""
        return 1 if "failed" in self.counts else 4 if "conflicts" in self.counts else 0


def chosen(
    projects: Iterable[Project],
    template: str,
    *,
    names: Sequence[str] = (),
    teams: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[Project, ...]:
    """The projects made from a template, by name.

    Args:
        projects: all.
        template: its name.
        names: only these; none: all.
        teams: only those whose owner is one of these teams, or somebody in it: name of a team -> its people.
            None: all.
    """

    def owned(project: Project) -> bool:
        if teams is None:
            return True
        return any(
            project.owner.casefold() == team.casefold() or is_one_of(project.owner, people)
            for team, people in teams.items()
        )

    return tuple(
        sorted(
            (
                one
                for one in projects
                if one.template == template and (not names or one.name in names) and owned(one)
            ),
            key=lambda one: one.name,
        )
    )


def roll_out(
    projects: Sequence[Project],
    update: Callable[[Project], ProjectUpdate],
    *,
    side_by_side: int,
    tell: Callable[[ProjectUpdate], None] = lambda _: None,
) -> tuple[ProjectUpdate, ...]:
    """Update projects, several side by side; in the order given.

    Interrupted, it waits for those that are under way; called again, it finds what is there and goes on.

    Args:
        projects: which.
        update: updates one.
        side_by_side: how many at a time.
        tell: told of each that is done.
    """
    done: dict[str, ProjectUpdate] = {}
    pool = ThreadPoolExecutor(side_by_side, thread_name_prefix="update")
    try:
        waiting = {pool.submit(update, project): project for project in projects}
        for future in as_completed(waiting):
            project = waiting[future]
            try:
                done[project.name] = future.result()
            except SpaljeError as error:
                done[project.name] = failed(project, str(error), error.do)
            except Exception as error:  # noqa: BLE001  whatever it is, the other projects go on
                done[project.name] = failed(project, f"{type(error).__name__}: {error}", "")
            tell(done[project.name])
    finally:
        pool.shutdown(cancel_futures=True)
    return tuple(done[project.name] for project in projects)


def failed(project: Project, said: str, do: str) -> ProjectUpdate:
    """A project of which nothing was updated."""
    update = RepositoryUpdate("build", "failed", None, "", said=said, do=do, code=1)
    return ProjectUpdate(project.name, (update,))
