"""Asking a server over HTTP: tries again where that is safe, and says what went wrong."""

import logging
import random
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote, urlsplit

from spalje import __version__
from spalje.project.git_hosts.answer import Answer, content_of, said_in
from spalje.project.git_hosts.failure import HostFailed, Lost
from spalje.project.git_hosts.libraries import check_libraries
from spalje.project.git_hosts.waiting import LONGEST, is_rationed, wait_of

if TYPE_CHECKING:
    import httpx2

#: So often a thing is asked at most.
TRIES = 5
#: So long each answer is waited for, seconds; connecting, a third of it.
TIMEOUT_S = 30.0
#: So much of what a host says is repeated, characters.
SAID = 300

_BROKEN = frozenset({500, 502, 503, 504})

logging.getLogger("stamina").addHandler(logging.NullHandler())  # tries are told of by the errors, at the end


class Login(Protocol):
    """What logs in to a server, and what a person is told about it."""

    @property
    def label(self) -> str:
        """What the server is called, such as ``Git host 'ours'``."""

    @property
    def renew(self) -> str:
        """What to do when the login is refused (401)."""

    @property
    def look(self) -> str:
        """What to look at when something is not there (404)."""

    @property
    def page(self) -> str:
        """Where it is documented."""

    def redact(self, text: str, others: Iterable[str] = ()) -> str:
        """A text without what is secret in it, and without ``others``."""


@dataclass(frozen=True)
class Rest:
    """A host's API.

    Attributes:
        address: what every path is appended to.
        credential: its token.
        headers: gives the headers of every request, the one with the token among them.
        rights: what the token must be allowed, for a person who reads "403".
        timeout_s: how long each answer is waited for, seconds.
    """

    address: str
    credential: Login = field(repr=False)
    headers: Callable[[], Mapping[str, str]] = field(repr=False)
    rights: str = ""
    timeout_s: float = TIMEOUT_S

    def ask(
        self,
        method: str,
        path: str,
        *,
        send: Any = None,
        query: Mapping[str, str | int] | None = None,
        kind: str = "application/json",
        also: frozenset[int] = frozenset(),
        early: frozenset[int] = frozenset(),
        secrets: tuple[str, ...] = (),
    ) -> Answer:
        """Ask for something.

        Everything but POST is tried again when the host is busy, broken or silent; POST only when it is certain that
        nothing happened: it was told to wait, or not reached.

        Args:
            method: of HTTP.
            path: under the address, its parts quoted (see ``part``).
            send: what is sent as JSON; None: nothing.
            query: goes behind ``?``.
            kind: what the sent JSON is called.
            also: codes that are answers and not errors, beside 2xx.
            early: codes that may mean "not yet": tried again.
            secrets: words of ``send`` that no error may repeat.

        Raises:
            HostFailed: the host refused, or could not be reached.
            Lost: it is not known whether the host did it.
            BadInput: there is no token.
        """
        check_libraries()
        import stamina  # noqa: PLC0415  belongs to the extra 'hosts'

        request = _Request(self, method, path, send, query, kind, also, early, secrets)
        try:
            for attempt in stamina.retry_context(
                on=_again, attempts=TRIES, timeout=5 * LONGEST, wait_initial=0.5, wait_max=10.0
            ):
                with attempt:
                    return request.once()
        except _Again as error:
            raise error.failure from error.__cause__
        raise AssertionError("stamina tries at least once")  # pragma: no cover

    @cached_property
    def client(self) -> "httpx2.Client":
        """Speaks HTTP: through the proxies of the environment, and never on to another address."""
        import httpx2  # noqa: PLC0415  belongs to the extra 'hosts'

        client = httpx2.Client(
            timeout=httpx2.Timeout(self.timeout_s, connect=self.timeout_s / 3),
            follow_redirects=False,
            trust_env=True,
        )
        weakref.finalize(self, client.close)
        return client

    def failed(self, asked: str, status: int, said: str, where: str = "") -> HostFailed:
        """The error for an answer that is a refusal.

        Args:
            asked: method and path.
            status: the code.
            said: what the host said, without secrets.
            where: where it sent us, for a redirection.
        """
        dos = {
            401: self.credential.renew,
            403: f"The token lacks a right: it needs {self.rights}."
            if self.rights
            else "The token lacks a right.",
            404: self.credential.look,
        }
        text = f"{self._label}: {asked} was answered {status}"
        if 300 <= status < 400:
            host = urlsplit(where).netloc.rpartition("@")[2]
            text += f", a redirection to {host or 'another place'}, which is not followed"
            do = "Set url in the settings to where it is now; the token is sent nowhere else."
        else:
            do = dos.get(status, f"Look at what the host says; {self.credential.page} tells what it needs.")
        return HostFailed(f"{text}: {said}" if said else f"{text}.", do=do)

    def unreachable(self, asked: str, why: str) -> HostFailed:
        """The error for no answer."""
        return HostFailed(
            f"{self._label}: {asked} got no answer: {why}.",
            do="Look whether the host is up and can be reached from here (proxies of the environment are used).",
        )

    def strange(self, asked: str) -> HostFailed:
        """The error for an answer that the host's API does not give."""
        return HostFailed(
            f"{self._label}: {asked} was answered with something that its API does not say.",
            do="Look whether kind and url in the settings are right, and no log-in page stands before the host.",
        )

    @property
    def _label(self) -> str:
        return f"{self.credential.label} ({self.address})"


