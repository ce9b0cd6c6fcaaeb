"""A program that Airflow's scheduler or API server starts: concludes the runs that the tasks of a DAG run recorded.

It says nothing where Spaljé cannot be reached, for only workers need to reach it.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

#: So long it waits for steps that are just being stopped, seconds.
PATIENCE_S = 120.0
_RUN = re.compile(r"[^/\s]+/[^/\s]+/[0-9]+")


def main(words: Sequence[str]) -> None:
    """Conclude.

    Args:
        words: the DAG, its run, and the tasks that may have recorded runs.
    """
    from airflow.sdk.exceptions import AirflowException  # noqa: PLC0415  loads Airflow

    from spalje.airflow.place import find  # noqa: PLC0415

    dag, dag_run, *tasks = words
    found = runs(_returned(dag, dag_run, tasks))
    if not found:
        return
    try:
        place = find()
    except AirflowException:
        return
    for run in found:
        conclude([place.python, "-P", "-m", "spalje", "run", "conclude", run, "--workspace", place.workspace])


def runs(returned: Iterable[Any]) -> tuple[str, ...]:
    """The runs that tasks' results speak of, each once.

    Example:
        >>> runs([{"run": "fresh/build/1", "version": None}, "other", {"runs": ["fresh/quality/2"]}, {"run": "x"}])
        ('fresh/build/1', 'fresh/quality/2')
    """
    return tuple(dict.fromkeys(run for one in returned for run in _runs(one)))


def conclude(command: Sequence[str], patience_s: float = PATIENCE_S) -> None:
    """Conclude one run, as soon as nobody executes a step of it any more."""
    until = time.monotonic() + patience_s
    while True:
        try:
            done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
        except OSError:
            return
        try:
            kind = json.loads(done.stderr.strip().splitlines()[-1])["kind"]
        except (ValueError, LookupError, TypeError):
            return
        if kind != "Conflict" or time.monotonic() > until:
            return
        time.sleep(2)


def _runs(one: Any) -> Iterator[str]:
    if isinstance(one, dict):
        for value in (one.get("run"), *(one.get("runs") or ())):
            if isinstance(value, str) and _RUN.fullmatch(value):
                yield value


def _returned(dag: str, dag_run: str, tasks: Sequence[str]) -> list[Any]:
    """What the tasks returned, out of Airflow's database."""
    from airflow.models.xcom import XComModel  # noqa: PLC0415
    from airflow.utils.session import create_session  # noqa: PLC0415

    with create_session() as session:
        query = XComModel.get_many(run_id=dag_run, dag_ids=dag, task_ids=tasks, key="return_value")
        return [XComModel.deserialize_value(one) for one in session.scalars(query)]


if __name__ == "__main__":
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
    main(sys.argv[1:])
