"""``spalje airflow check``: the DAGs of a repository, as Airflow would import them."""

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.text import Text

from spalje.cli.options import Common
from spalje.cli.output import coloured, console, plain, print_json, seconds, table
from spalje.errors import BadInput, UsageError
from spalje.pipeline.project_file import PROJECT_FILE, read
from spalje.project.dags.airflow_python import AirflowPython
from spalje.project.dags.check import DAGS, DagCheck, DagFile, DagTrial, DeployFolder, Need
from spalje.workspace import Workspace
from spalje.workspace.trial import trial

#: What Airflow calls the states that have colours here.
_STATES = {"success": "succeeded"}
_Flag = Annotated[bool, Parameter(negative="")]


def check(
    folder: Path = Path(),
    *,
    airflow_python: Path | None = None,
    here: _Flag = False,
    run: str | None = None,
    conf: str = "{}",
    data: Path | None = None,
    common: Common = Common(),
) -> int:
    """Import every DAG of a deploy repository as Airflow would; say what is wrong, slow or missing.

    Nothing is written into the repository, and no Airflow need be running. The exit code is 3 when something is wrong.

    Args:
        folder: the clone, with dags/ in it.
        airflow_python: the Python of Airflow's environment. Default: SPALJE_AIRFLOW_PYTHON, else that of the command
            ``airflow``, else the one that runs Spaljé.
        run: run this DAG through as well, in an empty Airflow and a copy of the workspace: nothing is published.
        conf: values of that DAG's parameters, as JSON: '{"week": "2017-10-30"}'.
        data: a folder with little data for that DAG: for each input a folder of its name, as tests/tiny_data.py of the
            build repository writes them. Tasks that make what is in there are left out.
        here: use this machine's configuration of Airflow, and ask it which connections, variables and pools it has.
            Default: an empty Airflow, made for the moment.
    """
    airflow = AirflowPython.find(airflow_python, here=here)
    place, given = DeployFolder.of(folder), _json(conf)
    little = _little(data)
    if run is None and data is not None:
        raise UsageError("--data is for a DAG that is run through.", do="Name it: --run inference.")
    found = place.check(airflow)
    tried, used = None, frozenset[str]()
    if run is not None and found.passed:
        tried, used = _try(place, airflow, found.named(run), given, little, common)
    unused = tried is not None and bool(little) and not used
    passed = found.passed and (tried is None or tried.state == "success") and not unused
    if common.json:
        told = {"python": airflow.executable, "here": here, "passed": passed, "run": tried}
        told |= {"used": sorted(used)} if tried is not None else {}
        print_json({**plain(found), **plain(told)})
    else:
        _print(found, airflow)
        if tried is not None:
            _print_trial(tried)
        if unused:
            said = f"Nothing read any of the data: {', '.join(little)}."
            console().print(Text.assemble(("✗ ", "red"), said))
    return 0 if passed else BadInput.exit_code


def _try(
    place: DeployFolder,
    airflow: AirflowPython,
    dag: str,
    conf: str,
    data: Mapping[str, str],
    common: Common,
) -> tuple[DagTrial, frozenset[str]]:
    """Run a DAG through, in a copy of the workspace; and the names of those data that were read."""
    workspace = common.open()
    project = read(place.folder / PROJECT_FILE).project.name
    with trial(workspace, {project: data}) as copy:
        tried = place.run(replace(airflow, here=False), dag, conf, copy, sys.executable, data)
        runs = _inputs(Workspace.open(copy), project)
    pinned = {name for run, names in runs.items() if run not in _inputs(workspace, project) for name in names}
    return tried, frozenset(data) & (pinned | {*tried.read})


def _inputs(workspace: Workspace, project: str) -> dict[str, tuple[str, ...]]:
    """The newest runs of a project, and what they read."""
    with closing(workspace.metadata) as metadata:
        return {run.id: tuple(run.inputs) for run in metadata.runs.list(project=project, limit=50)}


