"""``spalje step``: one step, by the call that every orchestrator uses."""

from cyclopts import App

from spalje.cli.options import Common
from spalje.cli.output import print_json
from spalje.cli.run import failure
from spalje.errors import NotFound
from spalje.lineage.run import Status
from spalje.workspace import definition_of

app = App(name="step", help="A single step, as other orchestrators call it.")


@app.command
def execute(run: str, step: str, *, common: Common = Common()) -> None:
    """Execute one step of a run; when it has succeeded before, nothing is done.

    Args:
        run: the run, PROJECT/PIPELINE/NUMBER.
        step: the step.
    """
    workspace = common.open()
    found = workspace.metadata.runs.get(run)
    definition = definition_of(found)
    names = [spec.name for spec in definition.steps]
    if step not in names:
        raise NotFound(f"step of {run}", step, names)
    ended = workspace.executor().execute(found, definition, step)
    if common.json:
        print_json(ended)
    if ended.status in (Status.FAILED, Status.CANCELLED):
        raise failure(workspace, found)
