"""Airflow's side of the Airflow benchmark; run by the Python of Airflow's environment.

``airflow_tasks.py tasks FOLDER`` stays, warm, and answers each line ``bash`` or ``step NUMBER`` on standard input
with the seconds that one task took, by Airflow's own record of it. ``airflow_tasks.py import`` prints the seconds
that ``from spalje.airflow import Project`` takes after ``airflow.sdk``. ``airflow_tasks.py parse ROUNDS FOLDER…``
prints the seconds in which Airflow's ``DagBag`` reads each folder, and those of the processor, after a round that is
not counted, in turn.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

#: Two DAGs of one task: the same script started by a shell, and as a step of a run. (Airflow looks for these words.)
DAGS = """\
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from spalje.airflow import SpaljeStepOperator

with DAG("bash", schedule=None):
    BashOperator(task_id="task", bash_command={command!r}, append_env=True)

with DAG("step", schedule=None, params={{"number": 1}}):
    SpaljeStepOperator(task_id="task", run="bench/linear/{{{{ params.number }}}}", step="step0")
"""


@contextlib.contextmanager
def answering() -> Iterator[TextIO]:
    """Standard output for answers alone: what Airflow prints goes to standard error."""
    with os.fdopen(os.dup(1), "w", buffering=1) as answers:
        os.dup2(2, 1)
        yield answers


def tasks(folder: Path, answers: TextIO) -> None:
    """Run a task for each line."""
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415  what is not measured is not loaded

    out = folder / "handed-on"
    out.mkdir()
    words = (os.environ["SPALJE_PYTHON"], str(folder / "clone" / "src" / "hand_on.py"), "--data", str(out))
    dags = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    (dags / "bench_tasks.py").write_text(DAGS.format(command=" ".join(words)))
    bag = DagBag(dag_folder=str(dags), bundle_name="bench", bundle_path=dags)
    print(json.dumps({"ready": sorted(bag.dags), "errors": bag.import_errors}), file=answers)
    for line in sys.stdin:
        name, *number = line.split()
        run = bag.dags[name].test(run_conf={"number": int(number[0])} if number else None)
        [task] = run.get_task_instances()
        took = (task.end_date - task.start_date).total_seconds()
        print(json.dumps({"state": str(task.state), "s": took}), file=answers)


def imported(answers: TextIO) -> None:
    """Import Spaljé's side of Airflow."""
    import airflow.sdk  # noqa: F401, PLC0415

    wall, cpu = time.perf_counter(), time.process_time()
    from spalje.airflow import Project  # noqa: PLC0415, F401

    print(
        json.dumps({"s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}),
        file=answers,
    )


def parse(rounds: int, folders: list[Path], answers: TextIO) -> None:
    """Read each folder of DAG files, in turn."""
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415  what is not measured is not loaded

    took: dict[str, list[float]] = {str(folder): [] for folder in folders}
    used: dict[str, list[float]] = {str(folder): [] for folder in folders}
    found = {}
    for _ in range(rounds + 1):
        for folder in folders:
            began, cpu = time.perf_counter(), time.process_time()
            bag = DagBag(dag_folder=str(folder), bundle_name="bench", bundle_path=folder, safe_mode=True)
            took[str(folder)].append(time.perf_counter() - began)
            used[str(folder)].append(time.process_time() - cpu)
            if bag.import_errors:
                raise SystemExit(str(next(iter(bag.import_errors.values()))))
            found[str(folder)] = {
                "dags": len(bag.dags),
                "tasks": sum(len(dag.tasks) for dag in bag.dags.values()),
            }
    told = {
        folder: {"s": seconds[1:], "cpu_s": used[folder][1:], **found[folder]}
        for folder, seconds in took.items()
    }
    print(json.dumps(told), file=answers)


if __name__ == "__main__":
    with answering() as said:
        if sys.argv[1] == "tasks":
            tasks(Path(sys.argv[2]), said)
        elif sys.argv[1] == "import":
            imported(said)
        else:
            parse(int(sys.argv[2]), [Path(word) for word in sys.argv[3:]], said)
