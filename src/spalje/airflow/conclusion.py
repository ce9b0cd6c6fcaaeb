"""A program that Airflow's scheduler or API server starts: concludes the runs that the tasks of a DAG run recorded.

It says nothing where Spaljé cannot be reached, for only workers need to reach it.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

#: So long it waits for steps that are just being stopped, seconds.
PATIENCE_S = 120.0


def main(words: Sequence[str]) -> None:
    """Conclude.

    Args:
        words: the DAG, its run, and the tasks that may have recorded runs.
    """
    from airflow.sdk.exceptions import AirflowException  # noqa: PLC0415  loads Airflow

    from spalje.airflow.place import place  # noqa: PLC0415

    found = recorded(words[0], words[1], words[2:])
    if not found:
        return
    try:
        where = place()
    except AirflowException:
        return
    for run in found:
        conclude(where.words("run", "conclude", run), where.environ)


def conclude(command: Sequence[str], environ: Mapping[str, str], patience_s: float = PATIENCE_S) -> None:
    """Conclude one run, as soon as nobody executes a step of it any more.

    Args:
        command: does it.
        environ: its variables.
        patience_s: how long it is tried.
    """
    until = time.monotonic() + patience_s
    while True:
        try:
            done = subprocess.run(command, env=dict(environ), capture_output=True, text=True, check=False)
        except OSError:
            return
        try:
            kind = json.loads(done.stderr.strip().splitlines()[-1])["kind"]
        except (ValueError, LookupError, TypeError):
            return
        if kind != "Conflict" or time.monotonic() > until:
            return
        time.sleep(2)


def recorded(dag: str, dag_run: str, tasks: Sequence[str]) -> tuple[str, ...]:
    """The runs that tasks of a DAG run recorded, each once, out of Airflow's database."""
    from airflow.models.xcom import XComModel  # noqa: PLC0415
    from airflow.utils.session import create_session  # noqa: PLC0415

    from spalje.airflow.operator import RUN_KEY  # noqa: PLC0415

    with create_session() as session:
        query = XComModel.get_many(run_id=dag_run, dag_ids=dag, task_ids=tasks, key=RUN_KEY)
        found = [XComModel.deserialize_value(one) for one in session.scalars(query)]
    return tuple(dict.fromkeys(str(run) for run in found))


if __name__ == "__main__":
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
    main(sys.argv[1:])
