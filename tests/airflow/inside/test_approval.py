"""A person decides in Airflow, and the registry's entry is the decision."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from airflow.sdk import DAG
from registry import PYTHON, Api, Registry, answered, load

DAGS = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
SOURCE = """
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, Asset
    from spalje.airflow.approval_operator import SpaljeApprovalOperator

    with DAG({name!r}, schedule=None):
        approval = SpaljeApprovalOperator(
            task_id="approval",
            asset=Asset("fresh model approved", uri="spalje://fresh/model-approved"),
            {words}
        )
        approval >> EmptyOperator(task_id="after")
"""


@pytest.fixture(scope="session")
def api() -> Api:
    return Api()


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setenv("SPALJE_PYTHON", str(PYTHON))
    monkeypatch.setenv("SPALJE_WORKSPACE", str(tmp_path / "ours"))
    return Registry(tmp_path / "ours")


@pytest.fixture
def dag(request: pytest.FixtureRequest) -> Callable[[str], DAG]:
    name = request.node.name.removeprefix("test_")
    return lambda words='version="fresh/2"': load(SOURCE.format(name=name, words=words), DAGS)


def test_an_approval_is_the_registrys_own_entry(registry: Registry, api: Api, dag: Callable[..., DAG]):
    seen = []
    run = answered(dag(), api, "Eva", "Approve", before=seen.append)
    print(seen[0]["body"])
    assert run.state == "success"
    assert registry.version()["history"][-1] == 0
