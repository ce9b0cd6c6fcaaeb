"""What Airflow costs: a step as a task beside a shell's and beside the embedded runner; reading many projects' DAGs.

A step that does nothing but hand on 1 kB, by a script of its own, in turn in every round: in a plain ``BashOperator``
that starts the script (``bash_s``), in a ``SpaljeStepOperator`` (``step_s``), both in one warm process of Airflow,
``dag.test()``, by Airflow's own record of when the task began and ended; and in the embedded runner's executor in a
warm process of Spaljé's (``embedded_s``). ``step_over_bash_s`` and ``step_over_embedded_s`` are the medians of the
differences of a round. ``command_s`` (and ``command_cpu_s``, processor time): of the step's, what ``spalje step
execute`` takes by itself for a step that has succeeded, a cold process: Python's start, imports, and a look into the
metadata.

``parse_ms_per_dag``: Airflow's ``DagBag`` reads the deploy repositories of 50 projects, 200 DAGs; ``…_400``: of 100;
``…_cpu_ms…``: of processor time, which a busy machine disturbs less. ``parse_over_plain`` is the ratio to as many
files with as many DAGs of as many plain ``BashOperator`` tasks, which is the limit. ``import_ms``: the first ``from
spalje.airflow import Project`` in a process that has ``airflow.sdk``.
"""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median
from typing import Any, Self

from bench.contestant import Unavailable, environ, timed
from bench.peer import spalje_steps
from spalje.project.template.catalog import shipped
from spalje.workspace import Workspace

ROUNDS, PARSES, IMPORTS = 9, 5, 5
#: How many projects' DAGs are read.
FEW, MANY = 50, 100
HERE = Path(__file__).parent
AIRFLOW = HERE.parent / ".venv-airflow"

#: As many DAGs as a project has, of as many tasks, that know nothing of Spaljé.
PLAIN = """\
from datetime import datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

for name, tasks in {dags}:
    with DAG("{project}-" + name, schedule=None, start_date=datetime(2024, 1, 1)):
        last = None
        for number in range(tasks):
            task = BashOperator(task_id=f"task{{number}}", bash_command="true")
            last = task if last is None else last >> task
"""

Figures = dict[str, float | int | None]


def main() -> int:
    """Measure, and print the figures as the last line."""
    if not (AIRFLOW / ".installed").exists():
        raise SystemExit(f"There is no Airflow in {AIRFLOW}: make .venv-airflow/.installed")
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="spalje-bench-") as scratch:
        figures = _steps(Path(scratch) / "steps") | _parsing(Path(scratch) / "parsing")
    python = platform.python_version()
    for name, figure in figures.items():
        print(f"{name:24}{figure}")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {python}, load {load:.1f} before")
    print(json.dumps({"bench": "airflow", "figures": figures}))
    return 0


def _steps(folder: Path) -> Figures:
    """The same step by a shell, as a task, and in the embedded runner, in turn."""
    folder.mkdir()
    spalje_steps.prepare(folder)
    workspace = Workspace.open(folder / "workspace")
    definition = spalje_steps.linear(1, "script")
    runs = [spalje_steps.record(workspace, definition) for _ in range(2 * (ROUNDS + 1))]
    executor = workspace.executor()
    took: dict[str, list[float]] = {"bash": [], "step": [], "embedded": [], "command": [], "command_cpu": []}
    command = [sys.executable, "-P", "-m", "spalje", "step", "execute", runs[0].id, "step0"]
    command += ["--workspace", str(workspace.folder), "--json"]
    with _Tasks(folder) as tasks:
        for number in range(ROUNDS + 1):
            print(f"round {number} of {ROUNDS}", file=sys.stderr)
            as_task, embedded = runs[2 * number], runs[2 * number + 1]
            took["bash"].append(tasks.ask("bash"))
            took["step"].append(tasks.ask(f"step {as_task.number}"))
            began = time.perf_counter()
            ended = executor.execute(embedded, definition, "step0")
            took["embedded"].append(time.perf_counter() - began)
            known = workspace.metadata.steps.all(as_task.id)["step0"]
            again = timed(command, environ(folder), folder)
            took["command"].append(again.wall_s)
            took["command_cpu"].append(again.cpu_s)
            if (ended.status, known.status, ended.outputs) != ("succeeded", "succeeded", known.outputs):
                raise SystemExit(f"the sides did not do the same: {ended}, {known}")
    warm = {f"{name}_s": seconds[1:] for name, seconds in took.items()}  # the first is to get warm
    bash, step, inside = warm["bash_s"], warm["step_s"], warm["embedded_s"]
    return {
        **{name: _middle(seconds) for name, seconds in warm.items()},
        "step_over_bash_s": _middle(one - other for one, other in zip(step, bash, strict=True)),
        "step_over_embedded_s": _middle(one - other for one, other in zip(step, inside, strict=True)),
    }


