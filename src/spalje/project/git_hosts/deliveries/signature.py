"""Whether a body was signed with a secret."""

import hashlib
import hmac

from spalje.errors import Refused


def check_signature(given: str | None, header: str, body: bytes, secret: str, prefix: str = "") -> None:
    """Check an HMAC with SHA-256 of the whole body, hexadecimal.

    Args:
        given: what the header says; None: it is not there.
        header: its name, for a person.
        body: the bytes as they came.
        secret: the key.
        prefix: what stands before the figures.

    Raises:
        Refused: it is missing or not right; nothing is said of what would have been.

    Example:
        >>> check_signature(None, "X-Hub-Signature", b"{}", "secret", "sha256=")
        Traceback (most recent call last):
        ...
        spalje.errors.Refused: The delivery is not signed; it needs the header X-Hub-Signature.
    """
    if not given:
        raise Refused(
            f"The delivery is not signed; it needs the header {header}.", do="Give the webhook its secret."
        )
    right = prefix + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right.encode(), given.encode("utf-8", "replace")):
        raise Refused(
            f"The delivery's signature ({header}) is not that of its content and our secret.",
            do="See that the webhook has the secret that webhook_secret_env names.",
        )
