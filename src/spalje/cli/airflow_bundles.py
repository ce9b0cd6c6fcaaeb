"""``spalje airflow bundles``: what to tell an Airflow so that it runs projects."""

import shlex
import sys
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from spalje.cli.options import Common
from spalje.cli.output import console, print_json
from spalje.errors import UsageError
from spalje.project.dags.bundle import SETTING, VARIABLE, AirflowSetup, Bundle

_Seconds = Annotated[int, Parameter(name="--refresh")]


def bundles(*projects: str, refresh: _Seconds = 60, trainings: int = 1, common: Common = Common()) -> None:
    """What to tell an Airflow so that it runs projects: DAG bundles, a pool and connections.

    A bundle is a project's deploy repository, its main: Airflow looks for new commits, and each DAG run keeps the
    commit that it began with. Say it once more when there is a new project.

    Args:
        projects: only these; default: all.
        refresh: how often Airflow looks for new commits, seconds.
        trainings: how many models may be trained at once, over all projects.
    """
    if refresh < 1 or trainings < 1:
        raise UsageError("--refresh and --trainings are whole numbers from 1.", do="Give a larger one.")
    workspace = common.open()
    every = workspace.metadata.projects
    found = [every.get(name) for name in projects] if projects else every.all()
    setup = AirflowSetup(
        tuple(
            Bundle(one.name, workspace.projects.remote(one.deploy_repository).url, one.host, refresh)
            for one in found
        ),
        sys.executable,
        str(common.folder.absolute()),
        trainings,
    )
    if common.json:
        listed = [bundle.configured() for bundle in setup.bundles]
        print_json({"dag_bundle_config_list": listed, "commands": setup.commands})
        return
    out = console()
    if not setup.bundles:
        out.print("There is no project yet: spalje project create NAME --template forecasting")
        return
    out.print(Text(f"In airflow.cfg, [{SETTING[0]}]; beside your own bundles if you have any:", style="dim"))
    out.print(Text(f"{SETTING[1]} = {setup.bundle_config_list}"), soft_wrap=True)
    out.print(Text("\nor as a variable of every Airflow process:", style="dim"))
    out.print(Text(f"export {VARIABLE}={shlex.quote(setup.bundle_config_list)}"), soft_wrap=True)
    out.print(Text("\nOnce, with the paths as the workers see them:", style="dim"))
    for command in setup.commands:
        out.print(Text(shlex.join(command)), soft_wrap=True)
