"""``spalje project update``: a newer template as a branch and a pull request for each repository."""

from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.text import Text

from spalje.cli.options import Common, pairs, person
from spalje.cli.output import console, print_json, table
from spalje.errors import BadInput, Refused, SpaljeError, UsageError
from spalje.project.creation.first_commit import ROLES
from spalje.project.template.question import parse_answers
from spalje.project.update.fleet import ProjectUpdate
from spalje.project.update.repository_update import Outcome, RepositoryUpdate
from spalje.project.update.text import CONFLICTS

#: An outcome in words.
SAID: dict[Outcome, str] = {
    "current": "is at that version",
    "newer": "is at a newer version",
    "same": "nothing would change",
    "proposed": "proposed",
    "standing": "proposed before, up to date",
    "continued": "left alone: somebody works on it",
    "would": "would be proposed",
    "failed": "failed",
}


def update(
    name: str,
    *,
    to: str | None = None,
    answer: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    common: Common = Common(),
) -> int:
    """Bring a newer version of its template to a project, as a pull request for each repository.

    What the team has changed is kept: the template's changes are merged into it.
    Files that both changed in the same lines have both, between markers, and
    are listed. Nothing reaches main until somebody merges the pull request.
    Leaves with 4 when there are conflicts.

    Args:
        name: the project.
        to: the version; default: the newest.
        answer: NAME=VALUE, an answer to a question that is new, or another than before; may be repeated.
        dry_run: show what would change, and push nothing.
    """
    workspace = common.open()
    project = workspace.metadata.projects.get(name)
    template = workspace.projects.template(project.template, to)
    given = parse_answers(template, pairs(answer, "--answer"))
    updater = workspace.projects.updater(person(), dry=dry_run, queue=workspace.ci.pushed(person()))
    done = ProjectUpdate(name, tuple(updater.update(project, role, template, given) for role in ROLES))
    if common.json:
        print_json(
            {
                "project": name,
                "template": template.name,
                "version": template.version,
                "outcome": done.outcome,
                "repositories": done.repositories,
            }
        )
    else:
        _show(console(), done, f"{template.name} {template.version}", dry_run=dry_run)
    _complain(done, said=common.json)
    return 4 if done.conflicts else 0


def _show(out: Console, done: ProjectUpdate, template: str, *, dry_run: bool) -> None:
    out.print(Text.assemble((done.project, "bold"), f": to template {template}"))
    rows = [
        (one.role, one.was, SAID[one.outcome], files(one), one.conflicts or None, request(one))
        for one in done.repositories
    ]
    out.print(table(("repository", "is at", "update", "files", "conflicts", "pull request"), rows))
    for one in done.repositories:
        _detail(out, one, dry_run=dry_run)
    proposed = [one for one in done.repositories if one.pull_request and one.outcome != "current"]
    if proposed:
        out.print("\nNext: look at it and merge it, as any other change.")
        for one in proposed:
            if one.pull_request:
                out.print(Text.assemble((f"{one.role}: ", "dim"), one.pull_request.page), soft_wrap=True)


def _detail(out: Console, one: RepositoryUpdate, *, dry_run: bool) -> None:
    """What a person must know of a repository beside its row."""
    merged = one.merged
    if one.said and one.outcome != "failed":
        out.print(Text(f"\n{one.said}", style="yellow"))
    if merged is None:
        return
    if dry_run and merged.changes:
        lines = [
            (
                change.path,
                change.how,
                change.added,
                change.removed,
                f"was {change.before}" if change.before else "",
            )
            for change in merged.changes
        ]
        out.print(table((f"\n{one.role}: files", "\nwhat", "\n+", "\n−", "\n"), lines))
    if merged.conflicts:
        lines_ = [(conflict.path, *CONFLICTS[conflict.kind]) for conflict in merged.conflicts]
        out.print(table((f"\n{one.role}: conflicts", "\nwhat happened", "\nwhat to do"), lines_))
    for head, paths in (
        ("you deleted these, they stay deleted", merged.left_deleted),
        ("the template has no use for these any more, yours stay", merged.kept),
        ("not asked any more", one.dropped),
        ("answered", tuple(f"{name} = {value}" for name, value in one.answered.items())),
    ):
        if paths:
            out.print(Text(f"\n{one.role}: {head}: {', '.join(paths)}"))


def files(one: RepositoryUpdate) -> int | None:
    """How many files change; None: nothing was merged."""
    return len(one.merged.changes) if one.merged else None


def request(one: RepositoryUpdate) -> str | None:
    """The number of the pull request."""
    return f"#{one.pull_request.number}" if one.pull_request else None


def _complain(done: ProjectUpdate, *, said: bool) -> None:
    """End with the error of what failed; with JSON it stands there already, and only the exit code is left.

    Raises:
        SpaljeError: a repository could not be updated.
    """
    wrong = [one for one in done.repositories if one.outcome == "failed"]
    newer = [one for one in done.repositories if one.outcome == "newer"]
    if not wrong and not newer:
        return
    first = (wrong or newer)[0]
    what = f"{done.project}, {first.role} repository: {first.said}"
    if said:
        raise SystemExit(first.code or 4)
    kinds: dict[int, type[SpaljeError]] = {2: UsageError, 3: BadInput, 4: Refused}
    raise kinds.get(first.code or 4, SpaljeError)(what, do=first.do)
