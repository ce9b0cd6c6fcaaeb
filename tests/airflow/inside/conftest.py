"""A real Airflow with an empty SQLite database of its own for each test process."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

HOME = Path(tempfile.mkdtemp(prefix="spalje-airflow-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)

# before anything imports Airflow, which reads its settings then
os.environ.update(
    {
        "AIRFLOW_HOME": str(HOME),
        "AIRFLOW__CORE__DAGS_FOLDER": str(HOME / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(HOME / "logs"),
        "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
        "NO_PROXY": "*",
    }
)
(HOME / "dags").mkdir()
shutil.copy(Path(sys.prefix) / "home" / "airflow.db", HOME / "airflow.db")
