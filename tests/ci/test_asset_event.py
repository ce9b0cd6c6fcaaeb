"""An event is posted once, also over a line on which answers are lost; nobody hears the login."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import stamina

from spalje.ci.asset_event import AssetEvents, asset
from spalje.errors import BadInput, NotFound
from spalje.project.git_hosts.failure import HostFailed
from spalje.settings import AirflowSettings

URI = asset("fresh", "model-approved")


class Airflow(ThreadingHTTPServer):
    """Its log-in, its assets and their events; the answers to the first ``lost`` posts are lost."""

    def __init__(self, lost: int = 0, *, keeps: bool = True) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lost, self.keeps = lost, keeps
        self.events: list[dict[str, Any]] = []
        self.logins: list[Any] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Airflow

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        if self.headers["Authorization"] != "Bearer the-token":
            return self.say(401, {"detail": f"bad {self.headers['Authorization']}"})
        if self.path.startswith("/api/v2/assets/events"):
            events = [{"id": number, **one} for number, one in enumerate(self.server.events, 1)]
            return self.say(200, {"asset_events": events[::-1]})
        assets = [{"id": 6, "uri": f"x{URI}"}, {"id": 7, "uri": URI}]
        return self.say(200, {"assets": assets if "fresh" in self.path else []})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/auth/token":
            self.server.logins.append(body)
            return self.say(201, {"access_token": "the-token"})
        lost, self.server.lost = self.server.lost > 0, self.server.lost - 1
        if not lost or self.server.keeps:
            self.server.events.append({"extra": body["extra"], "asset_id": body["asset_id"]})
        if lost:
            self.close_connection = True
            return None
        return self.say(200, {"id": len(self.server.events)})

    def say(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def served(**words: Any) -> Iterator[Airflow]:
    with Airflow(**words) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def of(url: str, **variables: str) -> AssetEvents:
    return AssetEvents(
        AirflowSettings(url=url, username="maja", password_env="PW"), {"PW": "s3cret!", **variables}
    )


@pytest.mark.parametrize("keeps", [True, False])
def test_an_event_is_posted_once_whatever_becomes_of_the_answers(keeps: bool):
    with served(lost=2, keeps=keeps) as airflow:
        said = of(airflow.url).post("fresh", "model-approved", {"version": "fresh/2"})
        assert said == f"event 1 of {URI} at {airflow.url}"
        (event,) = airflow.events
        assert (event["asset_id"], event["extra"]["version"]) == (7, "fresh/2")
        assert airflow.logins == [{"username": "maja", "password": "s3cret!"}]


def test_a_token_needs_no_login():
    with served() as airflow:
        settings = AirflowSettings(url=airflow.url, token_env="TOKEN")
        AssetEvents(settings, {"TOKEN": "the-token"}).post("fresh", "model-approved", {})
        assert (len(airflow.events), airflow.logins) == (1, [])
        with pytest.raises(HostFailed, match="answered 401") as error:
            AssetEvents(settings, {"TOKEN": "an-old-one"}).post("fresh", "model-approved", {})
        assert "an-old-one" not in str(error.value) + error.value.do
        assert "TOKEN" in error.value.do
        with pytest.raises(BadInput, match="blanks"):
            AssetEvents(settings, {"TOKEN": "the-token\n"}).post("fresh", "model-approved", {})


def test_what_no_dag_has_is_not_found():
    with served() as airflow, pytest.raises(NotFound, match="spalje://dairy/model-approved"):
        of(airflow.url).post("dairy", "model-approved", {})


def test_without_an_airflow_or_a_login_it_is_said_what_to_do():
    with pytest.raises(BadInput, match="name no Airflow"):
        AssetEvents(AirflowSettings(), {}).post("fresh", "model-approved", {})
    with pytest.raises(BadInput, match="variable PW, which is not set"):
        of("http://127.0.0.1:9", PW="").post("fresh", "model-approved", {})


def test_an_airflow_that_is_down_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("spalje.project.git_hosts.rest.TRIES", 1)
    with stamina.set_testing(True, attempts=1), pytest.raises(HostFailed, match="got no answer"):
        of("http://127.0.0.1:9").post("fresh", "model-approved", {})
