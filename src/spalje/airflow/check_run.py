"""What ``spalje airflow check --run`` runs in Airflow's Python: a DAG run through, without a scheduler.

``python -m spalje.airflow.check_run FOLDER DAG --conf JSON --report FILE`` runs it in the Airflow of the environment,
whose database it makes; tasks that wait for a person are left out. Their logs go to standard error.
"""

import argparse
import json
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db
from airflow.models.pool import Pool
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.utils.db import initdb

#: The bundle of an Airflow that was told of none; its folder is empty here, and the DAGs are put in by hand.
_BUNDLE = "dags-folder"


def run(folder: Path, name: str, conf: dict[str, Any]) -> dict[str, Any]:
    """Run a DAG of a folder.

    Args:
        folder: the repository.
        name: the DAG's id, or what follows the project's name in it.
        conf: values of its parameters.

    Returns:
        ``dag``; ``known``, the ids of all DAGs; ``state``, null when there is no such DAG; ``tasks`` with ``task``,
        ``state`` and ``seconds``; ``left_out``: the tasks that wait for a person.
    """
    initdb()
    bag = BundleDagBag(dag_folder=folder, bundle_path=folder, bundle_name=_BUNDLE)
    dags = bag.dags
    dag = dags.get(name) or next((each for key, each in dags.items() if key.endswith(f"-{name}")), None)
    if dag is None:
        return {"dag": name, "known": sorted(dags), "state": None, "tasks": [], "left_out": []}
    for pool in {task.pool for task in dag.tasks}:
        Pool.create_or_update_pool(pool, slots=1, description="", include_deferred=False)
    for task in dag.tasks:
        task.retries = 0  # whoever checks wants to know at once
    DagBundlesManager().sync_bundles_to_db()
    sync_bag_to_db(bag, _BUNDLE, None)
    people = [task.task_id for task in dag.tasks if isinstance(task, HITLOperator)]
    left_out = "|".join(re.escape(task) for task in people)
    ended = dag.test(run_conf=conf, mark_success_pattern=re.compile(f"^({left_out})$") if people else None)
    order = {task.task_id: place for place, task in enumerate(dag.topological_sort())}
    tasks = sorted(ended.get_task_instances(), key=lambda task: order[task.task_id])
    return {
        "dag": dag.dag_id,
        "known": sorted(dags),
        "state": str(ended.state),
        "tasks": [
            {"task": task.task_id, "state": str(task.state), "seconds": task.duration or 0.0}
            for task in tasks
        ],
        "left_out": people,
    }


def main(words: Sequence[str] | None = None) -> None:
    """Run, and write the report."""
    parser = argparse.ArgumentParser(prog="python -m spalje.airflow.check_run", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("dag")
    parser.add_argument("--conf", type=json.loads, default={})
    parser.add_argument("--report", type=Path, required=True, help="the file to write")
    given = parser.parse_args(words)
    warnings.simplefilter("ignore")
    given.report.write_text(json.dumps(run(given.folder.resolve(), given.dag, given.conf)))


if __name__ == "__main__":
    main()