def part(text: str) -> str:
    """A text as one part of a path.

    Example:
        >>> part("group/sub group")
        'group%2Fsub%20group'
    """
    return quote(text, safe="")


class _Again(Exception):
    """Worth another try."""

    def __init__(self, failure: HostFailed, after_s: float | None = None) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.after_s = after_s


def _again(error: Exception) -> bool | float:
    """What stamina asks: whether to try again, or in how many seconds."""
    if not isinstance(error, _Again):
        return False
    if error.after_s is None:
        return True
    return error.after_s + random.uniform(0.1, 1.0)  # noqa: S311  so that many do not come at once


@dataclass(frozen=True)
class _Request:
    rest: Rest
    method: str
    path: str
    send: Any
    query: Mapping[str, str | int] | None
    kind: str
    also: frozenset[int]
    early: frozenset[int]
    secrets: tuple[str, ...]

    @property
    def asked(self) -> str:
        return f"{self.method} {self.path}"

    def once(self) -> Answer:
        rest = self.rest
        headers = {
            "User-Agent": f"spalje/{__version__}",
            "Accept": "application/json",
            **rest.headers(),
            **({"Content-Type": self.kind} if self.send is not None else {}),
        }
        client = rest.client
        import httpx2  # noqa: PLC0415  belongs to the extra 'hosts', and is there by now

        try:
            response = client.request(
                self.method,
                rest.address + self.path,
                params=dict(self.query) if self.query else None,
                json=self.send,
                headers=headers,
            )
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            why = self._plain(str(error)) or type(error).__name__
            failure = rest.unreachable(self.asked, why)
            if self.method == "POST" and not isinstance(error, httpx2.ConnectError):
                raise self._lost(failure) from error
            raise _Again(failure) from error
        except httpx2.HTTPError as error:
            raise rest.unreachable(self.asked, self._plain(str(error))) from error
        return self._judged(response)

    def _judged(self, response: "httpx2.Response") -> Answer:
        status = response.status_code
        if 200 <= status < 300 or status in self.also:
            strange = self.rest.strange(self.asked)
            said = "" if status < 300 else self._plain(said_in(response.text))
            content = content_of(response.content, status, strange)
            return Answer(status, content, "next" in response.links, said, strange)
        headers = {name.lower(): value for name, value in response.headers.items()}
        failure = self.rest.failed(
            self.asked, status, self._plain(said_in(response.text)), headers.get("location", "")
        )
        if is_rationed(status, headers):
            wait = wait_of(headers, datetime.now(UTC))
            if wait is not None and wait > LONGEST:
                failure = HostFailed(str(failure), do=f"The host wants to be left alone for {wait:.0f} s.")
                raise failure
            raise _Again(failure, wait)
        if status in self.early:
            raise _Again(failure)
        if status in _BROKEN:
            if self.method == "POST":
                raise self._lost(failure)
            raise _Again(failure, self._wait(headers))
        raise failure

    @staticmethod
    def _wait(headers: Mapping[str, str]) -> float | None:
        wait = wait_of({"retry-after": headers.get("retry-after", "")}, datetime.now(UTC))
        return None if wait is None else min(wait, LONGEST)

    def _lost(self, failure: HostFailed) -> Lost:
        return Lost(
            str(failure), do=f"{failure.do} Whether the host has done it is not known: look there first."
        )

    def _plain(self, text: str) -> str:
        whole = " ".join(self.rest.credential.redact(text, self.secrets).split())
        return whole if len(whole) <= SAID else f"{whole[:SAID]}…"
