"""A project whose scripts need nothing but Python: small enough to be run hundreds of times.

The scripts import as little as they can: most of what a run takes is their start.
"""

import json
import subprocess
import textwrap
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from spalje.execution.order import Order
from spalje.lineage.run import Run
from spalje.registry.project import Project
from spalje.workspace import Workspace, now

FILES = {
    "spalje.toml": """
        [project]
        name = "small"
        title = "Small"
        owner = "tests"
        environment = "current"

        [problem]
        type = "regression"
        target = "y"
        features = ["x"]
        keys = ["id"]
    """,
    "pipeline.py": """
        from spalje.pipeline import Baseline, Evaluate, Input, Parameter, Pipeline, Process, Register, Train

        raw = Input("raw", kind="folder")
        factor = Parameter("factor", type="integer", default=2)
        make = Process("make", script="src/make.py", inputs={"raw": raw}, outputs={"rows": "table"}, parameters={"factor": factor})
        left = Process("left", script="src/double.py", inputs={"rows": make["rows"]}, outputs={"out": "folder"})
        train = Train("train", script="src/train.py", inference="src/inference.py", channels={"rows": make["rows"]})
        evaluate = Evaluate("evaluate", script="src/evaluate.py", predictions=make["rows"])
        bar = Baseline("bar", monitor="data_quality", data=make["rows"])
        register = Register("register", model=train["model"], evaluation=evaluate["report"], baselines=[bar], after=[left])
        build = Pipeline("build", steps=[make, left, train, evaluate, bar, register])
    """,
    "src/options.py": """
        import sys

        words = sys.argv[1:]
        options = {name.removeprefix("--"): value for name, value in zip(words[::2], words[1::2])}

        def folder(name):
            from pathlib import Path
            return Path(options[name])
    """,
    "src/make.py": """
        from options import options

        rows = open(options["raw"] + "/rows.parquet", "rb").read()
        for part in range(int(options["factor"])):
            open(f"{options['rows']}/part-{part}.parquet", "wb").write(rows)
    """,
    "src/double.py": """
        from options import options

        rows = open(options["rows"] + "/part-0.parquet", "rb").read()
        open(options["out"] + "/copy.parquet", "wb").write(rows)
    """,
    "src/train.py": """
        import os

        print("[1] validation-rmse: 0.5")
        open(os.environ["SM_MODEL_DIR"] + "/model.txt", "w").write("a model")
    """,
    "src/inference.py": "def model_fn(model_dir): ...\ndef predict_fn(data, model): ...\n",
    "src/evaluate.py": """
        from options import options

        open(options["report"] + "/metrics.json", "w").write('{"rmse": 0.5}')
    """,
}


def git(folder: Path, *words: str) -> str:
    """Run git in a folder."""
    return subprocess.run(
        ["git", "-c", "user.name=Nils", "-c", "user.email=nils@example.org", *words],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def write(folder: Path, files: Mapping[str, str | None]) -> None:
    """Write files, dedented; one that is None is left out."""
    for name, text in files.items():
        if text is None:
            continue
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))


def create(folder: Path, files: Mapping[str, str | None] | None = None) -> Workspace:
    """A workspace with the project ``small``, its repository committed, and raw data beside it."""
    workspace = Workspace.create(folder / "workspace")
    clone = folder / "clone"
    clone.mkdir(parents=True)
    write(clone, {**FILES, **(files or {})})
    git(clone, "init", "--quiet", "--initial-branch", "main")
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", "Begin")
    bare = workspace.folder / "git" / "small-build.git"
    bare.parent.mkdir(exist_ok=True)
    git(folder, "clone", "--quiet", "--bare", str(clone), str(bare))
    (folder / "raw").mkdir()
    numbers = range(40)
    pq.write_table(pa.table({"id": numbers, "x": numbers, "y": numbers}), folder / "raw" / "rows.parquet")
    workspace.metadata.projects.create(
        Project(
            name="small",
            title="Small",
            owner="tests",
            template="none",
            template_version="0",
            build_repository=str(bare),
            deploy_repository=str(bare),
            approvers=(),
            four_eyes=False,
            retrain="propose",
            created_at=now(),
            created_by="tests",
        )
    )
    return workspace


def start(workspace: Workspace, raw: Path, **parameters: object) -> Run:
    """Record a build; nothing is executed yet."""
    return workspace.starter.start(Order("small", "build", "tests", parameters, {"raw": str(raw)}))


def state(workspace: Workspace) -> str:
    """Everything that a run leaves behind and that must not depend on how often it was disturbed."""
    runs = workspace.metadata.runs.list(project="small", limit=100)
    steps = {
        f"{run.id}/{name}": [
            step.status,
            step.key,
            dict(step.inputs),
            dict(step.outputs),
            step.source,
            step.environment,
        ]
        for run in runs
        for name, step in workspace.metadata.steps.all(run.id).items()
    }
    versions = {
        v.id: [v.status, v.content.manifest_digest, [a.number for a in v.history]]
        for v in workspace.metadata.versions.list("small")
    }
    artifacts = sorted(workspace.artifacts.digests())
    sound = [str(workspace.artifacts.open(digest).name) for digest in artifacts]
    return json.dumps(
        [[(r.id, r.status) for r in runs], steps, versions, artifacts, sound], sort_keys=True, indent=1
    )
