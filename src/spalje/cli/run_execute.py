"""``spalje run execute``: what is left of a recorded run, as the push hook and other orchestrators ask for it."""

from typing import Annotated

from cyclopts import Parameter

from spalje.cli.attached import attached, logged
from spalje.cli.live import watching
from spalje.cli.options import Common
from spalje.cli.output import print_json
from spalje.cli.run import end
from spalje.cli.run_record import page
from spalje.workspace import definition_of

_Flag = Annotated[bool, Parameter(negative="")]


def execute(
    run: str,
    *,
    log: _Flag = False,
    attach: Annotated[bool, Parameter(name="--attached", negative="")] = False,
    common: Common = Common(),
) -> int:
    """Execute what is left of a recorded run, whatever became of it; nothing is left of one that succeeded.

    Args:
        run: the run, PROJECT/PIPELINE/NUMBER.
        log: print what the steps log to standard error as it comes.
        attach: stop the run when standard input closes, and with it whoever started this.
    """
    workspace = common.open()
    found = workspace.metadata.runs.get(run)
    definition = definition_of(found)
    if not (log or common.json):
        with attached(attach), watching(definition, f"{found.id} at commit {found.commit[:10]}") as listener:
            ended = workspace.orchestration.execute_rest(found, listener=listener)
        return end(workspace, ended, quiet=False)
    with attached(attach), logged(log, workspace.executor().log_of(found, "any").parent) as listener:
        ended = workspace.orchestration.execute_rest(found, listener=listener)
    if common.json:
        steps = list(workspace.metadata.steps.all(run).values())
        print_json(
            {**workspace.orchestration.outcome(ended).told(), "steps": steps, "url": page(workspace, ended)}
        )
    return end(workspace, ended, quiet=True)
