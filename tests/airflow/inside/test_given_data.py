"""Data that are given in place of what tasks make: who reads them, and who need not run any more."""

import json
from pathlib import Path

import pytest
from airflow.sdk import DAG

from spalje.airflow import Project
from spalje.airflow.given_data import give

TABLES = ["train", "evaluation"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "dags").mkdir()
    (tmp_path / "spalje.toml").write_text('[project]\nname = "fresh"\ntitle = "Fresh"\nowner = "Eva"\n')
    (tmp_path / "dags" / "pipelines.json").write_text(json.dumps({"format": 1, "pipelines": {}}))
    return Project.here(str(tmp_path / "dags" / "fresh.py"))


def build(project: Project, place: str | None = None) -> DAG:
    """ingest -> tables -> the pipeline, and a program that tells of what came in."""
    with project.dag("build") as dag:
        ingest = project.program("ingest", "src/ingest.py", outputs=["raw"])
        tables = project.program("tables", "src/tables.py", inputs={"raw": ingest["raw"]}, outputs=TABLES)
        project.program(
            "tell", "src/tell.py", inputs={"raw": ingest["raw"]}, outputs={"out": place} if place else ()
        )
        project.run("build", inputs={**{name: tables[name] for name in TABLES}, "fixed": "/srv/fixed"})
    return dag


def read(dag: DAG) -> dict[str, dict[str, str]]:
    """task -> what it reads: a path, or the task that makes it"""
    return {
        task.task_id: dict(task.inputs) | {name: source.task.task_id for name, source in task.sources.items()}
        for task in dag.tasks
    }


def test_what_is_given_is_read_and_who_makes_only_that_need_not_run(project: Project) -> None:
    dag = build(project)
    before = read(dag)
    given = give(
        dag, {"train": "/little/train", "evaluation": "/little/evaluation", "other": "/little/other"}
    )
    assert (given.read, given.idle) == ({"train", "evaluation"}, {"tables"})
    assert read(dag) == {
        **before,
        "build": {"fixed": "/srv/fixed", "train": "/little/train", "evaluation": "/little/evaluation"},
    }


def test_a_chain_whose_end_nobody_reads_need_not_run(project: Project) -> None:
    dag = build(project, "seen/all")
    given = give(dag, {"train": "/t", "evaluation": "/e", "raw": "/r"})
    assert given.idle == {"ingest", "tables"}
    assert read(dag)["tell"] == {"raw": "/r"}


def test_who_makes_something_else_that_is_read_still_runs(project: Project) -> None:
    given = give(build(project), {"train": "/little/train"})
    assert (given.read, given.idle) == ({"train"}, set())


def test_what_others_find_at_a_place_is_made_all_the_same(project: Project) -> None:
    with project.dag("build") as dag:
        tables = project.program("tables", "src/tables.py", outputs={"train": "tables/train"})
        project.run("build", inputs={"train": tables["train"]})
    assert give(dag, {"train": "/little/train"}).idle == set()


def test_truth_that_is_given_is_the_truth(project: Project) -> None:
    with project.dag("truth") as dag:
        sold = project.program("sold", "src/sold.py", outputs=["sold"])
        project.truth_arrived(sold["sold"])
    given = give(dag, {"ground_truth": "/little/truth"})
    assert (given.read, given.idle) == ({"ground_truth"}, {"sold"})
    assert dag.get_task("truth_arrived").truth == "/little/truth"


def test_nothing_given_changes_nothing(project: Project) -> None:
    dag = build(project)
    before = read(dag)
    given = give(dag, {})
    assert (given.read, given.idle, read(dag)) == (set(), set(), before)
