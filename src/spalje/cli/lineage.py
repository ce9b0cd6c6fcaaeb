"""``spalje lineage``: where something came from, and what came of it."""

from typing import Literal

from cyclopts import App
from rich.text import Text
from rich.tree import Tree

from spalje.cli.options import Common
from spalje.cli.output import console, print_json
from spalje.lineage.graph import Graph, Node

app = App(name="lineage", help="Where something came from, and what came of it.")


@app.command
def show(subject: str, *, direction: Literal["up", "down", "both"] = "both", common: Common = Common()) -> None:
    """The lineage of a model version, artifact, batch or run.

    Args:
        subject: model:PROJECT/NUMBER, batch:PROJECT/NUMBER, run:PROJECT/PIPELINE/NUMBER, or an artifact's hash.
        direction: up to the commits and data it came from, down to what came of it, or both.
    """
    workspace = common.open()
    graph = workspace.trace(subject, direction)
    if common.json:
        print_json(graph.to_dict())
        return
    out = console()
    if direction in ("up", "both"):
        out.print(tree(graph, "up"))
    if direction in ("down", "both"):
        out.print(tree(graph, "down"))
