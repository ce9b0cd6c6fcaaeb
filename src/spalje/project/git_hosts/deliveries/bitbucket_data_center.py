"""What Bitbucket Data Center sends: ``X-Hub-Signature`` signs the body, whose ``date`` is when it happened."""

from collections.abc import Mapping
from datetime import datetime

from spalje.project.git_hosts.deliveries.payload import HEADS, Payload, Told
from spalje.project.git_hosts.deliveries.signature import check_signature
from spalje.project.git_hosts.delivery import PullRequestChange, Push

IDENTITY = ("x-request-id",)
_STATES = {"OPEN": "open", "MERGED": "merged", "DECLINED": "closed"}
_CHANGES = frozenset(
    f"pr:{what}" for what in ("opened", "modified", "from_ref_updated", "merged", "declined", "deleted")
)


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> None:  # noqa: ARG001
    """See ``spalje.project.git_hosts.deliveries.read``."""
    check_signature(headers.get("x-hub-signature"), "X-Hub-Signature", body, secret, "sha256=")


def understand(headers: Mapping[str, str], payload: Payload) -> Told:
    """What it tells."""
    what = headers.get("x-event-key", "")
    at = payload.time("date")
    if what == "repo:refs_changed":
        owner = payload.maybe("repository", "project", "key") or ""
        return Told(what, owner, at, tuple(_pushes(payload)))
    if what in _CHANGES:
        owner = payload.maybe("pullRequest", "toRef", "repository", "project", "key") or ""
        return Told(what, owner, at, _change(payload, deleted=what == "pr:deleted"))
    return Told(what, "", at)


def _pushes(payload: Payload) -> list[Push]:
    name = payload.text("repository", "slug")
    pusher = payload.maybe("actor", "name") or ""
    found = []
    for change in payload.all("changes"):
        ref = change.text("ref", "id")
        if not ref.startswith(HEADS):
            continue
        deleted = change.text("type") == "DELETE"
        commit = change.text("fromHash" if deleted else "toHash")
        known = payload.at("toCommit") if payload.maybe("toCommit", "id") == commit else Payload(None)
        found.append(Push(name, ref.removeprefix(HEADS), commit, deleted, known.maybe("message"), pusher))
    return found


def _change(payload: Payload, *, deleted: bool) -> tuple[PullRequestChange, ...]:
    request = payload.at("pullRequest")
    if not request.same(("fromRef", "repository", "id"), ("toRef", "repository", "id")):
        return ()  # from a fork: what is in it is somebody else's
    state = "closed" if deleted else _STATES.get(request.text("state"))
    if state is None:
        return ()
    return (
        PullRequestChange(
            request.text("toRef", "repository", "slug"),
            request.number("id"),
            request.text("fromRef", "displayId"),
            request.text("toRef", "displayId"),
            state,  # type: ignore[arg-type]
            request.text("fromRef", "latestCommit"),
        ),
    )
