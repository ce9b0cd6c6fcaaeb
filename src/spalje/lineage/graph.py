"""A graph of what came from what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Node:
    """One thing in the record.

    Attributes:
        id: ``artifact:<digest>``, ``step:<run>/<step>``, ``run:<run>``, ``model:<project>/<number>``,
            ``batch:<project>/<number>`` or ``evaluation:<run>``.
        label: what a person reads.
        facts: more about it, plain JSON values.
    """

    id: str
    label: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """artifact, step, run, model, batch or evaluation.

        Example:
            >>> Node("model:fresh-produce/3", "fresh-produce/3").kind
            'model'
        """
        return self.id.partition(":")[0]


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """``target`` came from ``source``.

    Attributes:
        source, target: ids of nodes.
        port: as what: the name of an input, output or slot.
        run: the run in which it happened.
        pinned: whether the run was given the source from outside at its start.
    """

    source: str
    target: str
    port: str
    run: str
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """Everything that a subject came from, or that came of it.

    Attributes:
        subject: id of the node that was asked about.
        nodes: sorted by id.
        edges: sorted.
    """

    subject: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def node(self, identity: str) -> Node:
        """The node of that id.

        Raises:
            KeyError: there is none.
        """
        for node in self.nodes:
            if node.id == identity:
                return node
        raise KeyError(identity)

    def above(self, identity: str) -> tuple[Edge, ...]:
        """The edges that lead into a node: what it came from."""
        return tuple(edge for edge in self.edges if edge.target == identity)

    def below(self, identity: str) -> tuple[Edge, ...]:
        """The edges that leave a node: what came of it."""
        return tuple(edge for edge in self.edges if edge.source == identity)

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values, in a fixed order.

        Example:
            >>> Graph("run:a/b/1", (Node("run:a/b/1", "a/b/1"),), ()).to_dict()["nodes"]
            [{'id': 'run:a/b/1', 'kind': 'run', 'label': 'a/b/1', 'facts': {}}]
        """
        return {
            "subject": self.subject,
            "nodes": [
                {"id": node.id, "kind": node.kind, "label": node.label, "facts": dict(node.facts)}
                for node in self.nodes
            ],
            "edges": [
                {"source": edge.source, "target": edge.target, "port": edge.port, "run": edge.run}
                for edge in self.edges
            ],
        }
