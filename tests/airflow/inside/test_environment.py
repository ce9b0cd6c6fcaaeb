"""Airflow's environment as this project promises it: Airflow, and Spaljé without what Spaljé needs."""

import importlib.metadata
import importlib.util
import subprocess
import sys

import pytest

import spalje.airflow


def test_the_airflow_that_is_tested_is_the_one_that_is_named():
    assert importlib.metadata.version("apache-airflow").startswith("3.3.")


@pytest.mark.parametrize("package", ["pyarrow", "tomlkit", "cyclopts", "copier"])
def test_spalje_is_there_without_its_dependencies(package):
    assert spalje.airflow.__doc__
    assert importlib.util.find_spec(package) is None


def test_the_command_says_where_it_belongs():
    said = subprocess.run(
        [sys.executable, "-P", "-m", "spalje", "run", "list"], capture_output=True, text=True, check=False
    )
    assert said.returncode == 1
    assert said.stderr.startswith(f"spalje: {sys.executable} has Spaljé without what it depends on")
