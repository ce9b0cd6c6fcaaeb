"""A run that another orchestrator drives, step by step, through the command line; it ends as the embedded runner's."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import small_project
from command import Command
from ended import ended

from spalje.workspace import Workspace

STEPS = ("make", "left", "train", "evaluate", "bar", "register")
#: Says who it is, has a child, and takes a minute.
SLOW = """
    import os, subprocess, sys, time
    from pathlib import Path

    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print("slowly", flush=True)
    Path("{begun}").write_text(f"{{os.getpid()}} {{child.pid}}")
    time.sleep(60)
"""


@dataclass
class Place:
    workspace: Workspace
    raw: Path
    spalje: Command
    begun: ExitStack

    def record(self, key: str = "one", *more: str) -> dict:
        words = (
            "run",
            "record",
            "build",
            "--project",
            "small",
            "--input",
            f"raw={self.raw}",
            "--key",
            key,
            "--json",
        )
        said = self.spalje(*words, *more)
        assert said.code == 0, said.error
        return said.json

    def step(self, run: str, step: str, *more: str):
        return self.spalje("step", "execute", run, step, "--json", *more)

    def begin(self, *words: str) -> subprocess.Popen:
        environ = {**os.environ, "SPALJE_WORKSPACE": str(self.workspace.folder)}
        command = [sys.executable, "-m", "spalje", *words]
        begun = subprocess.Popen(
            command,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.begun.callback(begun.__exit__, None, None, None)
        return begun


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Place]]:
    begun = ExitStack()

    def make(files: dict[str, str] | None = None) -> Place:
        workspace = small_project.create(tmp_path, files)
        return Place(workspace, tmp_path / "raw", Command(workspace.folder, tmp_path), begun)

    with begun:
        yield make


@pytest.fixture
def slow(make, tmp_path: Path) -> Iterator[tuple[Place, Path]]:
    begun = tmp_path / "begun"
    yield make({"src/make.py": SLOW.format(begun=begun)}), begun
    for pid in begun.read_text().split() if begun.is_file() else ():
        assert ended(int(pid)), "what the script started goes on"


def until(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)


def test_step_by_step_it_ends_as_the_embedded_runners(make, tmp_path: Path) -> None:
    place = make()
    recorded = place.record(
        "dag/1/start/0", "--claim", "--trigger", "schedule", "--by", "airflow", "--link", "https://a/1"
    )
    assert [step["name"] for step in recorded["steps"]] == list(STEPS)
    assert recorded["steps"][-1]["needs"] == ["bar", "evaluate", "left", "train"]
    run = recorded["run"]
    assert (run["id"], run["trigger"], run["started_by"], run["link"]) == (
        "small/build/1",
        "schedule",
        "airflow",
        "https://a/1",
    )
    assert place.record("dag/1/start/0", "--claim")["run"]["id"] == run["id"], "the same key is the same run"
    assert re.search(r"shown at +https://a/1", place.spalje("run", "show", run["id"]).out)
    for step in STEPS:
        said = place.step(run["id"], step, "--log").json
        assert said["status"] == "succeeded"
    again = place.step(run["id"], "train", "--log")
    assert (again.json["status"], again.error) == ("succeeded", ""), "nothing was done"
    concluded = place.spalje("run", "conclude", run["id"], "--json")
    assert concluded.code == 0
    assert concluded.json["run"]["status"] == "succeeded"
    assert (concluded.json["version"], concluded.json["retrain"]) == ("small/1", False)
    assert place.spalje("run", "conclude", run["id"], "--json").json == concluded.json

    other = small_project.create(tmp_path / "other")
    small_project.start(other, tmp_path / "other" / "raw")
    ran = Command(other.folder, tmp_path)("run", "execute", "small/build/1", "--json")
    assert ran.code == 0, ran.error
    outputs = {state["step"]: state["outputs"] for state in ran.json["steps"]}
    assert outputs == {
        step: dict(state.outputs) for step, state in place.workspace.metadata.steps.all(run["id"]).items()
    }


def test_a_pipeline_is_one_runs_until_it_is_concluded(make) -> None:
    place = make()
    first = place.record("one", "--claim")["run"]["id"]
    words = ("run", "record", "build", "--project", "small", "--input", f"raw={place.raw}", "--json")
    refused = place.spalje(*words, "--key", "two", "--claim")
    assert (refused.code, json.loads(refused.error)["kind"]) == (1, "Conflict")
    assert len(place.workspace.metadata.runs.list()) == 1, (
        "what it would have pinned would be old by its turn"
    )
    assert json.loads(place.spalje(*words, "--claim").error)["kind"] == "UsageError"
    by_hand = place.spalje(
        "run", "start", "build", "--project", "small", "--input", f"raw={place.raw}", "--json"
    )
    assert json.loads(by_hand.error)["kind"] == "Conflict"
    ended_early = place.spalje("run", "conclude", first, "--json")
    assert ended_early.code == 1
    assert ended_early.json["run"]["status"] == "cancelled"
    assert place.record("two", "--claim")["run"]["status"] == "waiting"


def test_a_step_that_failed_goes_on_when_it_is_executed_again(make) -> None:
    place = make({"src/double.py": "raise SystemExit(3)"})
    run = place.record()["run"]["id"]
    assert place.step(run, "make").code == 0
    failed = place.step(run, "left", "--log")
    assert (failed.code, failed.json["status"]) == (1, "failed")
    assert json.loads(failed.error.splitlines()[-1])["kind"] == "StepFailed"
    too_early = place.step(run, "register")
    assert "needs" in json.loads(too_early.error)["error"]
    concluded = place.spalje("run", "conclude", run, "--json")
    assert (concluded.code, concluded.json["run"]["status"]) == (1, "failed")
    assert place.step(run, "train").code == 0, "a run that has ended badly goes on"
    assert place.workspace.metadata.runs.get(run).status == "running"
    executed = place.spalje("run", "execute", run, "--json", "--log")
    assert executed.code == 1
    assert "[left] $ double.py" in executed.error


def test_what_is_skipped_by_its_condition_is_followed_by_skipped_steps(make) -> None:
    recipe = small_project.FILES["pipeline.py"].replace(
        'script="src/double.py", inputs', 'script="src/double.py", when=evaluate.metric("rmse") < 0.1, inputs'
    )
    lines = recipe.splitlines()
    at = next(place for place, line in enumerate(lines) if "left = " in line)
    later = next(place for place, line in enumerate(lines) if "evaluate = " in line)
    lines.insert(later, lines.pop(at))
    place = make({"pipeline.py": "\n".join(lines)})
    recorded = place.record()
    run = recorded["run"]["id"]
    left = next(step for step in recorded["steps"] if step["name"] == "left")
    assert left["when"] == {"report": "evaluate.report", "metric": "rmse", "operator": "<", "value": 0.1}
    for step in ("make", "train", "evaluate", "bar"):
        assert place.step(run, step).code == 0
    skipped = place.step(run, "left")
    assert (skipped.code, skipped.json["status"]) == (0, "skipped")
    concluded = place.spalje("run", "conclude", run, "--json")
    assert (concluded.code, concluded.json["run"]["status"]) == (0, "succeeded")
    assert place.workspace.metadata.steps.all(run)["register"].status == "skipped"
    for step in ("left", "register"):
        again = place.step(run, step)
        assert (again.code, again.json["status"]) == (0, "skipped"), "a task that a person cleared"
        waited = place.spalje("step", "wait", run, step, "--since", "2100-01-01T00:00:00+00:00", "--json")
        assert (waited.code, waited.json["status"]) == (0, "skipped")


@pytest.mark.parametrize("how", ["its starter dies", "it is cancelled", "it is killed"])
def test_a_step_ends_with_everything_it_started_and_can_be_executed_again(slow, how: str) -> None:
    place, begun = slow
    run = place.record("one", "--claim")["run"]["id"]
    going = place.begin("step", "execute", run, "make", "--log", "--attached", "--json")
    watching = place.begin("step", "wait", run, "make", "--log", "--json")
    until(lambda: begun.is_file() and begun.read_text())
    conflict = place.step(run, "make")
    assert json.loads(conflict.error.splitlines()[-1])["kind"] == "Conflict"
    early = place.spalje("run", "conclude", run, "--json")
    assert json.loads(early.error)["kind"] == "Conflict"
    if how == "its starter dies":
        going.stdin.close()
        going.wait(20)
    elif how == "it is cancelled":
        said = place.spalje("step", "cancel", run, "make", "--json")
        assert (said.code, said.json["status"]) == (0, "cancelled")
        going.wait(20)
    else:
        going.kill()
        going.wait(20)
        assert all(ended(int(pid)) for pid in begun.read_text().split()), "its script goes on"
    status = place.workspace.metadata.steps.all(run)["make"].status
    assert status == ("running" if how == "it is killed" else "cancelled")
    assert "slowly" in going.stderr.read()
    _, error = watching.communicate(timeout=20)
    assert "slowly" in error
    last = json.loads(error.splitlines()[-1])
    assert last["kind"] == ("Lost" if how == "it is killed" else "StepFailed")
    begun.unlink()
    again = place.begin("step", "execute", run, "make", "--attached", "--json")
    until(lambda: begun.is_file() and begun.read_text())
    again.stdin.close()
    again.wait(20)
    assert place.spalje("run", "conclude", run, "--json").json["run"]["status"] == "cancelled"


def test_a_program_of_a_repository_runs_where_its_scripts_run(make, tmp_path: Path) -> None:
    place = make({"src/say.py": "import sys\nprint(*sys.argv[1:])\nraise SystemExit(7)\n"})
    clone = tmp_path / "clone"
    said = place.spalje(
        "environment",
        "run",
        str(clone),
        "src/say.py",
        "--write",
        str(tmp_path / "out"),
        "--",
        "--week=2017-10-30",
        "x",
    )
    assert (said.code, said.out, said.error) == (7, "", "--week=2017-10-30 x\n")
    assert (tmp_path / "out").is_dir()
    outside = place.spalje("environment", "run", str(clone), "../raw/rows.parquet", "--json")
    assert outside.code == 3


def test_the_outline_is_written_and_held_against_the_recipe(make, tmp_path: Path) -> None:
    place = make()
    clone = tmp_path / "clone"
    missing = place.spalje("pipeline", "compile", str(clone), "--check")
    assert missing.code == 3
    assert "--write" in missing.error
    assert place.spalje("pipeline", "compile", str(clone), "--write").code == 0
    written = json.loads((clone / "dags" / "pipelines.json").read_text())
    assert [step["name"] for step in written["pipelines"]["build"]["steps"]] == list(STEPS)
    assert place.spalje("pipeline", "compile", str(clone), "--check").code == 0
    recipe = clone / "pipeline.py"
    recipe.write_text(recipe.read_text().replace(", after=[left]", ""))
    stale = place.spalje("pipeline", "compile", str(clone), "--check")
    assert stale.code == 3
    assert '\'-    {"name": "register"' in stale.error.replace("\n", "")
