"""A workspace with versions to decide about, the API of Airflow in this process, and people who answer in it."""

import json
import os
import subprocess
import textwrap
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from airflow.sdk import DAG

ROOT = Path(__file__).parents[3]
#: The Python that has Spaljé.
PYTHON = ROOT / ".venv" / "bin" / "python"


class Registry:
    """A workspace; see ``tests/airflow/registry_workspace.py`` for what is in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        subprocess.run(
            [PYTHON, ROOT / "tests" / "airflow" / "registry_workspace.py", folder], check=True, timeout=60
        )

    def ask(self, *words: str) -> Any:
        """What a command of Spaljé says, as JSON."""
        command = [PYTHON, "-P", "-m", "spalje", *words, "--workspace", self.folder, "--json"]
        return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)

    def version(self, number: int = 2) -> Any:
        return self.ask("model", "show", f"fresh/{number}")["version"]


class Api:
    """Airflow's public API, in this process, with its simple auth manager and people who log in to it."""

    def __init__(self) -> None:
        os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] = "Eva:admin,Ann Ek:admin,Zoe:admin"
        os.environ["AIRFLOW__API_AUTH__JWT_SECRET"] = "not a secret, but long enough: " + "x" * 64
        from airflow.api_fastapi.app import create_app, get_auth_manager
        from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
        from starlette.testclient import TestClient

        self.client = TestClient(create_app(), raise_server_exceptions=True)
        self.user = SimpleAuthManagerUser
        self.manager = get_auth_manager()

    def ask(self, method: str, path: str, who: str, **words: Any) -> Any:
        token = self.manager.generate_jwt(self.user(username=who, role="ADMIN"))
        answer = self.client.request(
            method, f"/api/v2{path}", headers={"Authorization": f"Bearer {token}"}, **words
        )
        assert answer.status_code < 300, (answer.status_code, answer.text)
        return answer.json()


def load(source: str, folder: Path) -> DAG:
    """The DAG of a file, as a DAG processor reads it.

    Args:
        source: the file's content.
        folder: where Airflow looks for DAGs; the file stays there.
    """
    from airflow.dag_processing.dagbag import BundleDagBag

    for old in folder.glob("*.py"):
        old.unlink()
    file = folder / f"dag_{uuid4().hex}.py"
    file.write_text(textwrap.dedent(source), encoding="utf-8")
    bag = BundleDagBag(dag_folder=file, bundle_path=folder, bundle_name="dags-folder")
    assert not bag.import_errors, bag.import_errors
    (dag,) = bag.dags.values()
    return dag


def answered(
    dag: DAG,
    api: Api,
    who: str,
    option: str,
    reason: str = "It is better.",
    task: str = "approval",
    before: Callable[[Mapping[str, Any]], object] = lambda _: None,
) -> Any:
    """Run a DAG whose task waits for an answer, and give it through the API as soon as it is asked for.

    Args:
        before: is called with what is asked, before the answer is given.
    """
    moment = datetime.now(UTC)
    asked: list[Any] = []

    def answer() -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            found = api.ask("GET", f"/dags/{dag.dag_id}/dagRuns/~/hitlDetails?state=awaiting_input", who)
            if found["hitl_details"]:
                detail = found["hitl_details"][0]
                try:
                    before(detail)
                    path = f"/dags/{dag.dag_id}/dagRuns/{detail['task_instance']['dag_run_id']}/taskInstances/{task}/-1"
                    body = {"chosen_options": [option], "params_input": {"reason": reason}}
                    asked.append(api.ask("PATCH", f"{path}/hitlDetails", who, json=body))
                except BaseException as error:  # noqa: BLE001
                    asked.append(error)
                return
            time.sleep(0.3)
        asked.append(TimeoutError("nothing was asked"))

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    run = dag.test(logical_date=moment)
    thread.join(10)
    for one in asked:
        if isinstance(one, BaseException):
            raise one
    return run
