"""``spalje pipeline``: recipes compiled and checked."""

import sys
from pathlib import Path

from cyclopts import App

from spalje.cli.options import Common
from spalje.cli.output import console, print_json, table
from spalje.pipeline.compile import compile_recipe

app = App(name="pipeline", help="Recipes: compile and check them.")


@app.command(name="compile")
def compile_(folder: Path = Path(), *, common: Common = Common()) -> None:
    """Compile the recipe of a working clone and check it; says file and line of everything wrong.

    Args:
        folder: the clone, with pipeline.py and spalje.toml.
    """
    definitions = compile_recipe(folder, (sys.executable,))
    if common.json:
        print_json(definitions)
        return
    for definition in definitions.values():
        rows = [
            (
                step.name,
                step.kind,
                step.script or "",
                ", ".join(f"{port} ← {ref}" for port, ref in step.inputs.items()),
            )
            for step in definition.steps
        ]
        console().print(
            table(
                ("step", "kind", "script", "reads"),
                rows,
                title=f"{definition.name}  {definition.digest[:16]}",
            )
        )
        console().print()
