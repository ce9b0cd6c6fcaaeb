"""A real Airflow for tests: scheduler with LocalExecutor, API server, triggerer and DAG processor, each a process."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Its people: name -> role; the password is the name.
PEOPLE = {"maja": "admin", "nils": "op", "eva": "viewer"}
#: Its processes, as ``airflow NAME``.
PROCESSES = ("api-server", "scheduler", "triggerer", "dag-processor")
#: Every process of a site has it among its variables, however it was started.
MARK = "SPALJE_TEST_SITE"

_LOOK_S = 0.5
_SETTINGS = {
    "CORE": {
        "EXECUTOR": "LocalExecutor",
        "PARALLELISM": 4,
        "LOAD_EXAMPLES": False,
        "DAGS_ARE_PAUSED_AT_CREATION": False,
        "MIN_SERIALIZED_DAG_UPDATE_INTERVAL": 0,
        "SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in PEOPLE.items()),
        "HOSTNAME_CALLABLE": "socket.gethostname",
    },
    "DAG_PROCESSOR": {
        "BUNDLE_REFRESH_CHECK_INTERVAL": 1,
        "MIN_FILE_PROCESS_INTERVAL": 300,
        "PARSING_PROCESSES": 1,
        # no DAG here has callbacks; after one that concerns a bundle's version, Airflow reads the file without end
        "MAX_CALLBACKS_PER_LOOP": 0,
    },
    "SCHEDULER": {
        "SCHEDULER_IDLE_SLEEP_TIME": 0.5,
        "SCHEDULER_HEARTBEAT_SEC": 1,
        "JOB_HEARTBEAT_SEC": 1,
        "SCHEDULER_HEALTH_CHECK_THRESHOLD": 6,
        "ORPHANED_TASKS_CHECK_INTERVAL": 3,
        "TASK_INSTANCE_HEARTBEAT_TIMEOUT": 60,  # a busy machine beats late
        "TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": 1,
        "TRIGGER_TIMEOUT_CHECK_INTERVAL": 2,
    },
    "TRIGGERER": {"JOB_HEARTBEAT_SEC": 1, "TRIGGERER_HEALTH_CHECK_THRESHOLD": 8},
    "WORKERS": {"MIN_HEARTBEAT_INTERVAL": 1, "EXECUTION_API_RETRY_WAIT_MIN": 0.2},
    "API": {"HOST": "127.0.0.1", "WORKERS": 1},
    "USAGE_DATA_COLLECTION": {"ENABLED": False},
}


class ApiError(Exception):
    """The API server refused; carries its status."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"{status}: {said}")
        self.status = status


