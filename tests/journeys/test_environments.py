"""Incompatible versions of one library side by side: two projects, and two steps of one, through the real command line."""

import subprocess
import threading

import engines
import pytest
from command import Command
from kvast import Index, Repository

from spalje.execution.environment import container_engine
from spalje.execution.order import Order
from spalje.storage import table
from spalje.workspace import Workspace

TELL = """
    import sys
    from pathlib import Path

    import kvast

    said = kvast.sweep() if hasattr(kvast, "sweep") else kvast.brush()
    Path(sys.argv[2], "said.txt").write_text(said + " by " + sys.executable)
"""

RECIPE = """
    from spalje.pipeline import Pipeline, Process

    tell = Process("tell", script="src/tell.py", outputs={"told": "folder"})
    build = Pipeline("build", steps=[tell])
"""


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    return Index.create(tmp_path_factory.mktemp("index"))


@pytest.fixture(autouse=True)
def offline(index, monkeypatch):
    for name, value in index.environ.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def place(tmp_path, index):
    """A workspace with the projects ``old`` and ``new``, which need what does not go together."""
    workspace = Workspace.create(tmp_path / "workspace")
    repositories = {}
    for name, version in (("old", "1.0"), ("new", "2.0")):
        repository = Repository.create(workspace, tmp_path, name, "uv")
        repository.write({"pipeline.py": RECIPE, "src/tell.py": TELL})
        index.lock(repository.clone, f"kvast=={version}")
        repository.push()
        repositories[name] = repository
    yield workspace, repositories
    workspace.metadata.close()


@pytest.fixture
def spalje(place):
    workspace, _ = place
    return Command(workspace.folder, workspace.folder.parent)


