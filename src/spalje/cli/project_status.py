"""``spalje project status``: how far behind its template each project is."""

import os
from typing import Any

from rich.text import Text

from spalje.cli.options import Common
from spalje.cli.output import console, plain, print_json, table
from spalje.project.update.status import ProjectStatus, RepositoryStatus, project_status
from spalje.project.update.text import counted


def status(name: str | None = None, *, wait: float = 20.0, common: Common = Common()) -> None:
    """How far behind its template each project is, and which updates are open.

    Versions are those that the repositories themselves say on main.

    Args:
        name: only this project; default: all.
        wait: how long to wait for Git hosts, seconds.
    """
    workspace = common.open()
    projects = (workspace.metadata.projects.get(name),) if name else workspace.metadata.projects.all()
    found = project_status(
        projects,
        workspace.projects.place,
        workspace.projects.template_versions,
        wait_s=wait,
        side_by_side=max(8, os.cpu_count() or 1),
    )
    if common.json:
        print_json(
            [{**plain(one), "repositories": [_plain(each) for each in one.repositories]} for one in found]
        )
        return
    out = console()
    rows = [
        (
            one.project,
            one.template,
            *(repository.version or "?" for repository in one.repositories),
            one.newest or "?",
            _behind(one),
            _open(one),
        )
        for one in found
    ]
    out.print(table(("project", "template", "build", "deploy", "newest", "behind", "open update"), rows))
    problems = [
        (f"{one.project}, {repository.role}", repository.problem)
        for one in found
        for repository in one.repositories
        if repository.problem
    ]
    problems += [
        (template, problem)
        for template, problem in {one.template: one.problem for one in found}.items()
        if problem
    ]
    if problems:
        out.print()
        out.print(table(("not read", "why"), problems))
    behind = [one for one in found if one.behind]
    if behind:
        out.print(f"\n{len(behind)} of {len(found)} behind. Next: {_next(behind)}")


def _next(behind: list[ProjectStatus]) -> str:
    """What to do about projects that are behind."""
    untold = [one for one in behind if not any(repository.update for repository in one.repositories)]
    if not untold:
        return "each team merges its pull requests."
    first = untold[0]
    command = f"project update {first.project}" if len(untold) == 1 else f"template rollout {first.template}"
    return f"spalje {command}"


def _plain(one: RepositoryStatus) -> dict[str, Any]:
    """A repository for machines; an update without its description."""
    update = one.update and {
        "number": one.update.number,
        "page": one.update.page,
        "title": one.update.title,
        "conflicts": one.conflicts,
        "worked_on": one.worked_on,
    }
    return {"role": one.role, "version": one.version, "update": update, "problem": one.problem}


def _behind(one: ProjectStatus) -> Text:
    if one.behind is None:
        return Text("?", style="yellow")
    return Text(str(one.behind) if one.behind else "–", style="yellow" if one.behind else "green")


def _open(one: ProjectStatus) -> Text:
    """The open updates of a project's repositories."""
    return Text(", ".join(_request(repository) for repository in one.repositories if repository.update))


def _request(one: RepositoryStatus) -> str:
    """The open update of a repository."""
    number = f"{one.role} #{one.update.number}" if one.update else ""
    return f"{number} (worked on)" if one.worked_on else number + counted(one.conflicts)
