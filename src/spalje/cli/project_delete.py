"""``spalje project delete``: undo a project, half-made or whole."""

import sys
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.text import Text

from spalje.cli.options import Common, person
from spalje.cli.output import console, print_json, table
from spalje.cli.undertaking import shown
from spalje.errors import SpaljeError, UsageError
from spalje.project.creation.deletion import Doomed

_STATES = {
    "whole": "Project {name}",
    "half-made": "Project {name}, whose creation is not finished,",
    "half-deleted": "The rest of project {name}, whose deletion is not finished,",
}


def delete(
    name: str,
    *,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    yes: Annotated[bool, Parameter(negative="")] = False,
    even_changed: Annotated[bool, Parameter(negative="")] = False,
    common: Common = Common(),
) -> None:
    """Delete a project: its repositories, webhooks, runs and logs; or undo a creation that was not finished.

    A project that has model versions or batches stays: the record of what was decided and published is not erased.
    Artifacts stay, for other projects may share them; clones of yours stay.

    Args:
        name: the project.
        dry_run: only say what would be deleted.
        yes: do not ask.
        even_changed: also when its repositories hold commits beyond the first.
    """
    workspace = common.open()
    doomed = workspace.projects.deletion.look(name)
    if dry_run:
        if common.json:
            print_json({"deleted": False, "what": doomed})
            return
        _list(console(), doomed, "would be deleted:")
        return
    if not even_changed:
        doomed.refuse_if_changed()
    if not yes:
        _ask(doomed)
    with shown() as tell:
        deleted = workspace.projects.deletion.delete(name, person(), even_changed=even_changed, tell=tell)
    if common.json:
        print_json({"deleted": True, "what": deleted})
        return
    _list(console(), deleted, "is deleted:")


def _ask(doomed: Doomed) -> None:
    """Have a person type the project's name."""
    if not sys.stdin.isatty():
        raise UsageError(
            f"Nobody can be asked whether project '{doomed.project}' shall be deleted: this is no terminal.",
            do=f"See what would go with --dry-run; then give --yes: spalje project delete {doomed.project} --yes",
        )
    err = Console(stderr=True, highlight=False)
    _list(err, doomed, "would be deleted:")
    said = err.input(Text.assemble("\nType ", (doomed.project, "bold"), " to delete it: "))
    if said.strip() != doomed.project:
        raise SpaljeError("Nothing was deleted: that was not the name of the project.")


def _list(out: Console, doomed: Doomed, verb: str) -> None:
    out.print(Text(f"{_STATES[doomed.state].format(name=doomed.project)} {verb}"))
    rows: list[tuple[str, object]] = []
    for one in doomed.repositories:
        commits = f"{one.commits} {'commit' if one.commits == 1 else 'commits'}"
        opened = f", {one.pull_requests} open pull requests" if one.pull_requests else ""
        rows.append((f"repository {one.name}", f"{commits}{opened}; its hooks, CI variables and secrets"))
        rows.append(("", one.page))
    rows += [(noun, count) for noun, count in doomed.rows.items()]
    rows += [("logs", str(folder)) for folder in doomed.logs]
    if not rows:
        rows = [("nothing but the note that it was begun", "")]
    out.print(table(("what", ""), rows))
    for page in doomed.left:
        out.print(Text(f"Left alone, for it is not this project's: {page}", style="yellow"))
    out.print(Text("Artifacts stay: other projects may share them. So do clones of yours.", style="dim"))
