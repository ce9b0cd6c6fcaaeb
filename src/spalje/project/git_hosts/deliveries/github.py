"""What GitHub sends: ``X-Hub-Signature-256`` signs the body; a push says when it was, and a change when it was made."""

from collections.abc import Mapping
from datetime import datetime

from spalje.project.git_hosts.deliveries.payload import HEADS, Payload, Told
from spalje.project.git_hosts.deliveries.pull_request import change
from spalje.project.git_hosts.deliveries.signature import check_signature
from spalje.project.git_hosts.delivery import Push

IDENTITY = ("x-github-delivery",)
_ACTIONS = frozenset({"opened", "edited", "synchronize", "reopened", "ready_for_review", "closed"})


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> None:  # noqa: ARG001
    """See ``spalje.project.git_hosts.deliveries.read``."""
    check_signature(headers.get("x-hub-signature-256"), "X-Hub-Signature-256", body, secret, "sha256=")


def understand(headers: Mapping[str, str], payload: Payload) -> Told:
    """What it tells."""
    what = headers.get("x-github-event", "")
    owner = (
        payload.maybe("repository", "owner", "login") or payload.maybe("repository", "owner", "name") or ""
    )
    if what == "push":
        return Told(what, owner, payload.time("repository", "pushed_at"), _push(payload))
    if what == "pull_request" and payload.maybe("action") in _ACTIONS:
        return Told(what, owner, payload.time("pull_request", "updated_at"), change(payload, "repo", "id"))
    return Told(what, owner)


def _push(payload: Payload) -> tuple[Push, ...]:
    ref = payload.text("ref")
    if not ref.startswith(HEADS):
        return ()
    deleted = payload.at("deleted").content is True
    return (
        Push(
            payload.text("repository", "name"),
            ref.removeprefix(HEADS),
            payload.text("before" if deleted else "after"),
            deleted,
            payload.maybe("head_commit", "message"),
            payload.maybe("pusher", "name") or "",
        ),
    )
