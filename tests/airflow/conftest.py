"""A real Airflow beside the main environment: skipped where it is not installed, unless it is required."""

import os
from pathlib import Path

import pytest

#: Airflow's environment, which `make .venv-airflow/.installed` makes.
ENVIRONMENT = Path(__file__).parents[2] / ".venv-airflow"


@pytest.fixture(scope="session")
def airflow_python() -> Path:
    """The Python of Airflow's environment."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.is_file():
        if os.environ.get("SPALJE_TEST_AIRFLOW") == "required":
            pytest.fail(f"There is no {python}: make .venv-airflow/.installed")
        pytest.skip("Airflow is not installed: make .venv-airflow/.installed")
    return python
