"""``spalje template rollout``: a version of a template, proposed to every project that was made from it."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from spalje.cli.options import Common, person
from spalje.cli.output import console, print_json, table
from spalje.errors import NotFound
from spalje.project.creation.first_commit import ROLES
from spalje.project.update.fleet import Fleet, ProjectOutcome, ProjectUpdate, chosen, roll_out
from spalje.project.update.side_by_side import SideBySide
from spalje.registry.project import Project

#: An outcome in words and in its colour, worst first.
_SAID: dict[ProjectOutcome, tuple[str, str]] = {
    "failed": ("failed", "red"),
    "conflicts": ("with conflicts", "yellow"),
    "continued": ("left alone: somebody works on it", "cyan"),
    "proposed": ("proposed", "green"),
    "would": ("would be proposed", "green"),
    "standing": ("proposed before, up to date", "green"),
    "same": ("nothing would change", "dim"),
    "newer": ("at a newer version", "dim"),
    "current": ("at that version", "dim"),
}


def rollout(
    template: str,
    *,
    to: str | None = None,
    project: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    team: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    common: Common = Common(),
) -> int:
    """Propose a version of a template to every project that was made from it, as pull requests.

    Each project is updated as by `spalje project update`; one that fails stops
    no other. Interrupted and given again, it goes on: what is proposed already
    stays. Leaves with 1 when something failed, 4 when there are conflicts.

    Args:
        template: the template.
        to: the version; default: the newest.
        project: only this project; may be repeated.
        team: only projects that this team of settings.toml, or somebody in it, owns; may be repeated.
        dry_run: show what would change, and push nothing.
    """
    workspace = common.open()
    known = workspace.metadata.projects.all()
    for name in project:
        if name not in {one.name for one in known}:
            raise NotFound("project", name, (one.name for one in known))
    teams = workspace.settings.teams
    for name in team:
        if name not in teams:
            raise NotFound("team", name, teams, do="Teams stand in settings.toml; see docs/settings.md.")
    wanted = workspace.projects.template(template, to)
    projects = chosen(
        known, template, names=project, teams={name: teams[name] for name in team} if team else None
    )
    cores = os.cpu_count() or 1
    with (
        SideBySide.of(min(cores, 2 * len(projects)), trusted=wanted.trusted) as renderers,
        _bar(len(projects)) as tell,
    ):
        updater = workspace.projects.updater(
            person(), dry=dry_run, render=renderers.render, queue=workspace.ci.pushed(person())
        )

        def update(one: Project) -> ProjectUpdate:
            return ProjectUpdate(one.name, tuple(updater.update(one, role, wanted) for role in ROLES))

        done = roll_out(projects, update, side_by_side=max(8, cores), tell=tell)
    fleet = Fleet(template, wanted.version, done)
    if common.json:
        print_json(
            {
                "template": fleet.template,
                "version": fleet.version,
                "counts": fleet.counts,
                "projects": [
                    {"project": one.project, "outcome": one.outcome, "repositories": one.repositories}
                    for one in fleet.projects
                ],
            }
        )
    else:
        _show(console(), fleet)
    return fleet.exit_code


def _show(out: Console, fleet: Fleet) -> None:
    if not fleet.projects:
        out.print(f"No project here was made from {fleet.template}.")
        return
    rows = [
        (
            one.project,
            *(f"{repository.was or '?'}" for repository in one.repositories[:1]),
            Text(*_SAID[one.outcome]),
            one.conflicts or "",
            ", ".join(
                f"{repository.role} #{repository.pull_request.number}"
                for repository in one.repositories
                if repository.pull_request
            ),
        )
        for one in fleet.projects
    ]
    out.print(table(("project", "was", "update", "conflicts", "pull requests"), rows))
    failed = [
        (f"{one.project}, {repository.role}", f"{repository.said} {repository.do}".strip())
        for one in fleet.projects
        for repository in one.repositories
        if repository.outcome == "failed"
    ]
    if failed:
        out.print()
        out.print(table(("failed", "why, and what to do"), failed))
    summary = Text.assemble((f"\n{fleet.template} {fleet.version}: ", "bold"))
    parts = [
        Text(f"{count} {_SAID[outcome][0]}", _SAID[outcome][1]) for outcome, count in fleet.counts.items()
    ]
    out.print(summary + Text(", ").join(parts))
    if any(one.pull_request for each in fleet.projects for one in each.repositories):
        out.print("Next: each team merges its pull requests; spalje project status shows which are open.")


@contextmanager
def _bar(total: int) -> Iterator[Callable[[ProjectUpdate], None]]:
    """How far it has come, on a terminal; nothing elsewhere."""
    err = Console(stderr=True)
    if not err.is_terminal:
        yield lambda _: None
        return
    columns = (
        TextColumn("updating"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda done: progress.update(task, advance=1, description=done.project)
