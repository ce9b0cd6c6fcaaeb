"""How far behind its template each project is, read from the repositories themselves."""

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

from spalje.errors import SpaljeError
from spalje.project.creation.first_commit import ROLES
from spalje.project.git import BRANCH
from spalje.project.git_hosts.port import PullRequest
from spalje.project.hook import Role
from spalje.project.template.card import in_order
from spalje.project.update.branch import look, version_of
from spalje.project.update.recorded_answers import read_recorded_answers
from spalje.project.update.update import Place
from spalje.registry.project import Project


@dataclass(frozen=True, slots=True)
class RepositoryStatus:
    """How one of a project's repositories stands.

    Attributes:
        role: which.
        version: the version of the template that main is at; None: it could not be read.
        update: an update that is proposed and open, the newest; None: there is none.
        worked_on: whether somebody has added commits to it.
        conflicts: how many files of it a person has to look at; where somebody works on it, nobody counts any more.
        problem: why something could not be read; empty: all was.
    """

    role: Role
    version: str | None
    update: PullRequest | None = None
    worked_on: bool = False
    conflicts: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ProjectStatus:
    """How a project stands.

    Attributes:
        project, template: names.
        newest: the newest version of the template; None: the template is not in the catalog any more.
        behind: how many versions the repository that is further behind is behind the newest; None: not known.
        repositories: how each stands.
        problem: why the template's versions could not be read; empty: they were.
    """

    project: str
    template: str
    newest: str | None
    behind: int | None
    repositories: tuple[RepositoryStatus, ...]
    problem: str = ""


def project_status(
    projects: Sequence[Project],
    place: Callable[[Project, Role], Place],
    versions: Callable[[str], tuple[str, ...]],
    *,
    wait_s: float,
    side_by_side: int,
) -> tuple[ProjectStatus, ...]:
    """How projects stand, in the order given.

    Args:
        projects: which.
        place: finds a repository.
        versions: the versions of a template, oldest first; raises where it is not known.
        wait_s: how long to wait for repositories, seconds; one that has not answered by then is said to be late.
        side_by_side: how many repositories are looked at at a time.
    """
    known: dict[str, tuple[tuple[str, ...], str]] = {}
    for template in {project.template for project in projects}:
        try:
            known[template] = (versions(template), "")
        except SpaljeError as error:
            known[template] = ((), str(error))
    wanted = [(project, role) for project in projects for role in ROLES]
    found = _within(wait_s, side_by_side, wanted, lambda one: repository_status(*one, place))
    rows = []
    for project in projects:
        repositories = tuple(
            found.get((project.name, role))
            or RepositoryStatus(role, None, problem=f"{project.host} has not answered within {wait_s:g} s.")
            for role in ROLES
        )
        steps, problem = known[project.template]
        rows.append(
            ProjectStatus(
                project.name,
                project.template,
                steps[-1] if steps else None,
                _behind(repositories, steps),
                repositories,
                problem,
            )
        )
    return tuple(rows)


def repository_status(
    project: Project, role: Role, place: Callable[[Project, Role], Place]
) -> RepositoryStatus:
    """How a repository stands; what cannot be read is said."""
    recorded = None
    try:
        there = place(project, role)
        recorded = read_recorded_answers(
            there.bare, f"refs/heads/{BRANCH}", project=project.name, role=role, template=project.template
        ).version
        open_ = {
            version: one
            for one in there.host.pull_requests(there.name)
            if (version := version_of(one.source))
        }
        if not open_:
            return RepositoryStatus(role, recorded)
        newest = max(open_, key=in_order)
        branch = look(there.bare, newest, f"refs/heads/{BRANCH}")
    except SpaljeError as error:
        return RepositoryStatus(role, recorded, problem=str(error))
    conflicts = branch.mark.conflicts if branch.mark and branch.state == "ours" else 0
    return RepositoryStatus(role, recorded, open_[newest], branch.state == "continued", conflicts)


def _behind(repositories: Sequence[RepositoryStatus], versions: Sequence[str]) -> int | None:
    counts = [
        sum(in_order(one.version) < in_order(version) for version in versions)
        for one in repositories
        if one.version is not None and versions
    ]
    return max(counts, default=None)


def _within(
    wait_s: float,
    side_by_side: int,
    wanted: Sequence[tuple[Project, Role]],
    look: Callable[[tuple[Project, Role]], RepositoryStatus],
) -> Mapping[tuple[str, Role], RepositoryStatus]:
    """What answered in time. Nobody waits for what did not: a host that is down must not hold up the command."""
    jobs: queue.SimpleQueue[tuple[Project, Role]] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[str, RepositoryStatus]] = queue.SimpleQueue()
    for one in wanted:
        jobs.put(one)

    def work() -> None:
        while True:
            try:
                one = jobs.get_nowait()
            except queue.Empty:
                return
            try:
                status = look(one)
            except Exception as error:  # noqa: BLE001  whatever it is, the other repositories are looked at
                status = RepositoryStatus(one[1], None, problem=f"{type(error).__name__}: {error}")
            done.put((one[0].name, status))

    for _ in range(min(side_by_side, len(wanted))):
        threading.Thread(target=work, daemon=True).start()
    found: dict[tuple[str, Role], RepositoryStatus] = {}
    end = monotonic() + wait_s
    while len(found) < len(wanted) and (left := end - monotonic()) > 0:
        try:
            name, status = done.get(timeout=left)
        except queue.Empty:
            break
        found[name, status.role] = status
    return found
