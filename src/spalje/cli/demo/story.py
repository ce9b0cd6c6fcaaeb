"""What the demo does, in order; every line of it goes through the same calls as the commands it names."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from rich.text import Text

from spalje.cli.demo.retailer import Retailer, mondays
from spalje.cli.demo.stage import Stage
from spalje.cli.model import comparison
from spalje.cli.output import coloured, table
from spalje.execution.order import Order
from spalje.project import git
from spalje.registry.approval import decide
from spalje.registry.batch import Batch
from spalje.registry.project import Project
from spalje.registry.version import ModelVersion, VersionStatus
from spalje.workspace import Workspace, now

PROJECT = "fresh-produce"
DATA_SCIENTIST = "Nils Ek <nils@example.org>"
APPROVER = "Maja Lind"
#: The first Monday that is forecast; everything before it is history.
FIRST = date(2017, 10, 30)
FAULT = "units_times_ten"


def tell(folder: Path, weeks: int, *, quiet: bool) -> dict[str, Any]:
    """Run the demo in a new workspace.

    Args:
        weeks: weekly batches before the retraining.
        quiet: show nothing.

    Returns:
        What happened, for machines: project, versions, batches, seconds.
    """
    stage = Stage(folder, quiet=quiet)
    began = time.monotonic()
    calendar = mondays(FIRST, weeks + 2)
    faulty = calendar[weeks - 3]

    workspace, clones = _create(stage, folder)
    retailer = Retailer.open(
        clones[1] / "src", workspace.folder / "landing", workspace.environment("current", clones[1])
    )
    with ThreadPoolExecutor(max_workers=1) as warehouse:  # the next delivery is cut while a week is worked on
        history = retailer.deliver(calendar[0])
        first = _build(stage, workspace, clones[0], history)
        _approve(
            stage,
            workspace,
            first,
            "Per week, where orders are placed, better than both naive forecasts; small bias.",
        )
        stage.chapter("Week after week", f"spalje run start inference --project {PROJECT} --param week=…")
        stage.say(
            f"{weeks} weekly batches through the calendar of 2017; the truth of each comes a week later."
        )
        delivery = warehouse.submit(retailer.deliver, calendar[0])
        for monday, following in pairwise(calendar[: weeks + 1]):
            bad = warehouse.submit(retailer.deliver, monday, fault=FAULT) if monday == faulty else None
            good, delivery = delivery.result(), warehouse.submit(retailer.deliver, following)
            truth = warehouse.submit(retailer.truth, monday)
            if bad is not None:
                _faulty_week(stage, workspace, monday, bad.result())
            _week(stage, workspace, monday, good)
            _truth(stage, workspace, monday, truth.result())
        stage.week_table(workspace.metadata.batches.list(PROJECT, 100))
        second = _retrain(stage, workspace, delivery.result(), first)
        _approve(stage, workspace, second, "Trained on eight more weeks; compared with version 1 above.")
        stage.chapter(
            "The next batch", f"spalje run start inference --project {PROJECT} --param week={calendar[weeks]}"
        )
        last = _week(stage, workspace, calendar[weeks], delivery.result())
    _lineage(stage, workspace, last)
    took = time.monotonic() - began
    stage.close(workspace, last, clones, took)
    return {
        "workspace": str(workspace.folder),
        "versions": workspace.metadata.versions.list(PROJECT),
        "batches": workspace.metadata.batches.list(PROJECT, 100),
        "seconds": round(took, 1),
    }


def _create(stage: Stage, folder: Path) -> tuple[Workspace, tuple[Path, ...]]:
    stage.chapter(
        "A project",
        f"spalje project create {PROJECT} --template forecasting --approver '{APPROVER}' --four-eyes",
    )
    workspace = Workspace.create(folder)
    wanted = Project(
        name=PROJECT,
        title="Fresh produce",
        owner="Fruit and vegetables",
        template="forecasting",
        template_version="",
        build_repository="",
        deploy_repository="",
        approvers=(APPROVER,),
        four_eyes=True,
        retrain="propose",
        created_at=now(),
        created_by=APPROVER,
    )
    created = workspace.projects.create(wanted, author=APPROVER, into=workspace.folder / "clones")
    stage.say("Two repositories, each with seed code, a recipe, tests and CI:")
    for repository in (created.project.build_repository, created.project.deploy_repository):
        stage.say(f"  {repository}")
    return workspace, created.clones


def _build(stage: Stage, workspace: Workspace, clone: Path, history: Path) -> ModelVersion:
    stage.chapter("A push, and the build it starts", "git commit && git push")
    text = (clone / "spalje.toml").read_text(encoding="utf-8")
    lines = [f'journey = "{history}"' if line.startswith("journey =") else line for line in text.splitlines()]
    (clone / "spalje.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    commit = git.commit_all(
        clone, f"Build on what the shops delivered by {FIRST}", author=git.Author.parse(DATA_SCIENTIST)
    )
    git.push(clone)
    run = workspace.metadata.runs.list(project=PROJECT, pipeline="build", limit=1)[0]
    stage.say(
        f"Commit {commit[:10]} by {DATA_SCIENTIST}; the repository's hook has queued {run.id}: "
        "its tests, then the build."
    )
    stage.follow(workspace, run)
    version = workspace.metadata.versions.list(PROJECT)[0]
    stage.results(version)
    return version


def _approve(stage: Stage, workspace: Workspace, version: ModelVersion, reason: str) -> None:
    stage.chapter("A named person decides", f"spalje model approve {version.id} --by '{APPROVER}' --reason …")
    project = workspace.metadata.projects.get(PROJECT)
    approval = decide(version, VersionStatus.APPROVED, APPROVER, reason, now(), project=project)
    workspace.metadata.versions.decide(PROJECT, version.number, version, approval)
    stage.line(Text.assemble((version.id, "bold"), " is ", coloured("approved"), f" by {APPROVER}: {reason}"))


def _week(stage: Stage, workspace: Workspace, monday: date, delivery: Path) -> Batch:
    order = Order(
        PROJECT,
        "inference",
        "schedule",
        {"week": str(monday)},
        {"journey": str(delivery)},
        trigger="schedule",
    )
    stage.run(workspace, order)
    batch = workspace.metadata.batches.list(PROJECT, 1)[0]
    stage.batch(batch)
    return batch


def _faulty_week(stage: Stage, workspace: Workspace, monday: date, delivery: Path) -> None:
    stage.say(
        f"\nFor {monday} the warehouse delivers a fault: units multiplied by ten in a third of the stores."
    )
    batch = _week(stage, workspace, monday, delivery)
    stage.blocked(batch)
    stage.say("The warehouse mends its delivery, and the week is run again:")


def _truth(stage: Stage, workspace: Workspace, monday: date, truth: Path) -> None:
    for run in workspace.deliver_truth(PROJECT, truth, "warehouse"):
        stage.execute(workspace, run)
    batch = workspace.metadata.batches.covering(PROJECT, monday, monday)[0]
    stage.evaluated(batch)


def _retrain(stage: Stage, workspace: Workspace, delivery: Path, first: ModelVersion) -> ModelVersion:
    wanted = [
        b.id
        for b in workspace.metadata.batches.list(PROJECT, 100)
        if b.evaluations and b.evaluations[-1].action == "retrain"
    ]
    why = (
        f"the quality monitor asked for it on {', '.join(wanted)}"
        if wanted
        else "no monitor asks for it: a person wants a fresh model"
    )
    stage.chapter("Retraining", f"spalje run start build --project {PROJECT} --input journey=…")
    stage.say(f"Why: {why}.")
    order = Order(
        PROJECT,
        "build",
        DATA_SCIENTIST,
        inputs={"journey": str(delivery)},
        trigger="retrain" if wanted else "manual",
    )
    stage.run(workspace, order)
    second = workspace.metadata.versions.list(PROJECT)[0]
    stage.line(Text(f"spalje model compare {first.id} {second.number}", style="dim"))
    rows = [
        (name, a, b, f"{(b - a) / abs(a):+.1%}" if a and b is not None else "")
        for name, (a, b) in comparison(first, second).items()
        if name.startswith(("wape", "bias", "rmse", "poisson"))
    ]
    stage.line(
        table(
            (
                "metric (each version on the nine weeks before it)",
                f"version {first.number}",
                f"version {second.number}",
                "change",
            ),
            rows,
        )
    )
    return second


def _lineage(stage: Stage, workspace: Workspace, batch: Batch) -> None:
    stage.chapter("Where a prediction came from", f"spalje lineage show batch:{batch.id} --direction up")
    stage.lineage(workspace, f"batch:{batch.id}")
