"""``spalje batch truth``: ground truth delivered, and the batches that it is about judged."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from spalje.cli import delivery
from spalje.cli.artifact import full_digest
from spalje.cli.attached import attached, logged
from spalje.cli.live import watching
from spalje.cli.options import Common, person
from spalje.cli.output import console, print_json
from spalje.cli.run import exit_code, failure, retrain
from spalje.cli.run_record import page
from spalje.execution.event import Listener
from spalje.lineage.run import Run, Status
from spalje.registry.truth import Delivery
from spalje.workspace import Workspace, definition_of

_ARTIFACT = "sha256:"
#: So many quality runs back those of an earlier try at the same delivery are found.
_RUNS = 200


def truth(
    file: str,
    *,
    project: str,
    by: str | None = None,
    key: str | None = None,
    link: str = "",
    log: Annotated[bool, Parameter(negative="")] = False,
    attach: Annotated[bool, Parameter(name="--attached", negative="")] = False,
    common: Common = Common(),
) -> int:
    """Deliver ground truth: what really happened, for the batches that predicted it.

    It is laid over what is known; a batch of which nothing new is known is not judged again.

    Args:
        file: Parquet (a file or a folder), CSV (also .csv.gz), or Model Monitor's JSON Lines (a file, or a folder
            with its hours), with the business keys or the inference id and the target; or an artifact, sha256:DIGEST.
        project: the project.
        by: who delivers; default: SPALJE_USER or the operating system's user.
        key: the delivery's name with another orchestrator; the same key again goes on with the same runs.
        link: the address where that orchestrator shows it.
        log: print what the steps log to standard error as it comes.
        attach: stop when standard input closes, and with it whoever started this.
    """
    workspace, told = common.open(), list[Delivery]()
    place = Path(file)
    if file.startswith(_ARTIFACT):
        place = workspace.artifacts.open(full_digest(workspace.artifacts, file.removeprefix(_ARTIFACT)))
    with attached(attach):
        runs = workspace.deliver_truth(project, place, person(by), told.append, key, link)
        ended = [_judged(workspace, run, log=log) for run in runs]
    if key is not None:
        ended = _of_delivery(workspace, project, key)
    if common.json:
        batches = [workspace.metadata.batches.get(str(run.batch)) for run in ended]
        concluded = [
            {**workspace.orchestration.outcome(run).told(), "url": page(workspace, run)} for run in ended
        ]
        print_json({"delivery": told[0], "runs": ended, "batches": batches, "concluded": concluded})
    else:
        _tell(told[0], workspace)
        if not ended:
            console().print("Nothing new: every batch this truth is about has been checked against it.")
    bad = next((run for run in ended if run.status is not Status.SUCCEEDED), None)
    if bad is not None:
        raise failure(workspace, bad)
    for run in ended:
        retrain(workspace, run, quiet=common.json)
    return max((exit_code(workspace, run) for run in ended), default=0)


def _judged(workspace: Workspace, run: Run, *, log: bool) -> Run:
    with _listening(workspace, run, log=log) as listener:
        return workspace.orchestration.execute_rest(run, listener=listener)


@contextmanager
def _listening(workspace: Workspace, run: Run, *, log: bool) -> Iterator[Listener]:
    if log:
        with logged(True, workspace.executor().log_of(run, "any").parent) as listener:
            yield listener
    else:
        with watching(definition_of(run), f"{run.id} about batch {run.batch}") as listener:
            yield listener


def _of_delivery(workspace: Workspace, project: str, key: str) -> list[Run]:
    """The runs of a delivery, those of an earlier try at it too, in the order in which they were recorded."""
    runs = workspace.metadata.runs.list(project=project, pipeline="quality", limit=_RUNS)
    return [run for run in reversed(runs) if run.key is not None and run.key.startswith(f"{key}/")]


def _tell(brought: Delivery, workspace: Workspace) -> None:
    for learned in brought.batches:
        evaluations = workspace.metadata.batches.get(learned.batch).evaluations
        for line in delivery.told(learned, evaluations[-1] if evaluations else None):
            console().print(line, soft_wrap=True)
    for line in delivery.unused(brought):
        console().print(line, soft_wrap=True)
