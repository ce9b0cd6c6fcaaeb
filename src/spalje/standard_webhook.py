"""Standard Webhooks: how a message is signed and how that is checked (github.com/standard-webhooks)."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime

from spalje.errors import Refused

#: Bytes of a key, "24 bytes (192 bits) and 64 bytes (512 bits)" by the specification.
KEY = range(24, 65)
#: Seconds that a message may be old or early; the reference implementations allow five minutes.
TOLERANCE_S = 300.0


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
    verify_by_key(given, body, key_of(secret), now, tolerance_s=tolerance_s)


def verify_by_key(
    given: Mapping[str, str], body: bytes, key: bytes, now: datetime, *, tolerance_s: float = TOLERANCE_S
) -> None:
    """As ``verify``, with the bytes of a key, which may be of any length.

    Raises:
        Refused: see ``verify``.
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
    right = _signature(identity, timestamp, body, key).encode()
    offered = [one.partition(",")[2] for one in signatures.split(" ") if one.startswith("v1,")]
    if not any(hmac.compare_digest(right, one.encode("utf-8", "replace")) for one in offered):
        raise Refused("The message's webhook-signature is not that of its content and this key.")


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
