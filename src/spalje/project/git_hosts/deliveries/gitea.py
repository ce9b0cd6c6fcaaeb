"""What Gitea and Forgejo send: ``X-Gitea-Signature`` signs the body; a push does not say when it was."""

from collections.abc import Mapping
from datetime import datetime

from spalje.project.git_hosts.deliveries.payload import HEADS, Payload, Told, is_nothing
from spalje.project.git_hosts.deliveries.pull_request import change
from spalje.project.git_hosts.deliveries.signature import check_signature
from spalje.project.git_hosts.delivery import Push

IDENTITY = ("x-gitea-delivery", "x-forgejo-delivery")
_ACTIONS = frozenset({"opened", "edited", "synchronized", "reopened", "closed"})


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> None:  # noqa: ARG001
    """See ``spalje.project.git_hosts.deliveries.read``."""
    given = headers.get("x-gitea-signature") or headers.get("x-forgejo-signature")
    check_signature(given, "X-Gitea-Signature", body, secret)


def understand(headers: Mapping[str, str], payload: Payload) -> Told:
    """What it tells."""
    what = headers.get("x-gitea-event") or headers.get("x-forgejo-event") or ""
    owner = (
        payload.maybe("repository", "owner", "login")
        or payload.maybe("repository", "owner", "username")
        or ""
    )
    if what == "push":
        return Told(what, owner, None, _push(payload))
    if what.startswith("pull_request") and payload.maybe("action") in _ACTIONS:
        return Told(what, owner, payload.time("pull_request", "updated_at"), change(payload, "repo_id"))
    return Told(what, owner)


def _push(payload: Payload) -> tuple[Push, ...]:
    ref = payload.text("ref")
    if not ref.startswith(HEADS):
        return ()
    deleted = is_nothing(payload.text("after"))
    commit = payload.text("before" if deleted else "after")
    message = next(
        (one.maybe("message") for one in payload.all("commits") if one.maybe("id") == commit), None
    )
    return (
        Push(
            payload.text("repository", "name"),
            ref.removeprefix(HEADS),
            commit,
            deleted,
            payload.maybe("head_commit", "message")
            if payload.maybe("head_commit", "id") == commit
            else message,
            payload.maybe("pusher", "login") or payload.maybe("pusher", "username") or "",
        ),
    )
