"""What every store keeps to when its record is read as lineage."""

import json

import pytest
from recorder import Recorder, artifact, digest, new_batch, new_version

from spalje.errors import NotFound
from spalje.lineage.graph import Graph
from spalje.lineage.run import Run
from spalje.lineage.trace import trace


def build(record: Recorder, name: str) -> Run:
    """A build run: raw -> rows -> model -> version."""
    raw = artifact(f"raw {name}", "table")
    run = record.run(
        ("make", "train", "register"), inputs={"raw": raw.digest}, artifacts=(raw,), commit=name * 40
    )
    model = {"model": digest(f"model {name}")}
    record.succeed(run, "make", {"raw": raw.digest}, {"rows": digest("rows")}, key=f"make {name}")
    record.succeed(run, "train", {"rows": digest("rows")}, {**model, "output": digest("empty")})
    version = new_version(run.id, model=model["model"], data={"raw": raw.digest}, commit=name * 40)
    record.succeed(run, "register", model, effects=[version])
    return run


def infer(record: Recorder, name: str, version: int) -> Run:
    """An inference run with the model of a build: features -> predictions -> batch."""
    given = {"version.model": digest(f"model {name}"), "sales": digest("sales")}
    run = record.run(("transform", "decide"), pipeline="inference", inputs=given, version=version)
    reads = {"model": given["version.model"], "data": given["sales"]}
    record.succeed(run, "transform", reads, {"predictions": digest("predictions")})
    parts = {"features": given["sales"], "predictions": digest("predictions")}
    record.succeed(run, "decide", parts, effects=[new_batch(run.id, version, artifacts=parts)])
    return run


@pytest.fixture
def life(record: Recorder) -> Recorder:
    """Two builds, a batch with the second model, its evaluation, and a build that reuses a step."""
    build(record, "a")
    build(record, "b")
    infer(record, "b", 2)
    record.evaluation(record.metadata.batches.get("fresh/1"))
    run = record.run(("make",), inputs={"raw": digest("raw a")})
    record.succeed(
        run,
        "make",
        {"raw": digest("raw a")},
        {"rows": digest("rows")},
        key="make a",
        reused_from="fresh/build/1",
    )
    return record


def ids(graph: Graph) -> set[str]:
    return {node.id for node in graph.nodes}


def test_producers_and_consumers(life: Recorder):
    lineage = life.metadata.lineage
    made = [(step.run, step.step) for step in lineage.producers(digest("rows"))]
    assert made == [("fresh/build/1", "make"), ("fresh/build/2", "make"), ("fresh/build/3", "make")]
    read = [(step.run, step.step) for step in lineage.consumers(digest("model b"))]
    assert read == [("fresh/build/2", "register"), ("fresh/inference/1", "transform")]
    assert lineage.producers(digest("raw a")) == ()
    assert lineage.consumers(digest("never")) == ()
    assert lineage.producers(digest("model a")) == (life.metadata.steps.all("fresh/build/1")["train"],)


def test_artifact(life: Recorder):
    assert life.metadata.lineage.artifact(digest("raw a")) == artifact("raw a", "table")
    with pytest.raises(NotFound):
        life.metadata.lineage.artifact(digest("never"))


def test_a_prediction_leads_to_its_commit_and_data(life: Recorder):
    graph = trace("batch:fresh/1", "up", life.metadata.lineage)
    assert {
        "model:fresh/2", "run:fresh/build/2", "run:fresh/inference/1", "step:fresh/build/2/train",
        f"artifact:{digest('raw b')}", f"artifact:{digest('sales')}",
    } <= ids(graph)  # fmt: skip
    assert not {"model:fresh/1", f"artifact:{digest('raw a')}"} & ids(graph)
    assert graph.node("run:fresh/build/2").facts["commit"] == "b" * 40
    ports = {(edge.port, edge.source) for edge in graph.above("batch:fresh/1")}
    assert {
        ("version", "model:fresh/2"), ("decided", "step:fresh/inference/1/decide"),
        ("features", f"artifact:{digest('sales')}"), ("predictions", f"artifact:{digest('predictions')}"),
    } == ports  # fmt: skip


def test_data_leads_to_what_was_made_of_it(life: Recorder):
    down = ids(trace(digest("raw b"), "down", life.metadata.lineage))
    assert {"model:fresh/2", "batch:fresh/1", "evaluation:fresh/quality/1"} <= down
    assert "model:fresh/1" not in down
    assert {"model:fresh/1"} == {
        one for one in ids(trace(digest("raw a"), "down", life.metadata.lineage)) if "model:" in one
    }


def test_a_run_up_and_down(life: Recorder):
    up = trace("run:fresh/inference/1", "up", life.metadata.lineage)
    assert {edge.port for edge in up.above("run:fresh/inference/1")} == {"version.model", "sales", "version"}
    assert "step:fresh/build/2/train" in ids(up)
    down = ids(trace("run:fresh/inference/1", "down", life.metadata.lineage))
    assert {"step:fresh/inference/1/transform", "batch:fresh/1", "evaluation:fresh/quality/1"} <= down
    judged = trace("run:fresh/quality/1", "up", life.metadata.lineage)
    assert "batch:fresh/1" in ids(judged)


def test_an_evaluation_leads_to_batch_and_truth(life: Recorder):
    graph = trace("evaluation:fresh/quality/1", "up", life.metadata.lineage)
    ports = {edge.port for edge in graph.above("evaluation:fresh/quality/1")}
    assert ports == {"batch", "ground_truth", "decided"}
    assert {"batch:fresh/1", "model:fresh/2", f"artifact:{digest('truth')}"} <= ids(graph)


def test_a_reused_step_leads_to_the_execution(life: Recorder):
    graph = trace("step:fresh/build/3/make", "up", life.metadata.lineage)
    assert {edge.port for edge in graph.above("step:fresh/build/3/make")} == {"raw", "run", "reused"}
    assert "run:fresh/build/1" in ids(graph)
    assert "step:fresh/build/3/make" in ids(trace("step:fresh/build/1/make", "down", life.metadata.lineage))


def test_every_node_can_be_asked_about(life: Recorder):
    everything = set()
    for subject in ("evaluation:fresh/quality/1", digest("raw a"), "model:fresh/1"):
        everything |= ids(trace(subject, "both", life.metadata.lineage))
    assert {one.partition(":")[0] for one in everything} == {
        "artifact", "step", "run", "model", "batch", "evaluation",
    }  # fmt: skip
    for one in everything:
        graph = trace(one, "both", life.metadata.lineage)
        assert graph.node(one).label
        json.dumps(graph.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    "subject",
    [
        "model:fresh/9", "model:fresh/x", "model:", "batch:fresh/9", "batch:x", "run:fresh/build/9", "run:",
        "step:fresh/build/1/nothing", "step:x", "evaluation:fresh/build/1", "artifact:0", "0" * 64, "", "thing:x",
    ],
)  # fmt: skip
def test_unknown_subjects(life: Recorder, subject: str):
    with pytest.raises(NotFound):
        trace(subject, "both", life.metadata.lineage)
