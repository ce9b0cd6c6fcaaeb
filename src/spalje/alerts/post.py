"""Posting JSON to an address that is a secret: by the standard library, through the proxies of the environment."""

import http.client
import re
import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, parse_qsl, urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from spalje import __version__
from spalje.alerts.channel import TIMEOUT_S, Undelivered, redacted
from spalje.settings import LOOPBACK

#: So much of an answer is read: it is only looked at when something is wrong.
READ = 2000
#: Longer than this nobody is left alone, however long they ask for, seconds.
LONGEST = 86_400.0


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    channel: str,
    plain: bool = False,
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Post a body and see that it was taken (an answer 2xx). No redirect is followed.

    Args:
        url: where to, which nothing repeats.
        body: the JSON.
        headers: beside the content type.
        channel: names the channel in errors.
        plain: whether ``http://`` is allowed to other machines, too.
        timeout_s: how long each answer is waited for, seconds.

    Raises:
        Undelivered: it was not taken; says why, and when to try again.
    """
    parts = _checked(url, channel, plain=plain)
    request = Request(  # noqa: S310  _checked let nothing but http and https through
        url,
        data=body,
        headers={
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": f"spalje/{__version__}",
            **headers,
        },
    )
    try:
        _opener().open(request, timeout=timeout_s).close()
    except HTTPError as error:
        with error:
            refused = _refused(error, parts, channel)
        raise refused from None
    except (URLError, OSError, http.client.HTTPException) as error:
        raise _unreached(error, parts, channel) from None


def _opener() -> OpenerDirector:
    """Speaks HTTP and nothing else; a redirect is an answer like any other, so that no secret goes elsewhere."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(context=ssl.create_default_context()),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _checked(url: str, channel: str, *, plain: bool) -> SplitResult:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, SplitResult("", "", "", "", "")
    if (
        not host
        or parts.scheme not in ("http", "https")
        or not re.fullmatch(r"[\x21-\x7e]+", url)
        or parts.username
    ):
        raise Undelivered(
            f"The address of the channel '{channel}' is not one that begins with https://.",
            do="Correct the variable that its url_env names.",
        )
    if parts.scheme == "http" and not plain and host not in LOOPBACK:
        raise Undelivered(
            f"The address of the channel '{channel}' begins with http://, so that anybody could read it on the way.",
            do="Use the one that begins with https://.",
        )
    return parts


def _refused(error: HTTPError, parts: SplitResult, channel: str) -> Undelivered:
    code = error.code
    try:
        said = redacted(error.read(READ).decode("utf-8", "replace"), _secrets(parts))
    except (OSError, http.client.HTTPException):
        said = ""
    text = f"{parts.hostname} answered {code} to the channel '{channel}'{f': {said}' if said else ''}."
    if 300 <= code < 400:
        return Undelivered(
            f"{text} It sends on to another address, which is not followed.",
            do="Give the new address itself in the variable that url_env names.",
        )
    if code == 429 or code >= 500:
        return Undelivered(text, soon=True, after_s=_retry_after(error.headers.get("Retry-After")))
    return Undelivered(text, do="Check the address that its url_env names, then: spalje alert test")


def _unreached(error: Exception, parts: SplitResult, channel: str) -> Undelivered:
    """Why there was no answer; of the error's text only what the system or OpenSSL says."""
    reason = error.reason if isinstance(error, URLError) else error
    whom = f"{parts.hostname}, the server of the channel '{channel}',"
    if isinstance(reason, TimeoutError):
        return Undelivered(f"{whom} did not answer in time.")
    if isinstance(reason, ssl.SSLError):
        why = getattr(reason, "verify_message", "") or reason.reason or "an error of TLS"
        return Undelivered(
            f"{whom} could not be spoken to safely: {why}.",
            do="With a certificate of your own, name its authority in the variable SSL_CERT_FILE.",
        )
    if isinstance(reason, socket.gaierror):
        return Undelivered(f"{whom} is not known by that name ({reason.strerror}).")
    if isinstance(reason, OSError) and reason.strerror:
        return Undelivered(f"{whom} could not be reached ({reason.strerror}).", soon=True)
    return Undelivered(f"{whom} hung up or gave no proper answer ({type(reason).__name__}).", soon=True)


def _retry_after(text: str | None) -> float | None:
    """Seconds that a server asks to be left alone: a number or a date (RFC 9110, section 10.2.3)."""
    if text is None:
        return None
    if re.fullmatch(r"\d{1,9}", text.strip()):
        return min(float(text), LONGEST)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(0.0, (at - datetime.now(UTC)).total_seconds()), LONGEST)


def _secrets(parts: SplitResult) -> list[str]:
    """What must not be repeated of an address: all of it but the host, in every piece that is long enough."""
    pieces = [
        parts.path,
        *parts.path.split("/"),
        parts.query,
        *(value for _, value in parse_qsl(parts.query)),
    ]
    return [piece for piece in pieces if len(piece) >= 6]
