"""A webhook for programs, signed as Standard Webhooks says (github.com/standard-webhooks/standard-webhooks)."""

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from spalje.alerts.channel import TIMEOUT_S, Secrets, Undelivered
from spalje.alerts.event import Event
from spalje.alerts.message import Message
from spalje.alerts.post import post
from spalje.errors import Refused
from spalje.settings import Webhook

#: Bytes of a key, "24 bytes (192 bits) and 64 bytes (512 bits)" by the specification.
KEY = range(24, 65)
#: Seconds that a message may be old or early; the reference implementations allow five minutes.
TOLERANCE_S = 300.0


@dataclass(frozen=True, slots=True)
class SignedWebhook:
    """An address to which events are posted as JSON, signed.

    Attributes:
        settings: what the settings say.
        secrets: where its address and key are.
        clock: gives the time, UTC.
        timeout_s: how long each answer is waited for, seconds.
    """

    settings: Webhook
    secrets: Secrets = field(repr=False)
    clock: Callable[[], datetime]
    timeout_s: float = TIMEOUT_S

    @property
    def name(self) -> str:
        """See ``spalje.alerts.channel.Channel``."""
        return self.settings.name or self.settings.kind

    def send(self, message: Message) -> None:
        """See ``spalje.alerts.channel.Channel``."""
        url = self.secrets.get(self.settings.url_env, self.name)
        variable = str(self.settings.secret_env)
        try:
            key = key_of(self.secrets.get(variable, self.name))
        except ValueError as error:
            raise Undelivered(
                f"The variable {variable} of the channel '{self.name}' holds no key: {error}.",
                do="Make one: python -c \"import base64,os;print('whsec_'+base64.b64encode(os.urandom(32)).decode())\"",
            ) from None
        now = self.clock()
        body = json.dumps(payload(message, now), separators=(",", ":")).encode()
        post(
            url,
            body,
            headers(message.identity, body, key, now),
            channel=self.name,
            plain=True,
            timeout_s=self.timeout_s,
        )


def payload(message: Message, now: datetime) -> dict[str, Any]:
    """What is posted: every event in full, the most urgent first."""
    return {
        "type": "spalje.alert",
        "timestamp": now.isoformat(),
        "data": {"title": message.title, "events": [_event(event) for event in message.events]},
    }


def headers(identity: str, body: bytes, key: bytes, now: datetime) -> dict[str, str]:
    """The three headers of Standard Webhooks."""
    timestamp = str(int(now.timestamp()))
    return {
        "webhook-id": identity,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{_signature(identity, timestamp, body, key)}",
    }


def verify(
    given: Mapping[str, str], body: bytes, secret: str, now: datetime, *, tolerance_s: float = TOLERANCE_S
) -> None:
    """Check that a message is from whoever knows the key, whole, and not an old one sent again.

    Args:
        given: the request's headers, in any case.
        body: its bytes as they came.
        secret: the key, ``whsec_…``.
        now: the receiver's time, UTC.
        tolerance_s: seconds that it may be old or early.

    Raises:
        Refused: it is not; says why, and not what would have been right.
        ValueError: the secret is no key.
    """
    found = {name.lower(): value for name, value in given.items()}
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    if not all(found.get(name) for name in names):
        raise Refused(f"The message lacks a header; it needs {', '.join(names)}.")
    identity, timestamp, signatures = (found[name] for name in names)
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise Refused("The message's webhook-timestamp is not a number of seconds.")
    if abs(now.timestamp() - int(timestamp)) > tolerance_s:
        raise Refused(f"The message is more than {tolerance_s:.0f} seconds old or early.")
    right = _signature(identity, timestamp, body, key_of(secret)).encode()
    offered = [one.partition(",")[2] for one in signatures.split(" ") if one.startswith("v1,")]
    if not any(hmac.compare_digest(right, one.encode()) for one in offered):
        raise Refused("The message's signature is not that of its content and this key.")


def key_of(secret: str) -> bytes:
    """The bytes of a key: ``whsec_`` and 24 to 64 bytes in base64.

    Raises:
        ValueError: it is something else; says what is wrong, and nothing of what it is.

    Example:
        >>> key_of("whsec_" + "QUJD" * 8)[:6]
        b'ABCABC'
    """
    prefix, text = secret[:6], secret[6:]
    if prefix != "whsec_":
        raise ValueError("it must begin with whsec_")
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("what follows whsec_ must be base64") from None
    if len(key) not in KEY:
        raise ValueError(f"it must be {KEY.start} to {KEY.stop - 1} bytes, and is {len(key)}")
    return key


def _signature(identity: str, timestamp: str, body: bytes, key: bytes) -> str:
    signed = f"{identity}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _event(event: Event) -> dict[str, Any]:
    return {
        "id": event.identity,
        "kind": event.kind,
        "severity": event.kind.severity,
        "project": event.project,
        "subject": event.subject,
        "what": event.what,
        "at": event.at.isoformat(),
        "summary": event.summary,
        "details": list(event.details),
        "link": event.link,
        "report": event.report,
    }
