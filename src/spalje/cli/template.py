"""``spalje template``: what projects can be created from."""

import sys

from cyclopts import App

from spalje.cli.options import Common, person
from spalje.cli.output import console, print_json, table
from spalje.cli.template_card import as_json, catalog_of, print_card
from spalje.errors import NotFound
from spalje.project.template.catalog import check_name, is_shipped
from spalje.project.template.catalog_file import Entry

app = App(
    name="template",
    help="Templates that projects are created from: list, show, copy, add, remove, check, roll them out.",
)
app.command("spalje.cli.template_add:add", name="add")
app.command("spalje.cli.template_check:check", name="check")
app.command("spalje.cli.template_copy:copy", name="copy")
app.command("spalje.cli.template_rollout:rollout", name="rollout")


@app.command(name="list")
def list_(*, common: Common = Common()) -> None:
    """The templates on offer to you."""
    offer = catalog_of(common).look(person())
    for name, problem in offer.problems.items():
        sys.stderr.write(f"spalje: template '{name}' cannot be read: {problem}\n")
    if common.json:
        print_json([as_json(template) for template in offer.templates])
        return
    console().print(
        table(
            ("template", "version", "owner", "description"),
            [(t.name, t.version, t.owner, t.description) for t in offer.templates],
        )
    )


@app.command
def show(name: str, *, version: str | None = None, common: Common = Common()) -> None:
    """A template: what it is, what it asks, and what it may run.

    Args:
        name: the template.
        version: which version of it; default: the newest.
    """
    catalog = catalog_of(common)
    found = catalog.find(name, person(), version)
    print_card(found, catalog.versions(name, person()), as_json_=common.json)


@app.command
def remove(name: str, *, common: Common = Common()) -> None:
    """Take a template out of the catalog; projects that were made from it stay as they are.

    Args:
        name: the template; one that comes with Spaljé is hidden.
    """
    check_name("template", name)
    catalog = catalog_of(common)
    entries = catalog.entries.read()
    if is_shipped(name) and name not in entries:
        catalog.entries.put(name, Entry(hidden=True))
        said = f"Template '{name}' comes with Spaljé; it is hidden now. Show it again: spalje template add {name}"
    elif name in entries:
        catalog.entries.drop(name)
        back = " The one that comes with Spaljé is on offer again." if is_shipped(name) else ""
        said = f"Template '{name}' is out of the catalog.{back}"
    else:
        raise NotFound("template", name, [template.name for template in catalog.all()])
    if common.json:
        print_json({"removed": name})
        return
    console().print(said, soft_wrap=True)
