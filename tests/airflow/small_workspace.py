"""A program of the main environment: makes a workspace with the small project, for tests inside Airflow.

Beside the workspace are its clone, with ``dags/pipelines.json``, and ``raw``, the data it is built from.
"""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))

import small_project

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True)
    small_project.create(folder)
    subprocess.run(
        [sys.executable, "-m", "spalje", "pipeline", "compile", folder / "clone", "--write"], check=True
    )
