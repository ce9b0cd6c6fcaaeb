"""One DAG file, read as Airflow's DAG processor reads it: in a process of its own, serialized, timed."""

import importlib
import multiprocessing
import os
import re
import sys
import time
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import BundleDagBag
from airflow.serialization.serialized_objects import DagSerialization
from airflow.utils.file import iter_airflow_imports

from spalje.airflow.check_needs import needs_of_dag, needs_of_source

_BUNDLE = "spalje-check"


def read_file(path: Path, folder: Path) -> dict[str, Any]:
    """What Airflow makes of one file.

    Args:
        path: the file.
        folder: the bundle's folder, from which the file may import.

    Returns:
        ``path`` below the folder; ``milliseconds`` of reading it; ``errors``, each ``said``, ``line`` and
        ``traceback``; ``warnings``, likewise without traceback; ``dags``; ``needs``.
    """
    needs, warned = needs_of_source(path.read_bytes(), str(path.relative_to(folder)))
    for module in iter_airflow_imports(str(path)):  # as the DAG processor does, before it starts the process
        try:
            importlib.import_module(module)
        except ImportError:
            continue  # reading the file tells
    ours, theirs = multiprocessing.get_context("fork").Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_read, args=(path, folder, theirs))
    child.start()
    theirs.close()
    try:
        read: dict[str, Any] = ours.recv()
    except EOFError:
        child.join()
        said = f"Reading the file ended the process that read it, with code {child.exitcode}."
        read = {"milliseconds": 0.0, "errors": [{"said": said, "line": None, "traceback": ""}]}
        read |= {"dags": [], "needs": []}
    child.join()
    return {
        "path": str(path.relative_to(folder)),
        **read,
        "needs": [*needs, *read["needs"]],
        "warnings": warned,
    }


def _read(path: Path, folder: Path, answer: Connection) -> None:
    """In the child: read the file; what is of ours is loaded anew, for a DAG processor has not loaded it either."""
    os.environ["AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH"] = "50"  # its two may not reach the file
    for name in [name for name in sys.modules if name.partition(".")[0] == "spalje"]:
        del sys.modules[name]
    start = time.perf_counter()
    bag = BundleDagBag(dag_folder=path, bundle_path=folder, bundle_name=_BUNDLE, load_op_links=False)
    errors = dict(bag.import_errors)
    for dag in bag.dags.values():
        try:
            DagSerialization.to_dict(dag)
        except Exception:  # noqa: BLE001 - whatever a user's operator raises is what is reported
            errors[f"{dag.dag_id} cannot be stored"] = traceback.format_exc()
    milliseconds = 1000 * (time.perf_counter() - start)
    lines = _lines(path, bag.dags)
    answer.send(
        {
            "milliseconds": round(milliseconds, 1),
            "errors": [_error(text, path) for text in errors.values()],
            "dags": [_dag(dag, path, folder, lines[name]) for name, dag in bag.dags.items()],
            "needs": [need for dag in bag.dags.values() for need in needs_of_dag(dag)],
        }
    )


def _error(text: str, path: Path) -> dict[str, Any]:
    """What is wrong, and the last line of the file that had a part in it."""
    at = re.findall(rf'File "{re.escape(str(path))}", line (\d+)', text)
    said = next((line for line in reversed(text.strip().splitlines()) if line.strip()), text)
    return {"said": said.strip(), "line": int(at[-1]) if at else None, "traceback": _from(path, text.strip())}


def _from(path: Path, text: str) -> str:
    """A traceback without what led to the file; empty where it has no part in it."""
    head, at, rest = text.partition(f'  File "{path}"')
    return f"{head.splitlines()[0]}\n{at}{rest}" if at else ""


def _dag(dag: Any, path: Path, folder: Path, line: int | None) -> dict[str, Any]:
    return {
        "id": dag.dag_id,
        "file": str(path.relative_to(folder)),
        "line": line,
        "owner": dag.owner,
        "tags": sorted(dag.tags),
        "schedule": dag.timetable.summary if hasattr(dag.timetable, "summary") else str(dag.schedule),
        "tasks": [task.task_id for task in dag.topological_sort()],
    }


def _lines(path: Path, dags: Any) -> dict[str, int | None]:
    """Where each DAG's name stands in the file, as far as it stands there."""
    text = path.read_text().splitlines() if path.suffix == ".py" else []
    return {
        name: next((number for number, line in enumerate(text, 1) if name in line), None) for name in dags
    }
