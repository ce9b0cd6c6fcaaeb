"""``spalje template``: what projects can be created from."""

from cyclopts import App

from spalje.cli.options import Common
from spalje.cli.output import console, print_json, table
from spalje.project.catalog import catalog

app = App(name="template", help="Templates that projects are created from.")


@app.command(name="list")
def list_(*, common: Common = Common()) -> None:
    """The templates on offer."""
    templates = catalog()
    if common.json:
        print_json(templates)
        return
    console().print(
        table(
            ("template", "version", "owner", "description"),
            [(t.name, t.version, t.owner, t.description) for t in templates],
        )
    )
