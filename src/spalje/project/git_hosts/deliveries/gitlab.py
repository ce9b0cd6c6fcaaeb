"""What GitLab sends: ``X-Gitlab-Token`` is the secret itself; with a signing token it signs as Standard Webhooks.

A push does not say when it was; a signature says when it was sent.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime

from spalje import standard_webhook
from spalje.errors import Refused
from spalje.project.git_hosts.deliveries.payload import HEADS, Payload, Told, is_nothing, moment
from spalje.project.git_hosts.delivery import PullRequestChange, Push

#: The first is signed, too.
IDENTITY = ("webhook-id", "idempotency-key", "x-gitlab-event-uuid")
_ACTIONS = frozenset({"open", "reopen", "update", "merge", "close"})
_STATES = {"opened": "open", "locked": "open", "merged": "merged", "closed": "closed"}


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> None:
    """See ``spalje.project.git_hosts.deliveries.read``. A wrong signature is not made good by a right token."""
    if "webhook-signature" in headers:
        standard_webhook.verify_by_key(headers, body, _key(secret), now)
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


def _key(secret: str) -> bytes:
    """GitLab signs with ``whsec_…`` as it is meant, and with any other text as it stands."""
    try:
        return standard_webhook.key_of(secret)
    except ValueError:
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
