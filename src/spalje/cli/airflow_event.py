"""``spalje airflow event``: Airflow hears that ground truth has arrived, and starts what judges the model by it."""

from pathlib import Path
from typing import Literal

from spalje.cli.options import Common, person
from spalje.cli.output import console, print_json
from spalje.errors import BadInput


def event(
    project: str,
    topic: Literal["ground-truth"],
    *,
    truth: str,
    by: str | None = None,
    common: Common = Common(),
) -> None:
    """Tell the Airflow of the settings that something has happened: the DAGs scheduled by it are triggered.

    Args:
        project: the project.
        topic: what has happened: ground-truth.
        truth: where the truth is: a path that Airflow's workers see as well, or sha256:DIGEST of an artifact.
        by: who tells; default: SPALJE_USER or the operating system's user.
    """
    workspace = common.open()
    workspace.metadata.projects.get(project)
    place = truth
    if truth.startswith("sha256:"):
        workspace.artifacts.open(truth.removeprefix("sha256:"))
    else:
        path = Path(truth).expanduser().absolute()
        if not path.exists():
            raise BadInput(
                f"There is no {path}.",
                do="Name a file or a folder with the truth, or an artifact as sha256:DIGEST.",
            )
        place = str(path)
    posted = workspace.ci.airflow.post(project, topic, {"truth": place, "by": person(by)})
    if common.json:
        print_json({"event": posted, "truth": place})
        return
    console().print(f"Airflow was told: {posted}.", soft_wrap=True)
