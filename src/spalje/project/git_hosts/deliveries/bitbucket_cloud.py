"""What Bitbucket Cloud sends: ``X-Hub-Signature`` signs the body; a push does not say when it was."""

from collections.abc import Mapping
from datetime import datetime

from spalje.project.git_hosts.deliveries.payload import Payload, Told
from spalje.project.git_hosts.deliveries.signature import check_signature
from spalje.project.git_hosts.delivery import PullRequestChange, Push

IDENTITY = ("x-request-uuid",)
_STATES = {"OPEN": "open", "MERGED": "merged", "DECLINED": "closed", "SUPERSEDED": "closed"}
_CHANGES = frozenset(f"pullrequest:{what}" for what in ("created", "updated", "fulfilled", "rejected"))


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> None:  # noqa: ARG001
    """See ``spalje.project.git_hosts.deliveries.read``."""
    check_signature(headers.get("x-hub-signature"), "X-Hub-Signature", body, secret, "sha256=")


def understand(headers: Mapping[str, str], payload: Payload) -> Told:
    """What it tells."""
    what = headers.get("x-event-key", "")
    owner, _, name = (payload.maybe("repository", "full_name") or "").partition("/")
    if what == "repo:push":
        pusher = payload.maybe("actor", "nickname") or payload.maybe("actor", "display_name") or ""
        pushes = (_push(change, name, pusher) for change in payload.all("push", "changes"))
        return Told(what, owner, None, tuple(push for push in pushes if push is not None))
    if what in _CHANGES:
        return Told(what, owner, payload.time("pullrequest", "updated_on"), _change(payload, name))
    return Told(what, owner)


def _push(change: Payload, name: str, pusher: str) -> Push | None:
    deleted = not change.at("new")
    now = change.at("old" if deleted else "new")
    if now.maybe("type") != "branch" or not name:
        return None
    message = None if deleted else now.maybe("target", "message")
    return Push(name, now.text("name"), now.text("target", "hash"), deleted, message, pusher)


def _change(payload: Payload, name: str) -> tuple[PullRequestChange, ...]:
    request = payload.at("pullrequest")
    if not request.same(("source", "repository", "full_name"), ("destination", "repository", "full_name")):
        return ()  # from a fork: what is in it is somebody else's
    state = _STATES.get(request.text("state"))
    if state is None:
        return ()
    return (
        PullRequestChange(
            name,
            request.number("id"),
            request.text("source", "branch", "name"),
            request.text("destination", "branch", "name"),
            state,  # type: ignore[arg-type]
            request.text("source", "commit", "hash"),
        ),
    )
