"""What GitLab sends: ``X-Gitlab-Token`` is the secret itself; with a signing token it signs as Standard Webhooks.

A push does not say when it was; a signature says when it was sent.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime

from spalje.errors import Refused
from spalje.project.git_hosts.deliveries.payload import HEADS, Payload, Told, is_nothing, moment
from spalje.project.git_hosts.delivery import PullRequestChange, Push

#: The first is signed, too.
IDENTITY = ("webhook-id", "idempotency-key", "x-gitlab-event-uuid")
#: Seconds that a signed delivery may be old or early, as Standard Webhooks has it.
TOLERANCE_S = 300.0
_ACTIONS = frozenset({"open", "reopen", "update", "merge", "close"})
_STATES = {"opened": "open", "locked": "open", "merged": "merged", "closed": "closed"}


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> None:
    """See ``spalje.project.git_hosts.deliveries.read``. A wrong signature is not made good by a right token."""
    if "webhook-signature" in headers:
        _check_signature(headers, body, secret, now)
        return
    given = headers.get("x-gitlab-token", "")
    if not given:
        raise Refused(
            "The delivery has no secret; it needs the header X-Gitlab-Token.",
            do="Give the webhook its secret.",
        )
    if not hmac.compare_digest(given.encode("utf-8", "replace"), secret.encode()):
        raise Refused(
            "The delivery's X-Gitlab-Token is not our secret.",
            do="See that the webhook has the secret that webhook_secret_env names.",
        )


def understand(headers: Mapping[str, str], payload: Payload) -> Told:
    """What it tells."""
    what = payload.maybe("object_kind") or headers.get("x-gitlab-event", "")
    whole = payload.maybe("project", "path_with_namespace") or ""
    owner, _, name = whole.rpartition("/")
    sent = headers.get("webhook-timestamp", "") if "webhook-signature" in headers else ""
    at = moment(int(sent)) if sent else None
    if what == "push":
        return Told(what, owner, at, _push(payload, name))
    if what == "merge_request" and payload.maybe("object_attributes", "action") in _ACTIONS:
        at = at or payload.time("object_attributes", "updated_at")
        return Told(what, owner, at, _change(payload, name))
    return Told(what, owner, at)


def _check_signature(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> None:
    identity, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not identity or not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise Refused("The delivery is signed, and lacks webhook-id or a webhook-timestamp in seconds.")
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE_S:
        raise Refused(f"The delivery is more than {TOLERANCE_S:.0f} seconds old or early.")
    signed = f"{identity}.{timestamp}.".encode() + body
    right = base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest())
    offered = [
        one.partition(",")[2] for one in headers["webhook-signature"].split(" ") if one.startswith("v1,")
    ]
    if not any(hmac.compare_digest(right, one.encode("utf-8", "replace")) for one in offered):
        raise Refused(
            "The delivery's webhook-signature is not that of its content and our secret.",
            do="See that the webhook's signing token is what webhook_secret_env names.",
        )


def _key(secret: str) -> bytes:
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret[6:], validate=True)
        except (binascii.Error, ValueError):
            pass
    return secret.encode()


def _push(payload: Payload, name: str) -> tuple[Push, ...]:
    ref = payload.text("ref")
    if not ref.startswith(HEADS) or not name:
        return ()
    deleted = is_nothing(payload.text("after"))
    commit = payload.text("before" if deleted else "after")
    message = next(
        (one.maybe("message") for one in payload.all("commits") if one.maybe("id") == commit), None
    )
    pusher = payload.maybe("user_username") or payload.maybe("user_name") or ""
    return (Push(name, ref.removeprefix(HEADS), commit, deleted, message, pusher),)


def _change(payload: Payload, name: str) -> tuple[PullRequestChange, ...]:
    request = payload.at("object_attributes")
    if not request.same(("source_project_id",), ("target_project_id",)):
        return ()  # from a fork: what is in it is somebody else's
    state = _STATES.get(request.text("state"))
    if state is None:
        return ()
    return (
        PullRequestChange(
            name,
            request.number("iid"),
            request.text("source_branch"),
            request.text("target_branch"),
            state,  # type: ignore[arg-type]
            request.text("last_commit", "id"),
        ),
    )
