"""``spalje template add``: a template of the company's own in the catalog."""

import re
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from spalje.cli.options import Common, person
from spalje.cli.output import console, print_json
from spalje.cli.template_card import as_json, print_card
from spalje.errors import NotFound, UsageError
from spalje.project.template.catalog import check_name, is_shipped
from spalje.project.template.catalog_file import Entry
from spalje.project.template.may_run import check_trust
from spalje.project.template.question import questions
from spalje.project.template.source import check_source
from spalje.workspace import Workspace


def add(
    source: str,
    *,
    name: str | None = None,
    subfolder: str = "",
    team: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    trust: Annotated[bool, Parameter(negative="")] = False,
    common: Common = Common(),
) -> None:
    """Add a template to the catalog, or change where it is; shows what it is first.

    Args:
        source: a folder; a Git repository (a path, https://… or ssh://…), whose tags such as 1.2.0 are the versions;
            or package:NAME/FOLDER, a folder of an installed package.
        name: what to call it; default: the source's name.
        subfolder: where in the source the template is.
        team: a team of the settings that sees it; may be repeated; no team named: everybody sees it.
        trust: it may run programs while it is rendered; read what it runs first.
    """
    workspace = Workspace.create(common.folder)
    catalog = workspace.projects.catalog
    if is_shipped(source) and not Path(source).exists():
        catalog.entries.drop(source)
        return _tell(workspace, source, common)
    place = _place(source)
    check_source(place, subfolder)
    called = name or re.sub(r"\.git$", "", re.split("[/:]", (subfolder or place).rstrip("/"))[-1]).lower()
    try:
        check_name("template", called)
    except UsageError as error:
        raise UsageError(str(error), do=f"{error.do} Name it with --name.") from None
    for one in team:
        if one not in workspace.settings.teams:
            raise NotFound(
                "team", one, workspace.settings.teams, do="Name the people of teams in settings.toml."
            )
    entry = Entry(source=place, subfolder=subfolder, trusted=trust, teams=team)
    found = catalog.sources.template(called, entry)
    questions(found)  # what cannot be asked cannot be offered
    if not common.json:
        print_card(found, catalog.sources.versions(called, entry))
        console().print()
    check_trust(found)
    catalog.entries.put(called, entry)
    return _tell(workspace, called, common)


def _place(source: str) -> str:
    """The source as the catalog keeps it: a path is a whole path."""
    if re.match(r"package:|[a-z+]+://|[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:", source):
        return source
    folder = Path(source).expanduser().absolute()
    if not folder.is_dir():
        raise UsageError(
            f"There is no folder {folder}.", do="Name a folder, a Git repository or package:NAME/FOLDER."
        )
    return str(folder.resolve())


def _tell(workspace: Workspace, name: str, common: Common) -> None:
    found = workspace.projects.catalog.find(name)
    if common.json:
        print_json(as_json(found))
        return
    unseen = (
        ""
        if name in {t.name for t in workspace.projects.catalog.all(person())}
        else " You are in none of its teams."
    )
    console().print(f"Template '{name}' {found.version} is in the catalog.{unseen}", soft_wrap=True)
    console().print(f"Try it: spalje template check {name}", soft_wrap=True)
