"""The server for webhooks, as it is started, over real sockets; two of them on one workspace."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from deliveries import OWNER, SECRET, Sent, push, signed

from spalje.ci.queue import lease_of
from spalje.ci.webhook import LIMIT
from spalje.execution.lease import Heartbeat
from spalje.execution.owner import this_process
from spalje.registry.project import Project
from spalje.workspace import Workspace, now

COMMIT = "c" * 40
SETTINGS = f"""
[git_hosts.hub]
kind = "github"
owner = "{OWNER}"
token_env = "HUB_TOKEN"
webhook_url = "https://spalje.example.org"
webhook_secret_env = "HUB_SECRET"
"""


@dataclass
class Server:
    """A running `spalje webhook serve`."""

    process: subprocess.Popen
    port: int
    log: Path

    def ask(self, method: str, path: str, body: object = b"", headers: dict[str, str] | None = None, **more) -> tuple[int, dict]:  # fmt: skip
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body=body, headers=headers or {}, **more)
            answer = connection.getresponse()
            text = answer.read().decode()
            return answer.status, json.loads(text) if text.startswith("{") else {}
        finally:
            connection.close()

    def deliver(self, sent: Sent, host: str = "hub") -> int:
        return self.ask("POST", f"/webhooks/{host}", sent.body, sent.headers)[0]


@dataclass
class Served:
    """A workspace with two servers."""

    workspace: Workspace
    servers: tuple[Server, Server]

    def commits(self) -> list[str]:
        return [job.commit for job in self.workspace.metadata.jobs.list(limit=1000)]


def start(workspace: Workspace, name: str) -> Server:
    log = workspace.folder / f"{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "spalje", "webhook", "serve", "--listen", "127.0.0.1:0"],
            env={**os.environ, "SPALJE_WORKSPACE": str(workspace.folder), "HUB_SECRET": SECRET},
            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
    return Server(process, 0, log)


def listening(server: Server) -> Server:
    arrived = threading.Event()
    while process_lives(server) and not arrived.wait(0.05):
        found = re.search(r"http://127\.0\.0\.1:(\d+)", server.log.read_text())
        if found:
            return Server(server.process, int(found[1]), server.log)
    raise AssertionError(server.log.read_text())


def process_lives(server: Server) -> bool:
    return server.process.poll() is None


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("webhooks") / "ours"
    folder.mkdir()
    (folder / "settings.toml").write_text(SETTINGS)
    workspace = Workspace.open(folder)
    place = f"https://github.com/{OWNER}/fresh"
    workspace.metadata.projects.create(
        Project("fresh", "Fresh", "Eva", "none", "0", f"{place}-build.git", f"{place}-deploy.git", (), False, "propose", now(), "eva", "hub")
    )  # fmt: skip
    # this process works on the queue, as far as the servers can see: they start nobody
    with Heartbeat(workspace.metadata, this_process(), 600, now).hold(lease_of("fresh")):
        both = [start(workspace, name) for name in ("one", "two")]
        servers = tuple(listening(server) for server in both)
        yield Served(workspace, servers)
        for server in servers:
            server.process.kill()
            server.process.wait()


def test_a_delivery_is_taken_and_a_repeated_or_forged_one_is_not(served: Served) -> None:
    server, commit = served.servers[0], "e" * 40
    sent = push("github", commit, identity="d-1")
    assert server.deliver(push("github", commit, identity="d-1", secret="another")) == 401
    assert server.deliver(sent) == 202
    assert server.deliver(sent) == 200
    assert server.deliver(sent.under("d-1-again")) == 200
    assert served.commits().count(commit) == 1
    assert server.deliver(sent, "nobody") == 404
    assert server.deliver(push("github", commit, repository="no-build", identity="d-2")) == 202
    assert server.deliver(signed("github", b"{", "push", "d-3")) == 400


def test_two_servers_that_get_one_delivery_at_once_make_one_job_of_it(served: Served) -> None:
    commits = [f"{number:02}" * 20 for number in range(20, 30)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(
                lambda pair: pair[0].deliver(push("github", pair[1], identity=f"same-{pair[1][:2]}")),
                [(server, commit) for commit in commits for server in (*served.servers, served.servers[0])],
            )
        )
    assert sorted(answers) == [200] * 20 + [202] * 10
    assert [served.commits().count(commit) for commit in commits] == [1] * 10


def test_late_deliveries_are_refused(served: Served) -> None:
    content = json.loads(push("github", COMMIT).body)
    content["repository"]["pushed_at"] = int(datetime(2020, 1, 1, tzinfo=UTC).timestamp())
    assert served.servers[0].deliver(signed("github", content, "push", "late")) == 401


@pytest.mark.parametrize("said", [True, False], ids=["says its length", "in parts"])
def test_what_is_too_large_is_not_taken_in(served: Served, said: bool) -> None:
    sent = signed("github", b" " * (LIMIT + 1), "push", "large")
    server = served.servers[0]
    body = sent.body if said else iter([sent.body[:65536]] * (LIMIT // 65536 + 1))
    try:
        status, _ = server.ask("POST", "/webhooks/hub", body, sent.headers, encode_chunked=not said)
    except (BrokenPipeError, ConnectionResetError):
        status = 413  # it had answered and hung up before all was sent
    assert status == 413
    assert server.ask("GET", "/health")[0] == 200


def test_a_delivery_in_parts_is_taken(served: Served) -> None:
    commit = "a" * 40
    sent = push("github", commit, identity="parts")
    parts = iter([sent.body[:10], sent.body[10:]])
    assert served.servers[0].ask("POST", "/webhooks/hub", parts, sent.headers, encode_chunked=True)[0] == 202
    assert served.commits().count(commit) == 1


def test_a_delivery_that_is_cut_off_leaves_nothing(served: Served) -> None:
    commit, server = "b" * 40, served.servers[0]
    sent = push("github", commit, identity="cut")
    heads = "".join(f"{name}: {value}\r\n" for name, value in sent.headers.items())
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(
            f"POST /webhooks/hub HTTP/1.1\r\nHost: x\r\n{heads}Content-Length: {len(sent.body)}\r\n\r\n".encode()
            + sent.body[:-5]
        )
    assert server.ask("GET", "/health")[0] == 200
    assert commit not in served.commits()
    assert server.deliver(sent) == 202, "it comes again, whole"


def test_there_is_nothing_else(served: Served) -> None:
    server = served.servers[0]
    for method, path, status in (
        ("GET", "/webhooks/hub", 405), ("PUT", "/webhooks/hub", 405), ("POST", "/webhooks", 404), ("POST", "/webhooks/hub/x", 404),
        ("POST", "/webhooks/..%2fhub", 404), ("GET", "/", 404), ("GET", "/docs", 404), ("POST", "/health", 405),
    ):  # fmt: skip
        assert (server.ask(method, path)[0], method, path) == (status, method, path)


def test_a_stopped_server_ends_and_nothing_secret_was_written(served: Served) -> None:
    server = listening(start(served.workspace, "three"))
    assert server.deliver(push("github", "d" * 40, identity="last"), "hub?secret=in-the-address") == 202
    assert server.deliver(push("github", "d" * 40, secret="another"), "hub") == 401
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=20) in (0, -signal.SIGTERM)
    text = server.log.read_text()
    assert "hub 202" in text
    assert SECRET not in text
    assert "in-the-address" not in text
    assert "Traceback" not in text
