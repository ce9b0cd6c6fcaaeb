"""``spalje pipeline``: recipes compiled and checked."""

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from spalje.cli.options import Common
from spalje.cli.output import console, print_json, table
from spalje.errors import UsageError
from spalje.pipeline.compile import compile_recipe
from spalje.pipeline.outline import OUTLINE, check_written, written

app = App(name="pipeline", help="Recipes: compile and check them.")


@app.command(name="compile")
def compile_(
    folder: Path = Path(),
    *,
    write: Annotated[bool, Parameter(negative="")] = False,
    check: Annotated[bool, Parameter(negative="")] = False,
    common: Common = Common(),
) -> None:
    """Compile the recipe of a working clone and check it; says file and line of everything wrong.

    Args:
        folder: the clone, with pipeline.py and spalje.toml.
        write: write dags/pipelines.json, by which Airflow draws the pipelines; commit it.
        check: fail when dags/pipelines.json is not what pipeline.py compiles to.
    """
    if write and check:
        raise UsageError("--write and --check exclude each other.", do="Give one of the two.")
    definitions = compile_recipe(folder, (sys.executable,))
    if check:
        check_written(folder, definitions.values())
    if write:
        (folder / OUTLINE).parent.mkdir(exist_ok=True)
        (folder / OUTLINE).write_text(written(definitions.values()), encoding="utf-8")
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
    if write:
        console().print(f"Written: {folder / OUTLINE}")
