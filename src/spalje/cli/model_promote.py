"""``spalje model promote``: the deploy repository's CI hears what was decided about a version."""

import sys

from spalje.cli.options import Common, person, split_id
from spalje.cli.output import console, print_json
from spalje.errors import SpaljeError
from spalje.registry.version import ModelVersion
from spalje.workspace import Workspace


def promote(version: str, *, by: str | None = None, common: Common = Common()) -> None:
    """Tell the deploy repository's CI again what was decided about a version; the decision stays what it is.

    Args:
        version: PROJECT/NUMBER.
        by: who asks; default: SPALJE_USER or the operating system's user.
    """
    workspace = common.open()
    found = workspace.metadata.versions.get(*split_id(version, "model version"))
    started = workspace.ci.promote(found, person(by))
    if common.json:
        print_json({"version": found.id, "status": found.status, "started": started})
        return
    console().print(f"{found.id} is {found.status}; the deploy repository's CI was told: {started}.")


def announce(workspace: Workspace, version: ModelVersion, by: str) -> str | None:
    """Tell the deploy repository's CI of a decision that was just made; it stands, whatever comes of that.

    Returns:
        What was started; None: nothing was, and standard error says why and how to repeat it.
    """
    try:
        return workspace.ci.promote(version, by)
    except SpaljeError as error:
        sys.stderr.write(
            f"spalje: {version.id} is {version.status}, but the deploy repository's CI was not told: "
            f"{' '.join(str(error).split())} Repeat it with: spalje model promote {version.id}\n"
        )
        return None
