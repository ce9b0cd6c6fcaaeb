"""``spalje model promote``: the deploy repository's CI, and Airflow, hear what was decided about a version."""

import sys
from collections.abc import Callable

from spalje.cli.options import Common, person, split_id
from spalje.cli.output import console, print_json
from spalje.errors import SpaljeError
from spalje.registry.version import ModelVersion, VersionStatus
from spalje.workspace import Workspace


def promote(version: str, *, by: str | None = None, common: Common = Common()) -> None:
    """Tell the deploy repository's CI, and Airflow of an approval, again what was decided; it stays what it is.

    Args:
        version: PROJECT/NUMBER.
        by: who asks; default: SPALJE_USER or the operating system's user.
    """
    workspace = common.open()
    found = workspace.metadata.versions.get(*split_id(version, "model version"))
    event = None
    try:
        started = workspace.ci.promote(found, person(by))
    finally:  # the one is told whatever the other says
        if _is_news(workspace, found):
            event = _post(workspace, found)
    if common.json:
        print_json({"version": found.id, "status": found.status, "started": started, "event": event})
        return
    console().print(f"{found.id} is {found.status}; the deploy repository's CI was told: {started}.")
    if event:
        console().print(f"Airflow was told: {event}.")


def announce(
    workspace: Workspace, version: ModelVersion, by: str, *, airflow: bool = True
) -> tuple[str, ...]:
    """Tell others of a decision that was just made; it stands, whatever comes of that.

    The deploy repository's CI hears of every decision; where the settings name an Airflow, it hears of approvals.

    Args:
        workspace: where the version is.
        version: as it is after the decision.
        by: who decided.
        airflow: whether Airflow is told; it is not when it is itself that asks.

    Returns:
        A sentence for each that was told; of one that was not, standard error says why and how to repeat it.
    """
    told = []
    if started := _tried(lambda: workspace.ci.promote(version, by), version, "the deploy repository's CI"):
        told.append(f"The deploy repository's CI was told: {started}.")
    news = airflow and _is_news(workspace, version)
    if news and (event := _tried(lambda: _post(workspace, version), version, "Airflow")):
        told.append(f"Airflow was told: {event}.")
    return tuple(told)


def _tried(tell: Callable[[], str], version: ModelVersion, whom: str) -> str | None:
    try:
        return tell()
    except SpaljeError as error:
        sys.stderr.write(
            f"spalje: {version.id} is {version.status}, but {whom} was not told: "
            f"{' '.join(str(error).split())} Repeat it with: spalje model promote {version.id}\n"
        )
        return None


def _is_news(workspace: Workspace, version: ModelVersion) -> bool:
    """Whether Airflow is told of it: there is one, and DAGs are triggered by approvals."""
    return workspace.settings.airflow.told and version.status is VersionStatus.APPROVED


def _post(workspace: Workspace, version: ModelVersion) -> str:
    last = version.history[-1]
    extra = {"version": version.id, "run": version.content.run, "by": last.who, "reason": last.reason}
    return workspace.ci.airflow.post(version.content.project, "model-approved", extra)
