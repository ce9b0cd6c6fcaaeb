"""Tracing, over a record that is held in memory."""

import json
from collections.abc import Iterable

import pytest

from spalje.errors import NotFound
from spalje.lineage.graph import Edge, Graph, Node
from spalje.lineage.trace import trace


class Memory:
    """A source of edges, in the order in which they were made."""

    def __init__(self, *edges: Edge) -> None:
        self.edges = edges

    def node(self, identity: str) -> Node:
        if not any(identity in (edge.source, edge.target) for edge in self.edges):
            raise NotFound("node", identity)
        return Node(identity, identity)

    def above(self, identity: str) -> Iterable[Edge]:
        return [edge for edge in self.edges if edge.target == identity]

    def below(self, identity: str) -> Iterable[Edge]:
        return [edge for edge in self.edges if edge.source == identity]


def ids(graph: Graph) -> set[str]:
    return {node.id for node in graph.nodes}


def executed(run: str, step: str, reads: str = "", gives: str = "", pinned: bool = False) -> list[Edge]:
    """The edges of a step run."""
    at = f"step:{run}/{step}"
    edges = [Edge(f"run:{run}", at, "run", run)]
    edges += [Edge(f"artifact:{name}", at, name, run, pinned) for name in reads.split()]
    return edges + [Edge(at, f"artifact:{name}", name, run) for name in gives.split()]


TWO_BUILDS = Memory(
    *executed("p/build/1", "make", "raw1", "rows", pinned=True),
    *executed("p/build/1", "train", "rows", "model1 log"),
    Edge("artifact:model1", "model:p/1", "model", "p/build/1"),
    *executed("p/build/2", "make", "raw2", "rows", pinned=True),
    *executed("p/build/2", "train", "rows", "model2 log"),
    Edge("artifact:model2", "model:p/2", "model", "p/build/2"),
    *executed("p/inference/1", "transform", "model2", "predictions", pinned=True),
    Edge("artifact:predictions", "batch:p/1", "predictions", "p/inference/1"),
    Edge("model:p/2", "batch:p/1", "version", "p/inference/1"),
)


def test_up_stays_in_the_run_that_wrote_the_bytes():
    """Both builds made the same rows; each model came from its own build's."""
    graph = trace("model:p/1", "up", TWO_BUILDS)
    assert ids(graph) == {
        "model:p/1", "artifact:model1", "step:p/build/1/train", "run:p/build/1",
        "artifact:rows", "step:p/build/1/make", "artifact:raw1",
    }  # fmt: skip
    assert graph.subject == "model:p/1"


def test_down_stays_in_the_run_that_wrote_the_bytes():
    graph = trace("step:p/build/1/make", "down", TWO_BUILDS)
    assert ids(graph) == {
        "step:p/build/1/make", "artifact:rows", "step:p/build/1/train",
        "artifact:model1", "artifact:log", "model:p/1",
    }  # fmt: skip


def test_what_a_run_was_given_leads_to_other_runs():
    up = trace("batch:p/1", "up", TWO_BUILDS)
    assert {"model:p/2", "step:p/build/2/make", "artifact:raw2", "run:p/build/2", "run:p/inference/1"} <= ids(
        up
    )
    assert not {"artifact:raw1", "run:p/build/1"} & ids(up)
    down = trace("artifact:raw2", "down", TWO_BUILDS)
    assert {"model:p/2", "step:p/inference/1/transform", "batch:p/1"} <= ids(down)
    assert not {"model:p/1", "step:p/build/1/train"} & ids(down)


def test_an_artifact_alone_has_every_origin_and_use():
    graph = trace("rows", "both", TWO_BUILDS)
    assert graph.subject == "artifact:rows"
    assert {"artifact:raw1", "artifact:raw2", "model:p/1", "model:p/2", "batch:p/1"} <= ids(graph)


def test_directions_add_up():
    up, down = (trace("artifact:model2", way, TWO_BUILDS) for way in ("up", "down"))
    both = trace("artifact:model2", "both", TWO_BUILDS)
    assert ids(both) == ids(up) | ids(down)
    assert set(both.edges) == set(up.edges) | set(down.edges)
    assert ids(up) & ids(down) == {"artifact:model2"}


def test_a_run_is_followed_up_only_when_it_is_asked_about():
    memory = Memory(
        Edge("artifact:a", "run:p/b/1", "a", "p/b/1"),
        Edge("artifact:b", "run:p/b/1", "b", "p/b/1"),
        *executed("p/b/1", "s", "a", "out", pinned=True),
    )
    assert ids(trace("run:p/b/1", "up", memory)) == {"run:p/b/1", "artifact:a", "artifact:b"}
    assert "artifact:b" not in ids(trace("out", "up", memory))
    assert ids(trace("run:p/b/1", "down", memory)) == {"run:p/b/1", "step:p/b/1/s", "artifact:out"}


def test_what_was_reused_leads_to_the_execution():
    memory = Memory(
        *executed("p/b/1", "s", "in", "out"),
        *executed("p/b/2", "s", "in", "out"),
        Edge("step:p/b/1/s", "step:p/b/2/s", "reused", "p/b/2"),
        Edge("artifact:out", "model:p/2", "model", "p/b/2"),
    )
    assert {"step:p/b/1/s", "step:p/b/2/s", "run:p/b/1"} <= ids(trace("model:p/2", "up", memory))


def test_a_circle_of_equal_bytes_ends():
    """A step that gives out what it read: the artifact is above and below itself."""
    memory = Memory(*executed("p/b/1", "copy", "same", "same"), *executed("p/b/1", "again", "same", "same"))
    assert ids(trace("same", "both", memory)) == {
        "artifact:same", "step:p/b/1/copy", "step:p/b/1/again", "run:p/b/1",
    }  # fmt: skip


def test_unknown_subject():
    with pytest.raises(NotFound):
        trace("model:p/9", "both", TWO_BUILDS)


def test_graph_as_json_is_in_a_fixed_order():
    graph = trace("batch:p/1", "both", TWO_BUILDS)
    backwards = trace("batch:p/1", "both", Memory(*reversed(TWO_BUILDS.edges)))
    assert json.dumps(graph.to_dict()) == json.dumps(backwards.to_dict())
    assert graph.to_dict()["subject"] == "batch:p/1"
    kinds = {node["id"]: node["kind"] for node in graph.to_dict()["nodes"]}
    assert kinds["step:p/build/2/train"] == "step"


def test_graph_gives_neighbours():
    graph = trace("model:p/1", "up", TWO_BUILDS)
    assert [edge.source for edge in graph.above("model:p/1")] == ["artifact:model1"]
    assert [edge.target for edge in graph.below("artifact:model1")] == ["model:p/1"]
    assert graph.node("model:p/1").kind == "model"
    with pytest.raises(KeyError):
        graph.node("model:p/2")


def test_of_several_origins_of_what_was_given_the_first_counts():
    memory = Memory(
        *executed("p/b/1", "s", "", "out"),
        *executed("p/b/2", "s", "", "out"),
        *executed("p/i/1", "t", "out", "end", pinned=True),
    )
    up = ids(trace("end", "up", memory))
    assert "step:p/b/1/s" in up
    assert "step:p/b/2/s" not in up
