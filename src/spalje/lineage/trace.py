"""Tracing: from one thing up to the commits and data it came from, and down to what came of it.

Artifacts are named by content, so two runs that happen to write the same bytes write the same
artifact. What made the artifact that a run read is therefore looked for in that run first; only
what a run was given from outside leads to other runs.
"""

from collections.abc import Iterable
from typing import Literal, Protocol

from spalje.lineage.graph import Edge, Graph, Node

Direction = Literal["up", "down", "both"]


class Source(Protocol):
    """What tracing needs of the record."""

    def node(self, identity: str) -> Node:
        """The node of that id.

        Raises:
            NotFound: there is none.
        """

    def above(self, identity: str) -> Iterable[Edge]:
        """The edges into a node, oldest first."""

    def below(self, identity: str) -> Iterable[Edge]:
        """The edges out of a node, oldest first."""


def trace(subject: str, direction: Direction, source: Source) -> Graph:
    """The graph of what a subject came from, what came of it, or both.

    Args:
        subject: a node's id, see ``spalje.lineage.graph.Node``, or an artifact's digest alone.
        direction: ``up``, ``down`` or ``both``.
        source: the record.

    Raises:
        NotFound: there is no such thing.
    """
    start = subject if ":" in subject else f"artifact:{subject}"
    nodes = {start: source.node(start)}
    edges: set[Edge] = set()
    if direction in ("up", "both"):
        edges |= _up(start, source)
    if direction in ("down", "both"):
        edges |= _down(start, source)
    for identity in {end for edge in edges for end in (edge.source, edge.target)} - {start}:
        nodes[identity] = source.node(identity)
    return Graph(start, tuple(sorted(nodes.values(), key=lambda node: node.id)), tuple(sorted(edges)))


def _up(start: str, source: Source) -> set[Edge]:
    found: set[Edge] = set()
    seen: set[tuple[str, str | None]] = set()
    open_: list[tuple[str, str | None]] = [(start, None)]
    while open_:
        state = open_.pop()
        if state in seen:
            continue
        seen.add(state)
        identity, run = state
        if _is(identity, "run") and identity != start:
            continue  # its commit is what counts; its inputs are reached through its steps
        edges = tuple(source.above(identity))
        if _is(identity, "artifact") and run is not None:
            edges = tuple(edge for edge in edges if edge.run == run) or edges[:1]
        found.update(edges)
        open_ += [(edge.source, edge.run if _is(edge.source, "artifact") else None) for edge in edges]
    return found


def _down(start: str, source: Source) -> set[Edge]:
    found: set[Edge] = set()
    seen: set[tuple[str, str | None]] = set()
    open_: list[tuple[str, str | None]] = [(start, None)]
    while open_:
        state = open_.pop()
        if state in seen:
            continue
        seen.add(state)
        identity, run = state
        edges = tuple(source.below(identity))
        if _is(identity, "artifact") and run is not None:
            edges = tuple(edge for edge in edges if edge.run == run or edge.pinned)
        found.update(edges)
        open_ += [(edge.target, edge.run if _is(edge.target, "artifact") else None) for edge in edges]
    return found


def _is(identity: str, kind: str) -> bool:
    return identity.startswith(f"{kind}:")
