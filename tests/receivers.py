"""Real receivers of alerts on this machine: a mail server and an HTTP server, in threads of their own."""

import asyncio
import socket
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(frozen=True)
class Answer:
    """What an HTTP server says to one request."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = "ok"
    #: seconds of silence before it
    after: float = 0.0
    #: send back what came
    echo: bool = False


@dataclass(frozen=True)
class Posted:
    """One request; the names of its headers are in small letters."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Hook:
    """An HTTP server; it answers 200 unless it was told something else."""

    address: str
    posted: list[Posted] = field(default_factory=list)
    answers: deque[Answer] = field(default_factory=deque)
    always: Answer = Answer()


@contextmanager
def hook(certificate: trustme.LeafCert | None = None) -> Iterator[Hook]:
    """An HTTP server, or with a certificate an HTTPS server."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            open_hook.posted.append(
                Posted(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            )
            answer = open_hook.answers.popleft() if open_hook.answers else open_hook.always
            stop.wait(answer.after)
            said = (f"{self.path} {dict(self.headers)}" if answer.echo else answer.body).encode()
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)
            except OSError:
                pass  # who asked has gone

        def log_message(self, *_: object) -> None:
            pass

    stop = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    open_hook = Hook(f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}")
    server.handle_error = lambda *_: None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield open_hook
    finally:
        stop.set()
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Mailbox:
    """A mail server; it takes everything unless it was told something else."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    #: what it says to the next mails instead of taking them
    answers: deque[str] = field(default_factory=deque)
    always: str = ""
    refused: set[str] = field(default_factory=set)
    #: seconds of silence before it answers anything
    after: float = 0.0
    logins: list[bytes] = field(default_factory=list)


@contextmanager
def mailbox(
    *,
    security: str = "none",
    certificate: trustme.LeafCert | None = None,
    user: str = "",
    password: str = "",
) -> Iterator[Mailbox]:
    """A mail server without encryption, with STARTTLS or with TLS from the first byte on."""

    class Handler:
        async def handle_RCPT(  # noqa: N802  the name that aiosmtpd calls
            self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
        ) -> str:
            if address in box.refused:
                return "550 no such mailbox"
            envelope.rcpt_tos.append(address)
            return "250 OK"

        async def handle_DATA(  # noqa: N802  the name that aiosmtpd calls
            self, server: SMTP, session: Session, envelope: Envelope
        ) -> str:
            if box.after:
                await asyncio.sleep(box.after)
            said = box.answers.popleft() if box.answers else box.always
            if said:
                return said
            box.envelopes.append(envelope)
            box.mails.append(message_from_bytes(envelope.content, policy=default))
            return "250 taken"

    def authenticator(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        box.logins.append(data.login)
        good = (data.login, data.password) == (user.encode(), password.encode())
        if good:
            return AuthResult(success=True)
        return AuthResult(success=False, handled=False, message=f"535 5.7.8 not {data.password.decode()}")

    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    box = Mailbox(port)
    controller = Controller(
        Handler(),
        hostname="127.0.0.1",
        port=port,
        ssl_context=context if security == "ssl" else None,
        tls_context=context if security == "starttls" else None,
        require_starttls=security == "starttls",
        authenticator=authenticator if user else None,
        auth_required=bool(user) and security == "starttls",
        auth_require_tls=security == "starttls",
        ident="test",
    )
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


@contextmanager
def silence() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def closed_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def trusted(folder: Path) -> tuple[trustme.LeafCert, Path]:
    """A certificate for this machine, and the file of the authority that vouches for it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    return authority.issue_cert("127.0.0.1", "localhost"), folder / "authority.pem"
