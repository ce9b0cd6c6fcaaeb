"""What ``spalje airflow check`` runs in Airflow's Python: every DAG of a folder, imported as Airflow would.

``python -m spalje.airflow.check FOLDER --report FILE`` writes what it found as JSON. FOLDER is what the bundle's
``subdir`` names, usually the dags/ of a deploy repository. Problems of DAGs are in the report; the exit code is 0.
"""

import argparse
import importlib.metadata
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from airflow.dag_processing.importers import get_importer_registry

from spalje.airflow.check_file import read_file
from spalje.airflow.check_needs import Known

#: The number of the report's form.
FORMAT = 1


def report(folder: Path, *, here: bool) -> dict[str, Any]:
    """What Airflow makes of the DAG files of a folder.

    Args:
        folder: holds DAG files, also in folders of its own; what .airflowignore names is left out.
        here: whether the configured Airflow is asked which connections, variables and pools it has.

    Returns:
        ``airflow``, its version; ``files``, each with its time and what is wrong in it; ``dags`` with their tasks;
        ``needs``: each connection, variable and pool that they use, ``exists`` null where nobody was asked.
    """
    folder = folder.resolve()
    found = sorted(get_importer_registry().list_dag_files(str(folder), safe_mode=True))
    files = [read_file(Path(path), folder) for path in found]
    _find_twins(files)
    needs: dict[tuple[str, str], dict[str, Any]] = {}
    for need in (need for file in files for need in file.pop("needs")):
        same = needs.setdefault((need["kind"], need["name"]), {**need, "used_by": []})
        same["used_by"] += [user for user in need["used_by"] if user not in same["used_by"]]
        same["required"] = same["required"] or need["required"]
    known = Known.of_this_airflow() if here else Known.nothing()
    return {
        "format": FORMAT,
        "airflow": importlib.metadata.version("apache-airflow-core"),
        "dags": [dag for file in files for dag in file.pop("dags")],
        "files": files,
        "needs": [known.judge(need) for _, need in sorted(needs.items())],
    }


def _find_twins(files: list[dict[str, Any]]) -> None:
    """A DAG's name stands for one DAG: the second file that has it is wrong."""
    first: dict[str, str] = {}
    for file in files:
        for dag in file["dags"]:
            other = first.setdefault(dag["id"], file["path"])
            if other != file["path"]:
                said = f"The DAG '{dag['id']}' is in {other} as well; Airflow would show now one and now the other."
                file["errors"].append({"said": said, "line": dag["line"], "traceback": ""})


def main(words: Sequence[str] | None = None) -> None:
    """Write the report."""
    parser = argparse.ArgumentParser(prog="python -m spalje.airflow.check", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--here", action="store_true", help="ask the configured Airflow what it has")
    parser.add_argument("--report", type=Path, required=True, help="the file to write")
    given = parser.parse_args(words)
    warnings.simplefilter("ignore")
    given.report.write_text(json.dumps(report(given.folder, here=given.here)))


if __name__ == "__main__":
    main()
