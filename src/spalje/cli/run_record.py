"""``spalje run record`` and ``conclude``: the two ends of a run that another orchestrator drives."""

from typing import Annotated, Literal

from cyclopts import Parameter
from rich.text import Text

from spalje.alerts.link import Links, is_address
from spalje.cli.options import Common, pairs, person
from spalje.cli.output import coloured, console, print_json
from spalje.errors import UsageError
from spalje.execution.ending import Outcome
from spalje.execution.order import Order
from spalje.lineage.run import Run, Status
from spalje.pipeline.outline import step_outline
from spalje.workspace import Workspace, definition_of

_Words = Annotated[tuple[str, ...], Parameter(negative=())]


def record(
    pipeline: str,
    *,
    project: str,
    param: _Words = (),
    input: _Words = (),  # noqa: A002  the option's name
    ref: str = "main",
    key: str | None = None,
    claim: Annotated[bool, Parameter(negative="")] = False,
    trigger: Literal["push", "manual", "schedule", "retrain", "ground-truth"] = "manual",
    by: str | None = None,
    link: str = "",
    common: Common = Common(),
) -> None:
    """Record a run, everything that it reads pinned, without executing it: its steps are executed one by one.

    Args:
        pipeline: build, inference or another pipeline of the project's recipes.
        project: the project.
        param: a parameter as NAME=VALUE; may be repeated.
        input: where an input is, as NAME=PATH, NAME=package:NAME/FOLDER or NAME=sha256:DIGEST; may be repeated.
        ref: the branch, tag or commit of the recipe.
        key: the run's name with whoever drives it; the same key again is the same run.
        claim: let no other run of this pipeline begin until this one is concluded.
        trigger: what it is run for.
        by: who or what starts it; default: SPALJE_USER or the operating system's user.
        link: the address where whoever drives it shows it.
    """
    if claim and key is None:
        raise UsageError(
            "--claim needs --key: what is claimed is claimed for the run of that key.", do="Give both."
        )
    workspace = common.open()
    order = Order(
        project,
        pipeline,
        person(by),
        pairs(param, "--param"),
        pairs(input, "--input"),
        ref,
        trigger,
        key=key,
        link=link,
    )
    run = workspace.orchestration.record(order, claim=claim)
    definition = definition_of(run)
    if not common.json:
        console().print(
            Text.assemble((run.id, "bold"), " ", coloured(run.status), f" at commit {run.commit[:10]}")
        )
        return
    steps = [step_outline(step) for step in definition.steps]
    print_json({"run": run, "steps": steps, "url": page(workspace, run)})


def conclude(run: str, *, common: Common = Common()) -> int:
    """End a run whose steps were executed one by one, tell people, and let the next one begin.

    Args:
        run: the run, PROJECT/PIPELINE/NUMBER.
    """
    workspace = common.open()
    came = workspace.orchestration.conclude(workspace.metadata.runs.get(run))
    if common.json:
        print_json({**came.told(), "url": page(workspace, came.run)})
    else:
        console().print(
            Text.assemble((came.run.id, "bold"), " ", coloured(came.run.status), f"{_said(came)}")
        )
    return code_of(came)


def code_of(came: Outcome) -> int:
    """1 when the run did not succeed, 4 when it blocked its batch or wants a retraining, else 0."""
    if came.run.status is not Status.SUCCEEDED:
        return 1
    return 4 if came.decision is not None and came.decision.alarming else 0


def page(workspace: Workspace, run: Run) -> str:
    """The address of a run's page; empty where there are no pages."""
    link = Links(workspace.settings.alerts.base_url).run(run.id)
    return link if is_address(link) else ""


def _said(came: Outcome) -> str:
    if came.run.error:
        return f": {came.run.error}"
    return f": {came.decision.action}. {' '.join(came.decision.reasons)}" if came.decision else ""
