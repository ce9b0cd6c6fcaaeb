"""What ``spalje airflow check --run`` runs in Airflow's Python: a DAG run through, without a scheduler.

``python -m spalje.airflow.check_run FOLDER DAG --conf JSON --data JSON --report FILE`` runs it in the Airflow of the
environment, whose database it makes; tasks that wait for a person are left out, and those that make what is given.
The tasks' logs go to standard error.
"""

import argparse
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
from airflow.models.pool import Pool
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.utils.db import initdb

from spalje.airflow.given_data import give

#: The bundle of an Airflow that was told of none; its folder is empty here, and the DAGs are put in by hand.
_BUNDLE = "dags-folder"


def run(folder: Path, name: str, conf: dict[str, Any], data: Mapping[str, str]) -> dict[str, Any]:
    """Run a DAG of a folder.

    Args:
        folder: the repository.
        name: the DAG's id; there is such a DAG.
        conf: values of its parameters.
        data: see ``give``.

    Returns:
        ``dag``; ``state``; ``tasks`` with ``task``, ``state`` and ``seconds``; ``left_out``: the tasks that wait for a
        person; ``idle`` and ``read``: see ``Given``.
    """
    initdb()
    bag = BundleDagBag(dag_folder=folder, bundle_path=folder, bundle_name=_BUNDLE)
    dag = bag.dags[name]
    for pool in {task.pool for task in dag.tasks}:
        Pool.create_or_update_pool(pool, slots=1, description="", include_deferred=False)
    for task in dag.tasks:
        task.retries = 0  # whoever checks wants to know at once
    DagBundlesManager().sync_bundles_to_db()
    sync_bag_to_db(bag, _BUNDLE, None)
    given = give(dag, data)
    people = [task.task_id for task in dag.tasks if isinstance(task, HITLOperator)]
    not_run = "|".join(re.escape(task) for task in (*people, *given.idle))
    ended = dag.test(run_conf=conf, mark_success_pattern=re.compile(f"^({not_run})$") if not_run else None)
    order = {task.task_id: place for place, task in enumerate(dag.topological_sort())}
    tasks = sorted(ended.get_task_instances(), key=lambda task: order[task.task_id])
    return {
        "dag": dag.dag_id,
        "state": str(ended.state),
        "tasks": [
            {"task": task.task_id, "state": str(task.state), "seconds": task.duration or 0.0}
            for task in tasks
            if task.task_id not in given.idle
        ],
        "left_out": people,
        "idle": sorted(given.idle, key=lambda task: order[task]),
        "read": sorted(given.read),
    }


def main(words: Sequence[str] | None = None) -> None:
    """Run, and write the report."""
    parser = argparse.ArgumentParser(prog="python -m spalje.airflow.check_run", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("dag")
    parser.add_argument("--conf", type=json.loads, default={})
    parser.add_argument("--data", type=json.loads, default={})
    parser.add_argument("--report", type=Path, required=True, help="the file to write")
    given = parser.parse_args(words)
    warnings.simplefilter("ignore")
    given.report.write_text(json.dumps(run(given.folder.resolve(), given.dag, given.conf, given.data)))


if __name__ == "__main__":
    main()