@dataclass
class Site:
    """An Airflow that runs.

    Attributes:
        home: its AIRFLOW_HOME.
        python: the Python of its environment.
        url: where its API server answers.
        environ: the variables of its processes.
    """

    home: Path
    python: Path
    url: str
    environ: dict[str, str] = field(repr=False)
    processes: dict[str, subprocess.Popen] = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict, repr=False)
    _sessions: set[int] = field(default_factory=set, repr=False)

    def airflow(self, *words: str) -> str:
        """What a command of Airflow prints."""
        ended = subprocess.run(
            [self.python.parent / "airflow", *words],
            env=self.environ, cwd=self.home, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def start(self, *names: str) -> None:
        """Start processes; they are not waited for."""
        words = {"api-server": ["--port", self.url.rpartition(":")[2]]}
        words |= {name: ["--skip-serve-logs"] for name in ("scheduler", "triggerer")}
        for name in names:
            with (self.home / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    [self.python.parent / "airflow", name, *words.get(name, [])],
                    env=self.environ, cwd=self.home, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    start_new_session=True,
                )  # fmt: skip
            self._sessions.add(self.processes[name].pid)

    def kill(self, name: str) -> None:
        """Kill one of the processes at once, and nothing that it started."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """Kill everything that the site ever started."""
        while left := self.pids():  # what is killed may just have started something
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for process in self.processes.values():
                process.wait()
            time.sleep(0.02)
        self.processes.clear()

    def pids(self) -> list[int]:
        """Every process that the site started, or that one of those started.

        They are in the sessions of its processes, or have the mark among their variables; a worker has overwritten
        its variables with its title, and a step has a session of its own.
        """
        mark = f"{MARK}={self.environ[MARK]}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and (
                    os.getsid(int(entry.name)) in self._sessions
                    or mark in (entry / "environ").read_bytes().split(b"\0")
                ):
                    found.append(int(entry.name))
        return found

    def call(self, path: str, body: Any = None, *, method: str | None = None, person: str = "maja") -> Any:
        """What the API answers.

        Args:
            path: below ``/api/v2/``.
            body: what is sent as JSON.
            method: default: GET, with a body POST.
            person: who asks.

        Raises:
            ApiError: it refuses.
        """
        if person not in self._tokens:
            login = {"username": person, "password": person}
            self._tokens[person] = self._send("/auth/token", login, "POST", {})["access_token"]
        head = {"Authorization": f"Bearer {self._tokens[person]}"}
        return self._send(f"/api/v2/{path}", body, method or ("GET" if body is None else "POST"), head)

    def _send(self, path: str, body: Any, method: str, head: Mapping[str, str]) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json", **head}
        request = urllib.request.Request(f"{self.url}{path}", data, headers, method=method)
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
                request, timeout=30
            ) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise ApiError(error.code, error.read().decode(errors="replace")[:1000]) from None

    def trigger(
        self, dag: str, *, person: str = "maja", logical_date: str | None = None, **params: Any
    ) -> str:
        """Start a run of a DAG; its id."""
        body = {"logical_date": logical_date, "conf": params}
        return self.call(f"dags/{dag}/dagRuns", body, person=person)["dag_run_id"]

    def runs(self, dag: str) -> list[dict]:
        """The runs of a DAG, the first first."""
        return self.call(f"dags/{dag}/dagRuns?order_by=run_after&limit=100")["dag_runs"]

    def tasks(self, dag: str, run: str) -> dict[str, dict]:
        """The task instances of a run, by their names."""
        found = self.call(f"dags/{dag}/dagRuns/{_quoted(run)}/taskInstances?limit=200")["task_instances"]
        return {task["task_id"]: task for task in found}

    def xcom(self, dag: str, run: str, task: str, key: str = "return_value") -> Any:
        """What a task told the others."""
        path = f"dags/{dag}/dagRuns/{_quoted(run)}/taskInstances/{task}/xcomEntries/{key}"
        return self.call(path)["value"]

    def log(self, dag: str, run: str, task: str, attempt: int = 1) -> str:
        """The log of one attempt of a task."""
        path = f"dags/{dag}/dagRuns/{_quoted(run)}/taskInstances/{task}/logs/{attempt}?full_content=true"
        content = self.call(path)["content"]
        return "\n".join(_line(line) for line in content)

    def ended(self, dag: str, run: str, state: str = "success", within_s: float = 90) -> dict:
        """Wait until a run has ended, as it should; tells the failed tasks' logs if it has ended otherwise."""
        self.until(
            lambda: self._run(dag, run)["state"] in ("success", "failed"),
            within_s,
            f"{dag} {run} has not ended",
        )
        found = self._run(dag, run)
        assert found["state"] == state, self.told(dag, run)
        return found

    def _run(self, dag: str, run: str) -> dict:
        return self.call(f"dags/{dag}/dagRuns/{_quoted(run)}")

    def told(self, dag: str, run: str) -> str:
        """How the tasks of a run stand, with the logs of those that failed."""
        tasks = self.tasks(dag, run)
        text = [f"{dag} {run}: " + ", ".join(f"{name} {task['state']}" for name, task in tasks.items())]
        for name, task in tasks.items():
            if task["state"] in ("failed", "up_for_retry"):
                text += [
                    f"--- {name}, attempt {task['try_number']}",
                    self.log(dag, run, name, task["try_number"]),
                ]
        return "\n".join(text)

    def in_state(self, dag: str, run: str, task: str, *states: str, within_s: float = 60) -> dict:
        """Wait until a task is in one of the states."""

        def reached() -> dict | None:
            found = self.tasks(dag, run).get(task)
            return found if found is not None and found["state"] in states else None

        return self.until(reached, within_s, f"{dag} {run} {task} never was {' or '.join(states)}")

    def backfill(self, dag: str, first: str, last: str, *, person: str = "maja", **words: Any) -> int:
        """Have a DAG run for the dates from one to another, one after the other; the backfill's number."""
        body = {
            "dag_id": dag,
            "from_date": first,
            "to_date": last,
            "dag_run_conf": {},
            "max_active_runs": 1,
            **words,
        }

        def created() -> dict | None:
            try:
                return self.call("backfills", body, person=person)
            except ApiError as error:
                if error.status != 503:  # SQLite was written by another process: nothing was created
                    raise
                return None

        return self.until(created, 60, "the database was never free")["id"]

    def clear(self, dag: str, run: str) -> None:
        """Have all tasks of a run done again."""
        body = {"dry_run": False, "dag_run_id": run, "only_failed": False, "reset_dag_runs": True}
        self.call(f"dags/{dag}/clearTaskInstances", body)

    def asset(self, uri: str) -> dict:
        """An asset that DAGs name, by its address."""
        found = self.call(f"assets?uri_pattern={urllib.parse.quote(uri)}")["assets"]
        return next(asset for asset in found if asset["uri"] == uri)

    def happened(self, uri: str, person: str = "maja", **extra: Any) -> dict:
        """Tell that something happened to an asset."""
        return self.call("assets/events", {"asset_id": self.asset(uri)["id"], "extra": extra}, person=person)

    def events(self, uri: str) -> list[dict]:
        """What happened to an asset, the first first."""
        path = f"assets/events?asset_id={self.asset(uri)['id']}&order_by=timestamp&limit=100"

        def answered() -> dict | None:
            try:
                return self.call(path)
            except ApiError as error:  # Airflow fails as long as a run that an event made has not begun
                if error.status != 500:
                    raise
                return None

        return self.until(answered, 30, "Airflow does not tell asset events")["asset_events"]

    def asked(self, dag: str, run: str, task: str, within_s: float = 60) -> dict:
        """Wait until a task asks people something; the question.

        The scheduler must have heard that the task has paused: it takes one that goes on before that for lost.
        """
        self.in_state(dag, run, task, "awaiting_input", within_s=within_s)
        heard = f"dag_id='{dag}', task_id='{task}', run_id='{run}'"
        log = self.home / "scheduler.log"

        def known() -> bool:
            lines = log.read_text(errors="replace").splitlines()
            return any(heard in line and "Received executor event" in line for line in lines)

        self.until(known, within_s, "the scheduler has not heard of the pause")
        path = f"dags/{dag}/dagRuns/{_quoted(run)}/hitlDetails?response_received=false"
        found = self.call(path)["hitl_details"]
        return next(detail for detail in found if detail["task_instance"]["task_id"] == task)

    def answer(
        self, dag: str, run: str, task: str, *chosen: str, person: str = "maja", **params: Any
    ) -> dict:
        """A person's answer to what a task asks."""
        path = f"dags/{dag}/dagRuns/{_quoted(run)}/taskInstances/{task}/-1/hitlDetails"
        return self.call(
            path, {"chosen_options": list(chosen), "params_input": params}, method="PATCH", person=person
        )

    def until(self, condition: Callable[[], Any], within_s: float = 60, why: str = "it never came") -> Any:
        """Wait until something holds, and give it; a process that has ended meanwhile is told."""
        deadline = time.monotonic() + within_s
        while not (found := condition()):
            dead = [name for name, process in self.processes.items() if process.poll() is not None]
            assert not dead, f"{dead} ended:\n{self.said(dead[0])}"
            assert time.monotonic() < deadline, why
            time.sleep(_LOOK_S)
        return found

    def said(self, name: str, lines: int = 60) -> str:
        """The last lines of what a process said."""
        return "\n".join((self.home / f"{name}.log").read_text(errors="replace").splitlines()[-lines:])

    def ready(self, dags: Iterable[str] = ()) -> None:
        """Wait until the API answers, the scheduler beats, and these DAGs are known."""

        def well() -> bool:
            try:
                health = self._send("/api/v2/monitor/health", None, "GET", {})
            except (OSError, ApiError):
                return False
            wanted = {"scheduler": "scheduler", "triggerer": "triggerer", "dag_processor": "dag-processor"}
            return all(
                (health.get(part) or {}).get("status") == "healthy"
                for part, process in wanted.items()
                if process in self.processes
            )

        self.until(well, 90, "Airflow is not healthy")
        self.until(lambda: set(dags) <= self._dags(), 60, f"not all known: {sorted(dags)}")

    def _dags(self) -> set[str]:
        errors = self.call("importErrors")["import_errors"]
        assert not errors, errors[0]["stack_trace"]
        return {dag["dag_id"] for dag in self.call("dags?limit=200")["dags"]}


def _line(line: Any) -> str:
    """A line of a log, with the errors that it tells of."""
    if isinstance(line, str):
        return line
    errors = [f"{error['exc_type']}: {error['exc_value']}" for error in line.get("error_detail") or ()]
    return "\n".join([str(line.get("event", "")), *errors])


def _quoted(run: str) -> str:
    return urllib.parse.quote(run, safe="")


@contextmanager
def site(
    python: Path,
    folder: Path,
    bundles: list[dict],
    *,
    database: str | None = None,
    environ: Mapping[str, str] | None = None,
    processes: Sequence[str] = PROCESSES,
) -> Iterator[Site]:
    """An Airflow, with all its processes started; whatever it started ends with it.

    Args:
        python: the Python of Airflow's environment.
        folder: gets its home; is there.
        bundles: its DAG bundles, the value of ``dag_bundle_config_list``.
        database: the address of its database without the scheme; None: SQLite.
        environ: more variables for its processes; connections as ``AIRFLOW_CONN_…``.
        processes: those that are started; nothing defers without a triggerer.
    """
    home = folder / "airflow"
    home.mkdir()
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    (home / "passwords.json").write_text(json.dumps({name: name for name in PEOPLE}))
    settings = {
        **{
            f"AIRFLOW__{part}__{name}": str(value)
            for part, those in _SETTINGS.items()
            for name, value in those.items()
        },
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(16),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(home / "bundles"),
    }
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON"))}
    own |= {"AIRFLOW_HOME": str(home), MARK: secrets.token_hex(8), "NO_PROXY": "*", "no_proxy": "*"}
    running = Site(home, python, url, {**own, **settings, **(environ or {})})
    try:
        if database is None:
            shutil.copy(python.parents[1] / "home" / "airflow.db", home)
        else:
            running.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"postgresql+psycopg2://{database}"
            running.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"] = f"postgresql+asyncpg://{database}"
            running.airflow("db", "migrate")
        running.start(*processes)
        yield running
    finally:
        running.stop()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
