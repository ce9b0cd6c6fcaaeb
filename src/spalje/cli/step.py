"""``spalje step``: one step, by the call that every orchestrator uses."""

import os
import signal
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from spalje.cli.attached import attached, logged
from spalje.cli.options import Common
from spalje.cli.output import console, plain, print_json
from spalje.cli.run import failure
from spalje.cli.run_record import page
from spalje.errors import Conflict, Lost, NotFound, Refused
from spalje.execution.consequence import conclusion
from spalje.execution.ending import verdicts_of
from spalje.execution.owner import alive, process
from spalje.lineage.run import Run, Status, StepRun
from spalje.workspace import Workspace, definition_of

app = App(name="step", help="A single step, as other orchestrators call it.")

_Flag = Annotated[bool, Parameter(negative="")]
_LOOK_S = 0.5
#: Seconds that a step that is cancelled has to end by itself.
_GRACE_S = 15.0


@app.command
def execute(
    run: str,
    step: str,
    *,
    log: _Flag = False,
    attach: Annotated[bool, Parameter(name="--attached", negative="")] = False,
    common: Common = Common(),
) -> None:
    """Execute one step of a run; when it has succeeded before, nothing is done.

    Args:
        run: the run, PROJECT/PIPELINE/NUMBER.
        step: the step.
        log: print what the step logs to standard error as it comes.
        attach: stop the step when standard input closes, and with it whoever started this.
    """
    workspace = common.open()
    found = _find(workspace, run, step)
    with attached(attach), logged(log, _logs(workspace, found), step) as listener:
        ended = workspace.orchestration.execute_step(found, step, listener)
    _end(workspace, found, ended, common)


@app.command
def wait(
    run: str,
    step: str,
    *,
    log: _Flag = False,
    lost_after: float = 60.0,
    since: datetime | None = None,
    common: Common = Common(),
) -> None:
    """Wait until a step that another process executes has ended.

    Args:
        run: the run, PROJECT/PIPELINE/NUMBER.
        step: the step.
        log: print the step's log to standard error, and what is added to it as it comes.
        lost_after: seconds without anybody working on the step after which it is given up.
        since: when somebody began to execute it; that it had failed before is not what is waited for.
    """
    workspace = common.open()
    found = _find(workspace, run, step)
    seen = time.monotonic()
    with logged(log, _logs(workspace, found), step, whole=True):
        while not _over(found, state := workspace.metadata.steps.all(run)[step], since):
            holder = workspace.metadata.leases.holder(_lease(run, step))
            if holder is not None and alive(holder.owner):
                seen = time.monotonic()
            elif time.monotonic() - seen > lost_after or (
                state.status is Status.RUNNING and holder is not None
            ):
                raise Lost(
                    f"Nobody executes step '{step}' of {run}, which is {state.status}.",
                    do=f"Execute it: spalje step execute {run} {step}",
                )
            time.sleep(_LOOK_S)
    _end(workspace, found, state, common)


@app.command
def cancel(run: str, step: str, *, common: Common = Common()) -> None:
    """Stop a step that a process of this machine executes, and everything that it started.

    Args:
        run: the run, PROJECT/PIPELINE/NUMBER.
        step: the step.
    """
    workspace = common.open()
    _find(workspace, run, step)
    holder = workspace.metadata.leases.holder(_lease(run, step))
    if holder is None or not alive(holder.owner):
        raise Refused(
            f"Nobody executes step '{step}' of {run}.", do=f"See how it stands: spalje run show {run}"
        )
    pid = int(holder.owner.split(":")[1]) if holder.owner.count(":") == 2 else 0
    if not pid or holder.owner != process(pid):
        raise Conflict(
            f"Step '{step}' of {run} is executed by {holder.owner}, on another machine.", do="Stop it there."
        )
    os.kill(pid, signal.SIGINT)
    until = time.monotonic() + _GRACE_S
    while alive(holder.owner) and time.monotonic() < until:
        time.sleep(_LOOK_S / 5)
    if alive(holder.owner):
        os.kill(pid, signal.SIGKILL)
    state = workspace.metadata.steps.all(run)[step]
    if common.json:
        print_json(_told(workspace, state))
    else:
        console().print(f"{run}: step '{step}' is {state.status}.")


def _find(workspace: Workspace, run: str, step: str) -> Run:
    found = workspace.metadata.runs.get(run)
    names = [spec.name for spec in definition_of(found).steps]
    if step not in names:
        raise NotFound(f"step of {run}", step, names)
    return found


def _over(run: Run, state: StepRun, since: datetime | None) -> bool:
    """Whether a step has ended, for good: what succeeded is not executed again, nor anything of a run that did."""
    if since is None or Status.SUCCEEDED in (state.status, run.status) or not state.status.ended:
        return state.status.ended
    return state.ended_at is None or state.ended_at >= (since if since.tzinfo else since.astimezone())


def _logs(workspace: Workspace, run: Run) -> Path:
    return workspace.executor().log_of(run, "any").parent


def _lease(run: str, step: str) -> str:
    return f"step/{run}/{step}"


def _end(workspace: Workspace, run: Run, ended: StepRun, common: Common) -> None:
    if common.json:
        print_json({**_told(workspace, ended), "url": page(workspace, run)})
    if ended.status in (Status.FAILED, Status.CANCELLED):
        raise failure(workspace, run)


def _told(workspace: Workspace, state: StepRun) -> dict[str, Any]:
    """A step run for machines, with what its verdict or decision says."""
    spec = definition_of(workspace.metadata.runs.get(state.run)).step(state.step)
    verdicts = verdicts_of(spec, state, workspace.artifacts)
    return {
        **plain(state),
        "verdict": next(iter(verdicts.values()), None),
        "decision": conclusion({state.step: state}, workspace.artifacts).action,
    }
