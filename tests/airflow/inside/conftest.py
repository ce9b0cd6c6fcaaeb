"""A real Airflow with an empty SQLite database of its own for each test process."""

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from recorded import PYTHON, Small, made

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
        # two test processes on two cores, each with threads that wait by spinning, take ten times as long
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
)
(HOME / "dags").mkdir()
shutil.copy(Path(sys.prefix) / "home" / "airflow.db", HOME / "airflow.db")


@pytest.fixture(scope="session")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project that the tests have copies of."""
    return made(tmp_path_factory.mktemp("small") / "made")


@pytest.fixture
def small(origin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Small]:
    """A copy of the small project's workspace; the worker's variables say where it is."""
    copy = Small.of(origin, tmp_path / "workspace")
    monkeypatch.setenv("SPALJE_PYTHON", str(PYTHON))
    monkeypatch.setenv("SPALJE_WORKSPACE", str(copy.workspace))
    try:
        yield copy
    finally:
        copy.forget()
