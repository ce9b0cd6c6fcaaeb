"""The DAGs: drawn by the recipe as it is, and naming programs that are there; loaded, too, where Airflow is installed."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
DAGS = sorted((REPOSITORY / "dags").glob("*.py"))


def test_the_outline_is_what_the_recipe_compiles_to():
    """If it is not: ``spalje pipeline compile --write``, and commit dags/pipelines.json."""
    pytest.importorskip("spalje")
    words = [sys.executable, "-P", "-m", "spalje", "pipeline", "compile", REPOSITORY, "--check"]
    checked = subprocess.run(words, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("file", DAGS, ids=lambda file: file.name)
def test_the_programs_that_the_dags_name_are_there(file):
    texts = [node.value for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Constant)]
    programs = [text for text in texts if isinstance(text, str) and re.fullmatch(r"[\w./-]+\.py", text)]
    assert [program for program in programs if not (REPOSITORY / program).is_file()] == []


@pytest.mark.parametrize("file", DAGS, ids=lambda file: file.name)
def test_airflow_can_load_the_dags(file, tmp_path):
    pytest.importorskip("airflow")
    environ = {**os.environ, "AIRFLOW_HOME": str(tmp_path)}
    loaded = subprocess.run([sys.executable, file], env=environ, capture_output=True, text=True, check=False)
    assert loaded.returncode == 0, loaded.stderr
