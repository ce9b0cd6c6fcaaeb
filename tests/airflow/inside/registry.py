"""A workspace with versions to decide about, the API of Airflow in this process, and people who answer in it."""

import atexit
import os
import shutil
import subprocess
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from airflow.api_fastapi.app import create_app, get_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.models.asset import AssetEvent, AssetModel
from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from airflow.sdk import DAG
from airflow.utils.session import create_session
from command import Command
from sqlalchemy import select
from starlette.testclient import TestClient

ROOT = Path(__file__).parents[3]
#: The Python that has Spaljé.
PYTHON = ROOT / ".venv" / "bin" / "python"
#: Where Airflow looks for DAGs.
DAGS = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])


class Registry:
    """A workspace; see ``tests/airflow/registry_workspace.py`` for what is in it."""

    _made: Path | None = None

    def __init__(self, folder: Path) -> None:
        """A workspace in a folder; it is made once and copied then."""
        self.folder, self.python = folder, PYTHON
        if Registry._made is None:
            Registry._made = Path(tempfile.mkdtemp()) / "made"
            atexit.register(shutil.rmtree, Registry._made.parent, ignore_errors=True)
            program = ROOT / "tests" / "airflow" / "registry_workspace.py"
            subprocess.run([PYTHON, program, Registry._made], check=True, timeout=60)
        shutil.copytree(Registry._made, folder)

    def ask(self, *words: str) -> Any:
        """What a command of Spaljé says, as JSON."""
        said = Command(self.folder, self.folder, python=PYTHON)(*words, "--json")
        assert said.code == 0, said.error
        return said.json

    def version(self, number: int = 2) -> Any:
        return self.ask("model", "show", f"fresh/{number}")["version"]


@cache
def api() -> "Api":
    """The API, once for each process."""
    return Api()


class Api:
    """Airflow's public API, in this process, with its simple auth manager and people who log in to it."""

    def __init__(self) -> None:
        os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] = "Eva:admin,Ann Ek:admin,Zoe:admin"
        os.environ["AIRFLOW__API_AUTH__JWT_SECRET"] = "not a secret, but long enough: " + "x" * 64
        self.client = TestClient(create_app(), raise_server_exceptions=True)
        self.user = SimpleAuthManagerUser
        self.manager = get_auth_manager()

    def status(self, method: str, path: str, who: str, **words: Any) -> int:
        return self._request(method, path, who, **words).status_code

    def ask(self, method: str, path: str, who: str, **words: Any) -> Any:
        answer = self._request(method, path, who, **words)
        assert answer.status_code < 300, (answer.status_code, answer.text)
        return answer.json()

    def _request(self, method: str, path: str, who: str, **words: Any) -> Any:
        token = self.manager.generate_jwt(self.user(username=who, role="ADMIN"))
        return self.client.request(
            method, f"/api/v2{path}", headers={"Authorization": f"Bearer {token}"}, **words
        )


def load(source: str, folder: Path) -> DAG:
    """The DAG of a file, as a DAG processor reads it.

    Args:
        source: the file's content.
        folder: where Airflow looks for DAGs; the file stays there.
    """
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
                except BaseException as error:
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


def state(run: Any, task: str) -> str:
    """How a task of a run stands."""
    with create_session() as session:
        query = select(TaskInstance.state).where(
            TaskInstance.dag_id == run.dag_id, TaskInstance.run_id == run.run_id, TaskInstance.task_id == task
        )
        return str(session.scalar(query))


def xcom(run: Any, task: str, key: str = "return_value") -> Any:
    """What a task of a run returned, or pushed under a key; None: nothing."""
    with create_session() as session:
        query = XComModel.get_many(run_id=run.run_id, dag_ids=run.dag_id, task_ids=task, key=key)
        found = session.scalars(query).first()
        return None if found is None else XComModel.deserialize_value(found)


def events(uri: str) -> list[Any]:
    """The events of an asset, oldest first."""
    with create_session() as session:
        query = (
            select(AssetEvent)
            .join(AssetModel, AssetModel.id == AssetEvent.asset_id)
            .where(AssetModel.uri == uri)
        )
        found = list(session.scalars(query.order_by(AssetEvent.id)))
        session.expunge_all()
        return found
