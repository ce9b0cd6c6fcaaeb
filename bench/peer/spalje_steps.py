"""Spaljé's side of the overhead benchmark: linear pipelines of steps that hand on 1 kB.

``spalje_steps.py prepare FOLDER`` makes a workspace; ``spalje_steps.py run FOLDER STEPS KIND`` is the
cold process that is timed: it records a run of STEPS steps and executes it. KIND is ``inside``
(steps of ours, in this process) or ``script`` (each step starts a program of the user's).
``spalje_steps.py build FOLDER 0`` builds the forecasting template's model, one step after the other and
nothing reused, and prints how long that took and how long of it the user's processes ran.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from spalje.execution.executor import Executor
from spalje.execution.runner import Runner
from spalje.lineage.run import NewRun, Run, Status
from spalje.pipeline.definition import Definition, Reference, SourceLine, StepSpec
from spalje.pipeline.problem import Problem
from spalje.registry.project import Project
from spalje.steps import StepFunction, step_function
from spalje.steps.context import StepContext, StepResult
from spalje.workspace import Workspace, now

HERE = SourceLine(file="pipeline.py", line=1)
PROBLEM = Problem(type="regression", target="y", features=("x",), keys=("id",))
#: kind of bench -> kind of step, output, script
KINDS = {"inside": ("baseline", "baseline", None), "script": ("process", "data", "src/hand_on.py")}
SCRIPT = """\
import sys

options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
data = open(options["--before"] + "/data", "rb").read() if "--before" in options else bytes(1024)
open(options["--data"] + "/data", "wb").write(data)
"""


def linear(steps: int, kind: str) -> Definition:
    """A pipeline of ``steps`` steps in a row."""
    step_kind, output, script = KINDS[kind]
    return Definition(
        name="linear",
        problem=PROBLEM,
        steps=tuple(
            StepSpec(
                name=f"step{number}",
                kind=step_kind,
                script=script,
                where=HERE,
                cache=False,
                inputs={"before": Reference(step=f"step{number - 1}", output=output)} if number else {},
                outputs={output: "baseline" if script is None else "folder"},
                settings={"number": number},
            )
            for number in range(steps)
        ),
    )


def hand_on(context: StepContext) -> StepResult:
    """A step of ours that does nothing but hand on what it was given."""
    before = [(folder / "data").read_bytes() for folder in context.inputs.values()]
    (context.output("baseline") / "data").write_bytes(before[0] if before else bytes(1024))
    return StepResult()


def functions(kind: str) -> StepFunction:
    """As ``spalje.steps.step_function``, with the no-op in place of the baseline step."""
    return hand_on if kind == "baseline" else step_function(kind)


def prepare(folder: Path) -> None:
    """A workspace with a project whose repository holds one script."""
    workspace = Workspace.create(folder / "workspace")
    clone, bare = folder / "clone", workspace.folder / "git" / "bench.git"
    (clone / "src").mkdir(parents=True)
    (clone / "src" / "hand_on.py").write_text(SCRIPT)
    identity = ("-c", "user.name=Bench", "-c", "user.email=bench@example.org")
    for words in (
        ("init", "-q", "-b", "main"),
        ("add", "-A"),
        ("commit", "-qm", "Begin"),
        ("clone", "-q", "--bare", ".", str(bare)),
    ):
        subprocess.run(["git", *identity, *words], cwd=clone, check=True)
    workspace.metadata.projects.create(
        Project(
            "bench", "Bench", "bench", "none", "0", str(bare), str(bare), (), False, "never", now(), "bench"
        )
    )
    workspace.code.checkout(str(bare), "main")


def record(workspace: Workspace, definition: Definition) -> Run:
    """A run of the pipeline, not executed yet."""
    commit = workspace.code.checkout(workspace.metadata.projects.get("bench").build_repository, "main")
    return workspace.metadata.runs.create(
        NewRun(
            project="bench",
            pipeline="linear",
            definition=definition.model_dump_json(),
            steps=tuple((step.name, step.kind) for step in definition.steps),
            repository=commit.repository,
            commit=commit.sha,
            author=commit.author,
            trigger="manual",
            started_by="bench",
        ),
        now(),
    )


def run(folder: Path, steps: int, kind: str) -> None:
    """Record and execute a run."""
    workspace = Workspace.open(folder / "workspace")
    definition = linear(steps, kind)
    executor: Executor = workspace.executor(function=functions)
    ended = Runner(executor).run(record(workspace, definition), definition)
    if ended.status is not Status.SUCCEEDED:
        raise SystemExit(ended.error)


def build(folder: Path) -> None:
    """A real build, from the command to its end; the clock is read outside its process."""
    home = folder / "real"
    command = [sys.executable, "-m", "spalje"]
    environ = {**os.environ, "SPALJE_WORKSPACE": str(home), "SPALJE_PARALLEL_STEPS": "1"}
    subprocess.run(
        [*command, "project", "create", "bench"], env=environ, check=True, stdout=subprocess.DEVNULL
    )
    began = time.monotonic()
    started = [*command, "run", "start", "build", "--project", "bench", "--no-cache"]
    subprocess.run(started, env=environ, check=True, stdout=subprocess.DEVNULL)
    wall = time.monotonic() - began
    steps = Workspace.open(home).metadata.steps.all("bench/build/1").values()
    print(json.dumps({"wall_s": wall, "script_s": sum(step.usage.script_s for step in steps if step.usage)}))


if __name__ == "__main__":
    if sys.argv[1] == "prepare":
        prepare(Path(sys.argv[2]))
    elif sys.argv[1] == "build":
        build(Path(sys.argv[2]))
    else:
        run(Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