def _parsing(folder: Path) -> Figures:
    """The DAGs of many projects, and as many plain ones."""
    folder.mkdir()
    print("rendering projects", file=sys.stderr)
    _render(folder / "one")
    variables = _variables(folder)
    words = [str(AIRFLOW / "bin" / "python"), str(HERE / "peer" / "airflow_tasks.py")]
    shape = _shape(folder / "one", words, variables, folder)
    sides = {}
    for count in (FEW, MANY):
        sides[f"ours{count}"], sides[f"plain{count}"] = folder / f"ours{count}", folder / f"plain{count}"
        for number in range(count):
            project = f"project-{number}"
            _copy(folder / "one", sides[f"ours{count}"] / project, project)
            plain = sides[f"plain{count}"] / project / "dags" / f"{project}.py"
            plain.parent.mkdir(parents=True)
            plain.write_text(PLAIN.format(project=project, dags=shape))
    said = json.loads(
        timed([*words, "parse", str(PARSES), *map(str, sides.values())], variables, folder).said
    )
    read = {name: said[str(place)] for name, place in sides.items()}
    for count in (FEW, MANY):
        ours, plain = read[f"ours{count}"], read[f"plain{count}"]
        if (ours["dags"], ours["tasks"]) != (plain["dags"], plain["tasks"]) or ours["dags"] != 4 * count:
            raise SystemExit(f"not the same DAGs: {ours}, {plain}")
    imports = [json.loads(timed([*words, "import"], variables, folder).said) for _ in range(IMPORTS)]
    ours, more, plain = read[f"ours{FEW}"], read[f"ours{MANY}"], read[f"plain{FEW}"]
    ratios = (one / other for one, other in zip(ours["s"], plain["s"], strict=True))
    return {
        "parse_ms_per_dag": _middle(1000 * seconds / ours["dags"] for seconds in ours["s"]),
        "parse_cpu_ms_per_dag": _middle(1000 * seconds / ours["dags"] for seconds in ours["cpu_s"]),
        "parse_ms_per_dag_400": _middle(1000 * seconds / more["dags"] for seconds in more["s"]),
        "parse_ms_per_file": _middle(1000 * seconds / FEW for seconds in ours["s"]),
        "plain_ms_per_dag": _middle(1000 * seconds / plain["dags"] for seconds in plain["s"]),
        "plain_cpu_ms_per_dag": _middle(1000 * seconds / plain["dags"] for seconds in plain["cpu_s"]),
        "parse_over_plain": _middle(ratios),
        "dags": ours["dags"],
        "tasks": ours["tasks"],
        "import_ms": _middle(1000 * one["s"] for one in imports),
        "import_cpu_ms": _middle(1000 * one["cpu_s"] for one in imports),
    }


def _render(folder: Path) -> None:
    """The deploy repository of a project of the shipped forecasting template."""
    answers = {"project": "project-x", "repository": "deploy", "title": "Project X", "owner": "bench"}
    data = [word for key, value in answers.items() for word in ("--data", f"{key}={value}")]
    copier = Path(sys.executable).parent / "copier"
    words = [str(copier), "copy", "--quiet", "--defaults", *data, str(shipped() / "forecasting"), str(folder)]
    subprocess.run(words, check=True, capture_output=True)


def _copy(one: Path, folder: Path, project: str) -> None:
    """The same for another project: its name stands in spalje.toml and is that of the DAG file."""
    (folder / "dags").mkdir(parents=True)
    toml = (one / "spalje.toml").read_text()
    (folder / "spalje.toml").write_text(toml.replace('"project-x"', f'"{project}"'))
    shutil.copy(one / "dags" / "project-x.py", folder / "dags" / f"{project}.py")
    shutil.copy(one / "dags" / "pipelines.json", folder / "dags")


def _shape(one: Path, words: list[str], variables: Mapping[str, str], folder: Path) -> list[tuple[str, int]]:
    """The DAGs of a project, and how many tasks each has, as Airflow sees them."""
    report = folder / "report.json"
    check = [words[0], "-m", "spalje.airflow.check", str(one / "dags"), "--report", str(report)]
    timed(check, variables, folder)
    return [
        (re.sub("^project-x-", "", dag["id"]), len(dag["tasks"]))
        for dag in json.loads(report.read_text())["dags"]
    ]


def _variables(folder: Path) -> dict[str, str]:
    """What a process of Airflow sees: an Airflow of its own, with an empty database."""
    home = folder / "airflow"
    (home / "dags").mkdir(parents=True)
    shutil.copy(AIRFLOW / "home" / "airflow.db", home / "airflow.db")
    return {
        **environ(folder),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "SPALJE_PYTHON": sys.executable,
        "SPALJE_WORKSPACE": str(folder / "workspace"),
        "NO_PROXY": "*",
    }


class _Tasks:
    """A warm process of Airflow that runs tasks."""

    def __init__(self, folder: Path) -> None:
        words = [
            str(AIRFLOW / "bin" / "python"),
            str(HERE / "peer" / "airflow_tasks.py"),
            "tasks",
            str(folder),
        ]
        self._log = (folder / "airflow.log").open("wb")
        self._process = subprocess.Popen(
            words,
            env=_variables(folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def __enter__(self) -> Self:
        said = self._read()
        if said["errors"]:
            raise SystemExit(str(said["errors"]))
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._log.close()

    def ask(self, task: str) -> float:
        """The seconds that a task took."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{task}\n")
        self._process.stdin.flush()
        said = self._read()
        if said["state"] != "success":
            raise SystemExit(f"{task}: {said}; see {self._log.name}")
        return float(said["s"])

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(Path(self._log.name).read_text()[-2000:])
        said: dict[str, Any] = json.loads(line)
        return said


def _middle(values: Iterable[float]) -> float:
    return round(median(values), 4)


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except Unavailable as why:
        raise SystemExit(str(why)) from why
