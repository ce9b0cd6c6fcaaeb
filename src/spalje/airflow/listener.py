"""A DAG run that ends badly leaves no run of Spaljé open."""

import logging
import os
import subprocess
import sys
import threading
from typing import Any

from airflow.listeners import hookimpl

log = logging.getLogger(__name__)

#: Tasks whose class is in here may have recorded runs.
_OURS = "spalje.airflow."
#: But for those of these, which have to do with no run that could be open.
_WITHOUT_RUN = frozenset(
    f"{_OURS}{module}" for module in ("approval_operator", "program_operator", "truth_arrived_operator")
)


class RunListener:
    """Concludes what the tasks of a DAG run recorded, when the DAG run fails or a person ends it.

    Airflow calls it in its scheduler and its API server, which must not wait: another process looks for the runs and
    concludes them (see ``spalje.airflow.conclusion``). DAGs without a task that may have recorded one are none of
    its business.
    """

    @hookimpl
    def on_dag_run_failed(self, dag_run: Any, msg: str) -> None:  # noqa: ARG002  Airflow passes by name
        """After a failure, also one by hand, by a timeout or by a deadlock."""
        start(dag_run)

    @hookimpl
    def on_dag_run_success(self, dag_run: Any, msg: str) -> None:
        """After a person said that it succeeded: then the task that concludes the run was never executed."""
        if "manually" in msg:
            start(dag_run)


def start(dag_run: Any) -> threading.Thread | None:
    """Start the process that concludes the runs of a DAG run, if it can have any.

    Returns:
        What waits for that process, so that it leaves no zombie; None: it was not started.
    """
    tasks = [task.task_id for task in getattr(dag_run.dag, "tasks", ()) if may_have_recorded(task)]
    if not tasks:
        return None
    words = ["-P", "-m", "spalje.airflow.conclusion", dag_run.dag_id, dag_run.run_id, *tasks]
    try:
        process = subprocess.Popen(
            [sys.executable, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
            start_new_session=True,
        )
    except OSError:
        log.warning(
            "The runs of %s %s could not be concluded.", dag_run.dag_id, dag_run.run_id, exc_info=True
        )
        return None
    waiting = threading.Thread(target=process.wait, name="spalje-conclusion", daemon=True)
    waiting.start()
    return waiting


def may_have_recorded(task: Any) -> bool:
    """Whether a task, as Airflow stores it, is of a class of Spaljé that has to do with runs."""
    module = str(getattr(task, "_task_module", None) or type(task).__module__)
    return module.startswith(_OURS) and module not in _WITHOUT_RUN
