"""The life of a project, driven by a real Airflow alone; the embedded runner ends with the same, hash by hash."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from command import Command
from lemonade_site import Lemonade, lemonade
from postgres import postgres

from spalje.registry.project import Project
from spalje.workspace import Workspace, now

BUILD, INFERENCE = "lemonade-build", "lemonade-inference"
TRUTH, QUALITY = "lemonade-truth", "lemonade-quality"
#: The last before the relation turns, and the first after it.
WEEKS = ("2024-06-24", "2024-07-01")
FIRST, SECOND = "It is the first.", "Better where the relation has turned."


@pytest.mark.timeout(600)
def test_airflow_alone_and_the_embedded_runner_end_with_the_same(airflow_python, tmp_path):
    """PostgreSQL, LocalExecutor, and every process of Airflow."""
    with (
        postgres() as database,
        lemonade(airflow_python, tmp_path, catchup=True, first=WEEKS[0], database=database) as place,
    ):
        drive(place)
        by_airflow = state(place.spalje)
        check_what_airflow_says(place)
    by_hand = drive_by_hand(tmp_path)
    found = state(by_hand)
    for part, what in by_airflow.items():
        assert found[part] == what, part


def drive(place: Lemonade) -> None:
    """The life: every deed is one of Airflow's, or a person's in Airflow."""
    site = place.site
    first = site.trigger(BUILD, today=WEEKS[0])
    approve(place, first, FIRST, "maja")
    place.pause(INFERENCE, False)
    place.pause(TRUTH, False)
    site.until(lambda: len(site.runs(INFERENCE)) == len(WEEKS), 120, "weeks are not caught up with")
    for run in site.runs(INFERENCE):
        site.ended(INFERENCE, run["dag_run_id"], within_s=180)
    for week in WEEKS:
        known = len(site.runs(QUALITY))
        run = site.trigger(TRUTH, person="nils", week=week)
        site.ended(TRUTH, run)
        site.until(lambda known=known: len(site.runs(QUALITY)) > known, 60, "the truth starts nothing")
        site.ended(QUALITY, site.runs(QUALITY)[-1]["dag_run_id"])
    site.until(lambda: len(site.runs(BUILD)) == 2, 60, "no retraining")
    approve(place, site.runs(BUILD)[1]["dag_run_id"], SECOND, "maja")


def approve(place: Lemonade, run: str, reason: str, person: str) -> None:
    """A person approves, in Airflow, what a build has made."""
    place.site.asked(BUILD, run, "approval", within_s=120)
    place.site.answer(BUILD, run, "approval", "Approve", person=person, reason=reason)
    place.site.ended(BUILD, run)


def check_what_airflow_says(place: Lemonade) -> None:
    """Events of the assets, and where runs and tasks point at each other."""
    site = place.site
    happened = {
        what: len(site.events(f"spalje://lemonade/{what}"))
        for what in ("batch-published", "ground-truth", "retrain-wanted", "model-approved")
    }
    assert happened == {"batch-published": 2, "ground-truth": 2, "retrain-wanted": 1, "model-approved": 2}
    (wanted,) = site.events("spalje://lemonade/retrain-wanted")
    runs = {run["id"]: run for run in place.said("run", "list", "--project", "lemonade")}
    second = runs["lemonade/build/2"]
    assert (second["trigger"], second["started_by"]) == ("retrain", wanted["extra"]["run"])
    assert second["link"].startswith(f"{site.url}/dags/{BUILD}/runs/asset_triggered__")
    assert {run["started_by"] for run in runs.values() if "/truth/" in run["id"]} == {"nils"}
    caught_up = [run["logical_date"][:10] for run in site.runs(INFERENCE)]
    assert caught_up == list(WEEKS)


def drive_by_hand(folder: Path) -> Command:
    """The same commits and data, by the embedded runner."""
    other = folder / "by-hand"
    workspace = Workspace.create(other / "workspace")
    shutil.copytree(folder / "workspace" / "git", other / "workspace" / "git")
    was = Workspace.open(folder / "workspace").metadata.projects.get("lemonade")
    bare = {role: str(other / "workspace" / "git" / f"lemonade-{role}.git") for role in ("build", "deploy")}
    workspace.metadata.projects.create(
        Project(
            **{name: getattr(was, name) for name in ("name", "title", "owner", "template", "template_version")},
            build_repository=bare["build"], deploy_repository=bare["deploy"],
            approvers=(), four_eyes=False, retrain="auto", created_at=now(), created_by="tests",
        )
    )  # fmt: skip
    workspace.metadata.close()
    spalje = Command(other / "workspace", folder)

    def said(*words: str, **environ: str) -> Any:
        ended = spalje(*words, "--json", **environ)
        assert ended.code in (0, 4), ended.error
        return ended.json

    project = ("--project", "lemonade")
    said("run", "start", "build", *project, "--param", f"today={WEEKS[0]}")
    said("model", "approve", "lemonade/1", "--reason", FIRST, "--by", "maja")
    for week in WEEKS:
        said("run", "start", "inference", *project, "--param", f"week={week}")
    for week in WEEKS:
        run = said("run", "start", "truth", *project, "--param", f"week={week}")
        digest = run["steps"][0]["outputs"]["features"]
        said("batch", "truth", f"sha256:{digest}", *project)
    said("run", "watch", "lemonade/build/2")
    said("model", "approve", "lemonade/2", "--reason", SECOND, "--by", "maja")
    return spalje


def state(spalje: Command) -> dict[str, Any]:
    """What is in the registry, the lineage and the batches, without times, and places on this machine."""
    opened = Workspace.open(spalje.workspace)
    store = opened.metadata
    runs = sorted(store.runs.list(project="lemonade", limit=100), key=lambda run: (run.pipeline, run.number))
    found = {
        "runs": {
            run.id: (
                run.status,
                run.definition,
                run.commit,
                run.author,
                run.parameters,
                run.inputs,
                run.version,
                run.batch,
            )
            for run in runs
        },
        "steps": {
            f"{run.id} {name}": (
                step.status,
                step.key,
                step.inputs,
                {name: decided(opened, digest) or digest for name, digest in step.outputs.items()},
                step.source,
                step.environment,
            )
            for run in runs
            for name, step in store.steps.all(run.id).items()
        },
        "versions": [
            (
                {**version.content.manifest, "repository": Path(version.content.repository).name},
                version.status,
                [(entry.who, entry.status, entry.reason) for entry in version.history],
            )
            for version in store.versions.list("lemonade")
        ],
        "batches": [
            (batch.number, batch.revision, batch.content, batch.evaluations)
            for batch in store.batches.list("lemonade")
        ],
    }
    opened.metadata.close()
    found["lineage"] = [spalje("lineage", "show", f"batch:lemonade/{number}").out for number in (1, 2)]
    return found


def decided(workspace: Workspace, digest: str) -> dict[str, Any] | None:
    """What an artifact that is a decision says, without the moment of it; None: it is none."""
    file = workspace.artifacts.open(digest) / "decision.json"
    return {**json.loads(file.read_text()), "at": ""} if file.is_file() else None
