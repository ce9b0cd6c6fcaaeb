"""``spalje lineage``: where something came from, and what came of it."""

from typing import Literal

from cyclopts import App
from rich.text import Text
from rich.tree import Tree

from spalje.cli.artifact import full_digest
from spalje.cli.options import Common
from spalje.cli.output import console, print_json
from spalje.lineage.graph import Graph, Node
from spalje.lineage.trace import trace

_TITLES = {"up": " came from", "down": " went into"}

app = App(name="lineage", help="Where something came from, and what came of it.")


@app.command
def show(
    subject: str, *, direction: Literal["up", "down", "both"] = "both", common: Common = Common()
) -> None:
    """The lineage of a model version, artifact, batch or run.

    Args:
        subject: model:PROJECT/NUMBER, batch:PROJECT/NUMBER, run:PROJECT/PIPELINE/NUMBER, or an artifact's hash.
        direction: up to the commits and data it came from, down to what came of it, or both.
    """
    workspace = common.open()
    identity = subject if ":" in subject else f"artifact:{full_digest(workspace.artifacts, subject)}"
    graph = trace(identity, direction, workspace.metadata.lineage)
    if common.json:
        print_json(graph.to_dict())
        return
    for one in ("up", "down") if direction == "both" else (direction,):
        console().print(tree(graph, one))


def tree(graph: Graph, direction: str) -> Tree:
    """A lineage as a tree for the terminal; what was shown before is only named again."""
    root = Tree(
        Text.assemble(_label(graph.node(graph.subject)), (_TITLES[direction], "dim")), guide_style="dim"
    )
    _grow(root, graph, graph.subject, direction, {graph.subject})
    return root


def _grow(branch: Tree, graph: Graph, identity: str, direction: str, seen: set[str]) -> None:
    again: list[str] = []
    for edge in graph.above(identity) if direction == "up" else graph.below(identity):
        node = graph.node(edge.source if direction == "up" else edge.target)
        if node.id in seen:
            again.append(edge.port)
            continue
        seen.add(node.id)
        child = branch.add(Text.assemble((f"{edge.port}: ", "dim"), _label(node)))
        _grow(child, graph, node.id, direction, seen)
    if again:
        branch.add(Text(f"shown above: {', '.join(again)}", style="dim"))


def _label(node: Node) -> Text:
    head, _, rest = node.label.partition(" ")
    return Text.assemble((head, "bold"), (f" {rest}" if rest else "", ""))
