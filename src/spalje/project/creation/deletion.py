"""Deleting a project, half-made or whole: said what goes, then done in steps that can be done again."""

import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

from spalje.errors import NotFound, Refused
from spalje.lineage.lease import Lease
from spalje.project import git
from spalje.project.creation.first_commit import ROLES
from spalje.project.creation.repository_steps import is_ours, mark_of, repository_name
from spalje.project.creation.undertaking import Alone, Step, Told, alone_with, carry_out, quiet
from spalje.project.git_hosts.port import GitHost, Repository
from spalje.registry.project import Project
from spalje.registry.undertaking import Undertaking
from spalje.storage.metadata import Metadata

#: A repository that nobody has worked in holds the commit that the creation pushed.
_FIRST = 1


@dataclass(frozen=True, slots=True)
class DoomedRepository:
    """A repository that would be deleted.

    Attributes:
        name: its short name.
        page: where a person looks at it.
        commits: how many it holds, on all branches.
        pull_requests: how many are open.
    """

    name: str
    page: str
    commits: int
    pull_requests: int


@dataclass(frozen=True, slots=True)
class Doomed:
    """What would be deleted.

    Attributes:
        project: the project's name.
        state: ``whole``, or what was begun with it and is not finished.
        host: the Git host.
        repositories: those that go, with their webhooks, CI variables and secrets.
        left: pages of repositories of the project's names that are not the project's; they stay.
        rows: noun -> rows of the metadata.
        logs: the folders with the logs of its runs and of its CI.
    """

    project: str
    state: Literal["whole", "half-made", "half-deleted"]
    host: str
    repositories: tuple[DoomedRepository, ...]
    left: tuple[str, ...]
    rows: Mapping[str, int]
    logs: tuple[Path, ...]

    def refuse_if_changed(self) -> None:
        """Refuse to delete what somebody has worked on.

        Raises:
            Refused: a repository holds commits beyond the first.
        """
        changed = [one for one in self.repositories if one.commits > _FIRST]
        if changed:
            raise Refused(
                f"Somebody has worked in {' and '.join(f'{one.name} ({one.commits} commits)' for one in changed)}: "
                "deleted, that work is gone from the host.",
                do=f"Keep a clone, then: spalje project delete {self.project} --even-changed",
            )


