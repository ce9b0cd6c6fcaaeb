"""What the doubles share: a server on a real socket, the API in front and ``git http-backend`` behind it."""

import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from git_host_doubles.description import Description, Undescribed

USER, TOKEN, OWNER, SECRET = (
    "eva@grocer.example",
    "tok-en.For_the_Double-42",
    "grocer",
    "webhook-secret-of-ours",
)
#: More than this at once no list gives, whatever is asked for.
PAGE = 2

_GUARD = """#!/bin/sh
git config --get-all double.protected | grep -qxF "$1" || exit 0
case "$3" in *[!0]*) ;; *) echo "protected" >&2; exit 1 ;; esac
case "$2" in *[!0]*) git merge-base --is-ancestor "$2" "$3" || exit 1 ;; esac
"""


@dataclass
class Kept:
    """A repository and all that a host knows of it."""

    name: str
    description: str
    path: Path
    id: int
    hooks: list[dict[str, Any]] = field(default_factory=list)
    #: name -> (value, whether it is secret)
    variables: dict[str, tuple[str, bool]] = field(default_factory=dict)
    rules: list[dict[str, Any]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    #: CI that was started: (branch, variables)
    started: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    marked: bool = False
    pipelines_known_after: int = 0

    def protect(self, branch: str) -> None:
        git(self.path, "config", "--add", "double.protected", f"refs/heads/{branch}")

    def has_branch(self, name: str) -> bool:
        return git(self.path, "rev-parse", "--verify", "--quiet", f"refs/heads/{name}", check=False) != ""

    def pull(self, source: str, target: str, title: str, body: str) -> dict[str, Any]:
        made = {
            "number": len(self.pulls) + 1, "source": source, "target": target, "title": title, "body": body,
            "state": "open", "version": 0,
        }  # fmt: skip
        self.pulls.append(made)
        return made


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Fault:
    """What goes wrong with the next request of a kind."""

    status: int = 0
    method: str = ""
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: str = "{}"
    #: do what was asked, and then cut the line instead of answering
    lost: bool = False


class Routes(Protocol):
    """What is a host's own; one file each."""

    #: before every path of the API
    prefix: str

    def is_allowed(self, headers: Mapping[str, str]) -> bool: ...
    def is_allowed_git(self, authorization: str) -> bool: ...
    def repository_of(self, git_path: str) -> str | None: ...
    def answer(self, method: str, path: str, query: Mapping[str, str], body: Any) -> "Said": ...
    def error(self, text: str) -> Any: ...


@dataclass(frozen=True)
class Said:
    """An answer."""

    status: int
    body: Any = None
    #: whether there is another page, for those who say so in the header
    more: bool = False


@dataclass
class Double:
    """A host."""

    kind: str
    folder: Path
    description: Description
    address: str = ""
    routes: Any = None
    repositories: dict[str, Kept] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    #: the same for what Git asked
    asked_by_git: list[Asked] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    undescribed: list[str] = field(default_factory=list)
    made: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    def forget(self) -> None:
        """As new."""
        for kept in self.repositories.values():
            shutil.rmtree(kept.path)
        for one in (self.repositories, self.asked, self.asked_by_git, self.faults, self.undescribed):
            one.clear()
        self.made = 0

    def make(self, name: str, description: str) -> Kept | None:
        """None: there is one; names differ by more than the case of letters."""
        slug = name.lower()
        if slug in self.repositories:
            return None
        self.made += 1
        path = self.folder / f"{self.made}.git"
        path.mkdir()
        git(path, "init", "--quiet", "--bare", "--initial-branch=main")
        git(path, "config", "http.receivepack", "true")
        git(path, "config", "receive.denyDeleteCurrent", "ignore")
        (path / "hooks").mkdir(exist_ok=True)
        (path / "hooks" / "update").write_text(_GUARD)
        (path / "hooks" / "update").chmod(0o755)
        self.repositories[slug] = Kept(name, description, path, self.made)
        return self.repositories[slug]

    def get(self, name: str) -> Kept | None:
        return self.repositories.get(name.lower())

    def delete(self, name: str) -> bool:
        kept = self.repositories.pop(name.lower(), None)
        if kept is not None:
            shutil.rmtree(kept.path)
        return kept is not None


@contextmanager
def serving(kind: str, routes: Any, description: Description, folder: Path | None = None) -> Iterator[Double]:
    """A host that answers until the end of the block."""
    place = folder or Path(tempfile.mkdtemp(prefix="double-"))
    double = Double(kind, place, description)
    double.routes = routes(double)

    class Handler(_Handler):
        host = double

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None
    double.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        shutil.rmtree(place, ignore_errors=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 10
    host: Double

    def _take(self) -> None:
        split = urlsplit(self.path)
        body = self._body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        prefix = self.host.routes.prefix
        repository = self.host.routes.repository_of(split.path)
        if repository is not None:
            self._git(repository, split.path, split.query, headers, body)
            return
        asked = Asked(self.command, split.path.removeprefix(prefix), headers, body)
        self.host.asked.append(asked)
        fault = self._fault(asked)
        if fault is not None and not fault.lost:
            self._send(fault.status, fault.body.encode(), fault.headers)
            return
        with self.host.lock:
            said = self._said(asked, dict(parse_qsl(split.query, keep_blank_values=True)))
        if fault is not None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            return
        link = {"Link": f'<{self.host.address}{split.path}?page=next>; rel="next"'} if said.more else {}
        self._send(said.status, b"" if said.body is None else json.dumps(said.body).encode(), link)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _take  # noqa: N815  names of the standard library

    def _said(self, asked: Asked, query: dict[str, str]) -> Said:
        routes = self.host.routes
        if not routes.is_allowed(asked.headers):
            return Said(401, routes.error(f"no such token: {asked.headers}"))
        try:
            content_type = asked.headers.get("content-type", "")
            self.host.description.check_request(
                asked.method, asked.path, tuple(sorted(query.items())), asked.body, content_type
            )
            said = routes.answer(
                asked.method, asked.path, query, json.loads(asked.body) if asked.body else None
            )
            data = b"" if said.body is None else json.dumps(said.body).encode()
            if said.status not in UNDESCRIBED_ANSWERS:
                self.host.description.check_answer(asked.method, asked.path, said.status, data)
        except Undescribed as error:
            self.host.undescribed.append(str(error))
            return Said(400, routes.error(f"undescribed: {error}"))
        return said

    def _fault(self, asked: Asked) -> Fault | None:
        for fault in self.host.faults:
            if fault.method in {"", asked.method} and fault.path in asked.path:
                self.host.faults.remove(fault)
                return fault
        return None

    def _git(self, repository: str, path: str, query: str, headers: dict[str, str], body: bytes) -> None:
        asked = Asked(self.command, path, headers, body)
        self.host.asked_by_git.append(asked)
        fault = self._fault(asked)
        if fault is not None:
            self._send(fault.status, fault.body.encode(), fault.headers)
            return
        if not self.host.routes.is_allowed_git(headers.get("authorization", "")):
            self._send(401, b"", {"WWW-Authenticate": 'Basic realm="double"'})
            return
        kept = self.host.get(repository)
        if kept is None:
            self._send(404, b"", {})
            return
        inside = path.partition(".git")[2]
        environ = {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(kept.path.parent), "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{kept.path.name}{inside}", "QUERY_STRING": query, "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": headers.get("content-type", ""), "CONTENT_LENGTH": str(len(body)), "REMOTE_USER": "eva",
            "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""), "REMOTE_ADDR": "127.0.0.1",
            "GIT_PROTOCOL": headers.get("git-protocol", ""), "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(kept.path),
        }  # fmt: skip
        done = subprocess.run(
            ["git", "http-backend"], input=body, env=environ, capture_output=True, check=False
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        status = int(lines.pop("Status", "200").split(" ")[0])
        self._send(status, content, lines)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            whole = b""
            while size := int(self.rfile.readline().strip(), 16):
                whole += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return whole
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        try:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            pass  # who asked has gone

    def log_message(self, *_: object) -> None:
        pass


#: Codes that a host may give to anything, whatever its description says of them.
UNDESCRIBED_ANSWERS = frozenset({400, 401, 404, 409, 422})


def git(folder: Path, *words: str, check: bool = True) -> str:
    """What Git says about a repository."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(
        ["git", *words], cwd=folder, env=environ, capture_output=True, text=True, check=check
    )
    return done.stdout.strip()


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def paged(found: list[Any], query: Mapping[str, str]) -> tuple[list[Any], bool]:
    """A page of a list, and whether there is another."""
    page = int(query.get("page", 1))
    return found[(page - 1) * PAGE : page * PAGE], page * PAGE < len(found)