def test_two_projects_need_what_does_not_go_together(place, spalje, index):
    said = {}

    def start(project):
        said[project] = spalje("run", "start", "build", "--project", project, **index.environ)

    threads = [threading.Thread(target=start, args=(name,)) for name in ("old", "new")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, one in said.items():
        assert one.code == 0, (name, one.error)
    check_each_project_has_its_version(place, spalje)
    check_what_is_shown_says_where_it_ran(place, spalje)
    check_a_lock_is_an_environment_and_a_key(place, index)
    check_what_is_unused_is_collected_and_made_again(place, spalje)


def told(workspace, run):
    """What the step said, and its key."""
    step = workspace.metadata.steps.all(run)["tell"]
    return (workspace.artifacts.open(step.outputs["told"]) / "said.txt").read_text(), step.key


def keys(workspace):
    return {kept.key for kept in workspace.environments.all()}


def check_each_project_has_its_version(place, spalje):
    workspace, _ = place
    old, new = told(workspace, "old/build/1")[0], told(workspace, "new/build/1")[0]
    assert old.startswith("swept with 1.0 by")
    assert new.startswith("brushed with 2.0 by")
    kept = spalje("environment", "list", "--json").json
    assert sorted(one["projects"] for one in kept) == [["new"], ["old"]]
    assert {one["kind"] for one in kept} == {"uv"}
    assert all(one["key"] in old + new and one["size"] > 1000 for one in kept)


def check_what_is_shown_says_where_it_ran(place, spalje):
    workspace, _ = place
    assert "environment   uv\n" in spalje("run", "show", "old/build/1").out
    debug = spalje("run", "debug", "old/build/1", "tell", "--json").json
    assert debug["environment"] == "uv"
    again = subprocess.run(
        [*debug["command"][:2], "--told", str(spalje.cwd)], capture_output=True, text=True, check=False
    )
    assert again.returncode == 0, again.stderr
    assert (spalje.cwd / "said.txt").read_text().startswith("swept with 1.0")
    key = workspace.environments.all()[0].key
    shown = spalje("environment", "show", key[:6], COLUMNS="80").out
    assert key in shown
    assert "uv" in shown


def check_a_lock_is_an_environment_and_a_key(place, index):
    workspace, repositories = place
    key, before = told(workspace, "old/build/1")[1], keys(workspace)
    index.lock(repositories["old"].clone, "kvast==2.0")  # what ``new`` has
    repositories["old"].push()
    run = workspace.run(Order("old", "build", "tests"))
    assert run.error is None
    said, other = told(workspace, run.id)
    assert said.startswith("brushed with 2.0")
    assert other != key
    assert keys(workspace) == before
    assert workspace.environments.all()[0].projects == ("new", "old")


def check_what_is_unused_is_collected_and_made_again(place, spalje):
    workspace, repositories = place
    dry = spalje("environment", "collect", "--unused-for", "0h", "--dry-run", "--json").json
    assert {one["key"] for one in dry["removed"]} == keys(workspace) != set()
    gone = spalje("environment", "collect", "--unused-for", "0h", COLUMNS="80")
    assert "Removed 2" in gone.out
    assert max(map(len, gone.out.splitlines())) <= 80
    assert list(workspace.environments.folder.iterdir()) == []
    repositories["new"].write({"src/tell.py": TELL + "    # once more\n"}).push()
    run = workspace.run(Order("new", "build", "tests"))
    assert told(workspace, run.id)[0].startswith("brushed with 2.0")


def test_one_step_has_its_own_and_a_model_runs_where_it_was_trained(tmp_path, index):
    workspace = Workspace.create(tmp_path / "workspace")
    repository = Repository.create(workspace, tmp_path, "mixed", "current")
    repository.write(
        {
            "pipeline.py": """
                from spalje.pipeline import Pipeline, Process, Train, Transform

                rows = Process("rows", script="src/rows.py", outputs={"rows": "table"})
                train = Train("train", script="src/train.py", inference="src/inference.py",
                              channels={"rows": rows}, environment="uv")
                transform = Transform("transform", model=train["model"], data=rows)
                build = Pipeline("build", steps=[rows, train, transform])
            """,
            "src/rows.py": """
                import importlib.util, sys
                import pyarrow as pa, pyarrow.parquet as pq

                assert importlib.util.find_spec("spalje") and not importlib.util.find_spec("kvast")
                pq.write_table(pa.table({"id": [1, 2], "x": [3.0, 4.0], "y": [0.0, 0.0]}), sys.argv[2] + "/rows.parquet")
            """,
            "src/train.py": """
                import os
                from pathlib import Path
                import kvast

                Path(os.environ["SM_MODEL_DIR"], "model.txt").write_text(kvast.brush())
            """,
            "src/inference.py": """
                import importlib.util
                import kvast
                import pyarrow.compute as pc

                accepts = "arrow"
                assert importlib.util.find_spec("spalje") is None

                def model_fn(model_dir):
                    return len(kvast.brush())

                def predict_fn(data, model):
                    print("a word that is no answer")
                    return pc.multiply(data["x"], float(model))
            """,
        }
    )
    index.lock(repository.clone, "kvast==2.0", "arrow")
    repository.push()
    run = workspace.run(Order("mixed", "build", "tests"))
    assert run.error is None
    spalje = Command(workspace.folder, tmp_path)
    assert "current (rows), uv (train, transform)" in spalje("run", "show", "mixed/build/1").out
    steps = workspace.metadata.steps.all(run.id)
    assert steps["train"].environment == steps["transform"].environment != steps["rows"].environment
    assert "a word that is no answer" in workspace.executor().log_of(run, "transform").read_text()
    predicted = table.read(workspace.artifacts.open(steps["transform"].outputs["predictions"]))
    assert predicted["prediction"].to_pylist() == [48.0, 64.0]
    workspace.metadata.close()


def test_what_cannot_be_installed_fails_the_step_with_what_uv_said(tmp_path, index):
    workspace = Workspace.create(tmp_path / "workspace")
    repository = Repository.create(workspace, tmp_path, "broken", "uv")
    repository.write({"pipeline.py": RECIPE, "src/tell.py": TELL})
    index.lock(repository.clone, "kvast==1.0")
    lock = repository.clone / "uv.lock"
    lock.write_text(lock.read_text().replace("kvast-1.0-py3", "kvast-1.1-py3"))
    repository.push()
    workspace.metadata.close()
    said = Command(workspace.folder, tmp_path)("run", "start", "build", "--project", "broken")
    assert said.code == 1
    assert "uv could not make the project's environment" in said.error
    assert "kvast-1.1-py3-none-any.whl" in said.error
    (kept,) = workspace.environments.all()
    assert kept.kind == "unfinished"
    assert "kvast-1.1" in workspace.environments.log(kept.key).read_text()


@pytest.mark.parametrize("kind", ["stand-in", "real"])
def test_a_run_in_containers_with_one_step_in_uv(tmp_path, index, monkeypatch, kind):
    (tmp_path / "engine").mkdir()
    engine = (
        engines.stand_in(tmp_path / "engine") if kind == "stand-in" else engines.real(tmp_path / "engine")
    )
    if isinstance(engine, str):
        pytest.skip(f"containers cannot be started on this machine: {engine}")
    for name, value in engine.environ.items():
        monkeypatch.setenv(name, value)
    workspace = Workspace.create(tmp_path / "workspace")
    repository = Repository.create(workspace, tmp_path, "boxed", "container")
    with (repository.clone / "spalje.toml").open("a") as project:
        project.write('\n[inputs]\nmail = "package:email/mime"\n')  # what the image ships, not this machine
    repository.write(
        {
            "Dockerfile": f"FROM {engine.base}\nCOPY pipeline.py /recipe.py\n",
            "pipeline.py": """
                from spalje.pipeline import Input, Pipeline, Process

                copy = Process("copy", script="src/copy.py", inputs={"mail": Input("mail", kind="folder")},
                               outputs={"copied": "folder"})
                tell = Process("tell", script="src/tell.py", outputs={"told": "folder"}, environment="uv")
                build = Pipeline("build", steps=[copy, tell])
            """,
            "src/copy.py": """
                import shutil, sys

                shutil.copy(sys.argv[2] + "/text.py", sys.argv[4] + "/text.py")
            """,
            "src/tell.py": TELL,
        }
    )
    index.lock(repository.clone, "kvast==1.0")
    repository.push()
    run = workspace.run(Order("boxed", "build", "tests"))
    assert run.error is None
    steps = workspace.metadata.steps.all(run.id)
    assert (
        "class MIMEText"
        in (workspace.artifacts.open(steps["copy"].outputs["copied"]) / "text.py").read_text()
    )
    assert told(workspace, run.id)[0].startswith("swept with 1.0")
    assert steps["copy"].usage.cpu_s > 0
    assert {kept.kind for kept in workspace.environments.all()} == {"container", "uv"}
    image = workspace.environment("container", repository.clone).image
    assert container_engine.engine().has(image)
    if engine.real:
        assert container_engine.engine().remove(image)
    else:
        spalje = Command(workspace.folder, tmp_path)
        assert " run --interactive --tty --rm" in spalje("run", "debug", run.id, "copy").out
        assert "Removed 2" in spalje("environment", "collect", "--unused-for", "0h").out
        assert not container_engine.engine().has(image)
    workspace.metadata.close()