@dataclass(frozen=True)
class Deletion:
    """Deletes projects.

    Attributes:
        metadata: where they are recorded.
        hosts: gives a Git host by name.
        alone: holds a lease.
        logs: the folders that have a folder of logs for each project.
        clock: the time, UTC.
    """

    metadata: Metadata
    hosts: Callable[[str], GitHost]
    alone: Alone
    logs: tuple[Path, ...]
    clock: Callable[[], datetime]

    def look(self, name: str) -> Doomed:
        """What would be deleted; nothing is changed.

        Raises:
            NotFound: there is no such project, and none was begun.
            Refused: it has model versions or batches.
        """
        undertaking, project = self._find(name)
        self.metadata.projects.refuse_if_kept(name)
        host = self.hosts(_host(undertaking, project))
        ours, left = self._repositories(name, host, undertaking, project)
        logs = tuple(folder / name for folder in self.logs if (folder / name).exists())
        return Doomed(
            name,
            _state(undertaking),
            host.name,
            tuple(_look(one, host) for one in ours),
            tuple(one.page for one in left),
            self.metadata.projects.rows(name),
            logs,
        )

    def delete(self, name: str, by: str, *, even_changed: bool = False, tell: Told = quiet) -> Doomed:
        """Delete a project: its repositories, its rows, its logs. Clones and artifacts stay.

        Args:
            name: the project's name.
            by: who deletes it.
            even_changed: also when somebody has worked in its repositories.
            tell: told how far it has come.

        Returns:
            What was deleted.

        Raises:
            NotFound: there is no such project, and none was begun.
            Refused: it has model versions or batches, or somebody has worked in its repositories.
            Conflict: it is being created, deleted or run.
            Unfinished: a step went wrong; said again, the deletion goes on.
        """
        with alone_with(name, self.alone) as lease, ExitStack() as stack:
            doomed = self.look(name)
            if not even_changed:
                doomed.refuse_if_changed()
            held = self._hold(name, stack)
            found, project = self._find(name)
            host = self.hosts(_host(found, project))
            wanted = {"host": host.name, "whole": project is not None}
            mark = found.mark if found else self._mark(name, host, project)
            new = Undertaking(name, "delete", mark, wanted, (), self.clock().replace(microsecond=0), by)
            undertaking = self.metadata.undertakings.begin_deletion(new, lease)
            self._hold(name, stack, held)  # those that first ran just now; from here on none begins
            steps = [
                Step(
                    f"{one.name}",
                    f"repository {one.name}",
                    partial(self._delete_repository, one.name, host, undertaking, project),
                )
                for one in doomed.repositories
            ]
            steps.append(Step("files", "logs of its runs and CI", partial(self._delete_files, name)))
            # a repository that is there again, or still, is deleted whatever has been recorded
            undertaking = replace(undertaking, done=())
            ways = f"Then go on by the same command again: spalje project delete {name}"
            record = partial(_advance, self.metadata, lease)
            undertaking = carry_out(undertaking, steps, record, tell, ways)
            self.metadata.undertakings.delete(undertaking, lease)
        return doomed

    def _find(self, name: str) -> tuple[Undertaking | None, Project | None]:
        undertaking = self.metadata.undertakings.get(name)
        projects = {project.name: project for project in self.metadata.projects.all()}
        if undertaking is None and name not in projects:
            begun = (one.project for one in self.metadata.undertakings.all())
            raise NotFound("project", name, {*projects, *begun})
        return undertaking, projects.get(name)

    def _mark(self, name: str, host: GitHost, project: Project | None) -> str:
        """The mark that all of a whole project's repositories bear: what comes in their place later has another."""
        marks = {mark_of(one) for one in self._repositories(name, host, None, project)[0]}
        return marks.pop() if len(marks) == 1 else ""

    def _hold(self, name: str, stack: ExitStack, held: frozenset[str] = frozenset()) -> frozenset[str]:
        """Let no pipeline of the project run, and nobody work on its CI."""
        wanted = frozenset((f"ci/{name}", *(f"pipeline/{name}/{one}" for one in self._pipelines(name))))
        for lease in sorted(wanted - held):
            stack.enter_context(self.alone(lease))
        return wanted | held

    def _pipelines(self, name: str) -> set[str]:
        """The pipelines that have run."""
        return {pipeline for project, pipeline, _ in self.metadata.counts.runs() if project == name}

    def _repositories(
        self, name: str, host: GitHost, undertaking: Undertaking | None, project: Project | None
    ) -> tuple[list[Repository], list[Repository]]:
        """The project's own, and those of its names that are not."""
        ours: list[Repository] = []
        left: list[Repository] = []
        for role in ROLES:
            found = host.find(repository_name(name, role))
            if found is not None:
                (ours if _belongs(found, undertaking, project) else left).append(found)
        return ours, left

    def _delete_repository(
        self, repository: str, host: GitHost, undertaking: Undertaking, project: Project | None
    ) -> None:
        found = host.find(repository)
        if found is not None and _belongs(found, undertaking, project):
            host.delete(repository)

    def _delete_files(self, name: str) -> None:
        for folder in self.logs:
            shutil.rmtree(folder / name, ignore_errors=True)


def _advance(metadata: Metadata, lease: Lease, undertaking: Undertaking, step: str) -> Undertaking:
    return metadata.undertakings.advance(undertaking, step, lease)


def _belongs(found: Repository, undertaking: Undertaking | None, project: Project | None) -> bool:
    """Whether a repository bears the undertaking's mark; where there is none, is recorded as the project's."""
    if undertaking is not None and undertaking.mark:
        return is_ours(found, undertaking.mark)
    recorded = (project.build_repository, project.deploy_repository) if project else ()
    return found.url in recorded


def _host(undertaking: Undertaking | None, project: Project | None) -> str:
    """The Git host that has the repositories."""
    return project.host if project is not None else str(undertaking.wanted["host"] if undertaking else "")


def _state(undertaking: Undertaking | None) -> Literal["whole", "half-made", "half-deleted"]:
    if undertaking is None:
        return "whole"
    return "half-made" if undertaking.what == "create" else "half-deleted"


def _look(found: Repository, host: GitHost) -> DoomedRepository:
    remote = host.remote(found.name)
    commits = git.count_commits(remote.url, remote.environ)
    return DoomedRepository(found.name, found.page, commits, len(host.pull_requests(found.name)))