def _little(folder: Path | None) -> dict[str, str]:
    """What is in a folder of data, by name."""
    if folder is None:
        return {}
    place = folder.expanduser().resolve()
    found = {path.stem if path.is_file() else path.name: str(path) for path in sorted(place.glob("[!.]*"))}
    if not found:
        raise BadInput(
            f"There are no data in {place}.",
            do="Have the build repository write some: python tests/tiny_data.py FOLDER.",
        )
    return found


def _json(conf: str) -> str:
    try:
        return json.dumps(json.loads(conf))
    except ValueError as error:
        raise UsageError(
            f"--conf is not JSON: {error}.", do="""Write it as --conf '{"week": "2017-10-30"}'."""
        ) from error


def _print_trial(tried: DagTrial) -> None:
    out = console()
    rows = [
        (task.task, coloured(_STATES.get(task.state, task.state)), seconds(task.seconds))
        for task in tried.tasks
    ]
    out.print()
    out.print(table(("task", "state", "took"), rows, title=f"{tried.dag}, run through"))
    if tried.left_out:
        out.print(f"Left out, for nobody was asked: {', '.join(tried.left_out)}.")
    if tried.idle:
        out.print(f"Left out, for what they make was given: {', '.join(tried.idle)}.")
    out.print(Text.assemble(tried.dag, " ", coloured(_STATES.get(tried.state, tried.state))))


def _print(found: DagCheck, airflow: AirflowPython) -> None:
    out = console()
    rows = [
        (
            f"{DAGS}/{file.path}",
            ", ".join(dag.id for dag in found.dags if dag.file == file.path) or "–",
            Text("wrong", style="red") if file.errors else seconds(file.milliseconds / 1000),
        )
        for file in found.files
    ]
    out.print(table(("file", "DAGs", "read in"), rows))
    for file in found.files:
        _print_remarks(out, file)
    if found.outline:
        out.print(Text.assemble(("\n✗ ", "red"), found.outline.said), soft_wrap=True)
        out.print(Text.assemble(("   do ", "bold green"), found.outline.do), soft_wrap=True)
    if found.needs:
        _print_needs(out, found.needs)
    out.print()
    wrong = sum(len(file.errors) for file in found.files) + (found.outline is not None)
    missing = sum(need.missing for need in found.needs)
    if not found.files:
        out.print(f"There is no DAG in {DAGS}/.")
    elif found.passed:
        out.print(f"Airflow {found.airflow} takes all {len(found.dags)} DAGs.")
    else:
        told = [f"{wrong} wrong" if wrong else "", f"{missing} missing" if missing else ""]
        out.print(f"Airflow {found.airflow} ({airflow.executable}): {', '.join(filter(None, told))}.")


def _print_remarks(out: Console, file: DagFile) -> None:
    for remarks, mark, colour in ((file.errors, "✗", "red"), (file.remarks, "▲", "yellow")):
        for remark in remarks:
            line = f":{remark.line}" if remark.line else ""
            where = (f"\n{mark} {DAGS}/{file.path}{line}  ", colour)
            out.print(Text.assemble(where, remark.said), soft_wrap=True)
            if remark.traceback:
                out.print(Text(remark.traceback, style="dim"), soft_wrap=True)


def _print_needs(out: Console, needs: Sequence[Need]) -> None:
    """What the DAGs use, and the commands that make what is not known to be there."""
    out.print()
    rows = [(need.kind, need.name, _users(need), _standing(need)) for need in needs]
    out.print(table(("uses", "name", "where", ""), rows))
    for need in needs:
        if need.exists is not True and need.required:
            style = "bold green" if need.missing else "dim"
            out.print(Text.assemble(("   do ", style), need.make), soft_wrap=True)


def _users(need: Need) -> str:
    """Who uses it: the first, and how many more."""
    first, *more = need.used_by
    return f"{first} and {len(more)} more" if more else first


def _standing(need: Need) -> Text:
    if need.exists:
        return Text("there", style="green")
    if need.missing:
        return Text("missing", style="red")
    return Text("may be missing" if need.exists is False else "", style="dim")
