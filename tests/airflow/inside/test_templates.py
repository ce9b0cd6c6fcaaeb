"""The shipped templates' DAGs: every one loads, and those of a slim core live a life in Airflow."""

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.models.asset import AssetEvent
from airflow.models.pool import Pool
from airflow.sdk import DAG
from airflow.utils.session import create_session
from command import Command
from sqlalchemy import select

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".venv" / "bin" / "python"
DAGS = {"build", "inference", "quality", "truth"}


def rendered(folder: Path, variant: str) -> None:
    program = ROOT / "tests" / "templates" / "rendered_project.py"
    subprocess.run([PYTHON, program, folder, variant], check=True, timeout=100)


def load(repository: Path) -> dict[str, DAG]:
    """The DAGs of a deploy repository, as a DAG processor reads them when the whole repository is a bundle."""
    bag = BundleDagBag(dag_folder=repository, bundle_path=repository.parent, bundle_name="dags-folder")
    assert bag.import_errors == {}
    assert [Path(stat.file).name for stat in bag.dagbag_stats] == ["lemonade.py"]
    return {dag_id.removeprefix("lemonade-"): dag for dag_id, dag in bag.dags.items()}


def test_every_template_s_dags_load_and_draw_their_pipelines(tmp_path):
    rendered(tmp_path, "all")
    for repository in tmp_path.iterdir():
        dags = load(repository)
        assert set(dags) == DAGS, repository.name
        outline = json.loads((repository / "dags" / "pipelines.json").read_text())["pipelines"]
        steps = {f"inference.{step['name']}" for step in outline["inference"]["steps"]}
        around = {"ingest", "preprocess", "postprocess", "publish"} if "-core" in repository.name else set()
        tasks = set(dags["inference"].task_ids)
        assert tasks == steps | around | {"inference.start", "inference.conclude"}, repository.name
        assert dags["build"].get_task("approval").upstream_task_ids == {"build"}
        assert dags["build"].get_task("build").pool == "spalje_training"
        before = dags["truth"].get_task("truth_arrived").upstream_task_ids
        assert len(before) == 1


@pytest.fixture
def repository(tmp_path):
    """The deploy repository where Airflow looks for DAGs."""
    place = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]) / "lemonade"
    shutil.copytree(tmp_path / "deploy", place)
    yield place
    shutil.rmtree(place)


@pytest.fixture
def spalje(tmp_path, monkeypatch):
    """Asks Spaljé about a project made of a slim core; Airflow's tasks find it by the worker's variables."""
    rendered(tmp_path, "bring-your-own-core")
    monkeypatch.setenv("SPALJE_PYTHON", str(PYTHON))
    monkeypatch.setenv("SPALJE_WORKSPACE", str(tmp_path / "workspace"))
    Pool.create_or_update_pool("spalje_training", slots=1, description="", include_deferred=False)

    def ask(*words: str) -> Any:
        said = Command(tmp_path / "workspace", tmp_path, python=PYTHON)(*words, "--json")
        assert said.code == 0, said.error
        return said.json

    return ask


@pytest.mark.timeout(300)
def test_a_slim_core_with_the_dags_around_it(spalje, repository, tmp_path):
    dags = load(repository)
    day = datetime(2024, 4, 1, 5, tzinfo=UTC)
    built = dags["build"].test(logical_date=day, mark_success_pattern="approval")
    assert built.state == "success"
    version = spalje("model", "approve", "lemonade/1", "--reason", "It is the first.")
    assert version["content"]["metrics"]["rmse"] < version["content"]["metrics"]["naive_rmse"]

    assert dags["inference"].test(logical_date=day).state == "success"
    (batch,) = spalje("batch", "list", "lemonade")
    assert (batch["content"]["status"], batch["content"]["rows"]) == ("published", 40)
    run = spalje("run", "show", batch["content"]["run"])["run"]
    assert (run["status"], run["key"].split("/")[0]) == ("succeeded", "lemonade-inference")
    landing = tmp_path / "workspace" / "landing" / "lemonade"
    assert [path.name for path in (landing / "orders" / "2024-04-01").iterdir()] == ["part-0.parquet"]

    assert dags["truth"].test(logical_date=datetime(2024, 4, 2, 6, tzinfo=UTC)).state == "success"
    with create_session() as session:
        event = session.scalars(select(AssetEvent).order_by(AssetEvent.id.desc()).limit(1)).one()
    assert event.source_dag_id == "lemonade-truth"
    told = spalje("batch", "truth", event.extra["truth"], "--project=lemonade")
    assert [each["content"]["status"] for each in told["batches"]] == ["published"]
    assert told["batches"][0]["evaluations"][0]["coverage"] == 1
    assert not list(landing.rglob(".*")), "nothing is left aside"
