"""Deliveries of hosts: nothing that is not the host's gets in, and what is, is read the same for every host."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spalje.errors import BadInput, Refused
from spalje.project.git_hosts.deliveries import read
from spalje.project.git_hosts.delivery import Delivery, PullRequestChange, Push

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
SECRET = "the-secret-of-the-webhook"
A, B, NOTHING = "a" * 40, "b" * 40, "0" * 40


def hexmac(body: bytes) -> str:
    return hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


def standard(body: bytes, identity: str = "d-1", at: datetime = NOW) -> dict[str, str]:
    """As Standard Webhooks signs."""
    stamp = str(int(at.timestamp()))
    mac = hmac.new(SECRET.encode(), f"{identity}.{stamp}.".encode() + body, hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(mac).decode()}"
    return {"webhook-id": identity, "webhook-timestamp": stamp, "webhook-signature": signature}


@dataclass(frozen=True)
class Sender:
    """How a host sends."""

    kind: str
    sign: Callable[[bytes], dict[str, str]]
    identity: str
    event: str
    push: tuple[str, dict[str, Any]]
    deletion: dict[str, Any]
    tag: dict[str, Any]
    change: tuple[str, dict[str, Any]]
    fork: dict[str, Any]
    other: tuple[str, dict[str, Any]]
    #: what the push says of the commit's message
    message: str | None = "Better model"
    #: whether a pull request says when it was
    dated: bool = True

    def read(
        self, event: str, content: Any, *, now: datetime = NOW, owner: str = "", **headers: str
    ) -> Delivery:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.read_raw(
            body, {**self.sign(body), self.identity: "d-1", self.event: event} | headers, now, owner
        )

    def read_raw(
        self, body: bytes, headers: dict[str, str], now: datetime = NOW, owner: str = ""
    ) -> Delivery:
        return read(self.kind, headers, body, SECRET, now, owner=owner)  # type: ignore[arg-type]


def github() -> Sender:
    repository = {"name": "fresh-build", "owner": {"login": "grocer"}, "pushed_at": int(NOW.timestamp()) - 9}
    push = {
        "ref": "refs/heads/main", "before": A, "after": B, "deleted": False, "repository": repository,
        "head_commit": {"id": B, "message": "Better model"}, "pusher": {"name": "eva"},
    }  # fmt: skip
    request = {
        "number": 3, "state": "closed", "merged": True, "updated_at": "2026-03-02T05:59:00Z",
        "head": {"ref": "topic", "sha": B, "repo": {"id": 1}}, "base": {"ref": "main", "repo": {"id": 1}},
    }  # fmt: skip
    change = {"action": "closed", "pull_request": request, "repository": repository}
    return Sender(
        "github",
        lambda body: {"X-Hub-Signature-256": f"sha256={hexmac(body)}"},
        "X-GitHub-Delivery",
        "X-GitHub-Event",
        ("push", push),
        {**push, "after": NOTHING, "deleted": True, "head_commit": None},
        {**push, "ref": "refs/tags/v1"},
        ("pull_request", change),
        {**change, "pull_request": {**request, "head": {**request["head"], "repo": {"id": 2}}}},
        ("ping", {"zen": "Keep it logically awesome.", "repository": repository}),
    )


def gitea() -> Sender:
    repository = {"name": "fresh-build", "owner": {"login": "grocer", "username": "grocer"}}
    push = {
        "ref": "refs/heads/main", "before": A, "after": B, "repository": repository,
        "commits": [{"id": B, "message": "Better model"}], "head_commit": {"id": B, "message": "Better model"},
        "pusher": {"login": "eva"},
    }  # fmt: skip
    request = {
        "number": 3, "state": "closed", "merged": True, "updated_at": "2026-03-02T05:59:00Z",
        "head": {"ref": "topic", "sha": B, "repo_id": 1}, "base": {"ref": "main", "repo_id": 1},
    }  # fmt: skip
    change = {"action": "closed", "number": 3, "pull_request": request, "repository": repository}
    return Sender(
        "gitea",
        lambda body: {"X-Gitea-Signature": hexmac(body)},
        "X-Gitea-Delivery",
        "X-Gitea-Event",
        ("push", push),
        {**push, "after": NOTHING, "head_commit": None, "commits": []},
        {**push, "ref": "refs/tags/v1"},
        ("pull_request", change),
        {**change, "pull_request": {**request, "head": {**request["head"], "repo_id": 2}}},
        ("create", {"ref": "topic", "repository": repository}),
    )


def forgejo() -> Sender:
    return replace(
        gitea(),
        sign=lambda body: {"X-Forgejo-Signature": hexmac(body)},
        identity="X-Forgejo-Delivery",
        event="X-Forgejo-Event",
    )


def gitlab() -> Sender:
    project = {"path_with_namespace": "grocer/fresh-build"}
    push = {
        "object_kind": "push", "ref": "refs/heads/main", "before": A, "after": B, "project": project,
        "commits": [{"id": A, "message": "Old"}, {"id": B, "message": "Better model"}], "user_username": "eva",
    }  # fmt: skip
    request = {
        "iid": 3, "state": "merged", "action": "merge", "updated_at": "2026-03-02 05:59:00 UTC",
        "source_branch": "topic", "target_branch": "main", "last_commit": {"id": B},
        "source_project_id": 1, "target_project_id": 1,
    }  # fmt: skip
    change = {"object_kind": "merge_request", "project": project, "object_attributes": request}
    return Sender(
        "gitlab",
        lambda _: {"X-Gitlab-Token": SECRET},
        "Idempotency-Key",
        "X-Gitlab-Event",
        ("Push Hook", push),
        {**push, "after": NOTHING, "commits": []},
        {**push, "ref": "refs/tags/v1"},
        ("Merge Request Hook", change),
        {**change, "object_attributes": {**request, "source_project_id": 2}},
        ("Note Hook", {"object_kind": "note", "project": project}),
    )


def gitlab_signed() -> Sender:
    return replace(gitlab(), sign=standard, identity="X-Gitlab-Event-UUID")


def bitbucket_cloud() -> Sender:
    repository = {"full_name": "grocer/fresh-build"}
    branch = {"type": "branch", "name": "main", "target": {"hash": B, "message": "Better model"}}
    push = {
        "actor": {"nickname": "eva"}, "repository": repository,
        "push": {"changes": [{"old": {**branch, "target": {"hash": A}}, "new": branch}]},
    }  # fmt: skip
    request = {
        "id": 3, "state": "MERGED", "updated_on": "2026-03-02T05:59:00.123456+00:00",
        "source": {"branch": {"name": "topic"}, "commit": {"hash": B}, "repository": repository},
        "destination": {"branch": {"name": "main"}, "commit": {"hash": A}, "repository": repository},
    }  # fmt: skip
    change = {"repository": repository, "pullrequest": request}
    fork = {**request, "source": {**request["source"], "repository": {"full_name": "eve/fresh-build"}}}
    return Sender(
        "bitbucket-cloud",
        lambda body: {"X-Hub-Signature": f"sha256={hexmac(body)}"},
        "X-Request-UUID",
        "X-Event-Key",
        ("repo:push", push),
        {**push, "push": {"changes": [{"old": {**branch, "target": {"hash": A}}, "new": None}]}},
        {**push, "push": {"changes": [{"old": None, "new": {**branch, "type": "tag", "name": "v1"}}]}},
        ("pullrequest:fulfilled", change),
        {**change, "pullrequest": fork},
        ("repo:fork", {"repository": repository}),
    )


def bitbucket_data_center() -> Sender:
    repository = {"id": 1, "slug": "fresh-build", "project": {"key": "GROCER"}}
    change = {
        "ref": {"id": "refs/heads/main", "displayId": "main"},
        "fromHash": A,
        "toHash": B,
        "type": "UPDATE",
    }
    push = {
        "date": "2026-03-02T06:59:00+0100", "actor": {"name": "eva"}, "repository": repository, "changes": [change],
    }  # fmt: skip
    request = {
        "id": 3, "state": "MERGED", "fromRef": {"displayId": "topic", "latestCommit": B, "repository": repository},
        "toRef": {"displayId": "main", "latestCommit": A, "repository": repository},
    }  # fmt: skip
    merged = {"date": "2026-03-02T06:59:00+0100", "pullRequest": request}
    fork = {**request, "fromRef": {**request["fromRef"], "repository": {**repository, "id": 2}}}
    return Sender(
        "bitbucket-data-center",
        lambda body: {"X-Hub-Signature": f"sha256={hexmac(body)}"},
        "X-Request-Id",
        "X-Event-Key",
        ("repo:refs_changed", push),
        {**push, "changes": [{**change, "toHash": NOTHING, "type": "DELETE"}]},
        {**push, "changes": [{**change, "ref": {"id": "refs/tags/v1", "displayId": "v1"}}]},
        ("pr:merged", merged),
        {**merged, "pullRequest": fork},
        ("diagnostics:ping", {"test": True}),
        message=None,
    )


SENDERS = {
    made.__name__: made()
    for made in (github, gitea, forgejo, gitlab, gitlab_signed, bitbucket_cloud, bitbucket_data_center)
}


@pytest.fixture(params=SENDERS.values(), ids=SENDERS)
def sender(request: pytest.FixtureRequest) -> Sender:
    return request.param


def test_a_push_is_read(sender: Sender):
    delivery = sender.read(*sender.push, owner="grocer")
    assert delivery.identity == "d-1"
    assert delivery.digest == hashlib.sha256(json.dumps(sender.push[1]).encode()).hexdigest()
    assert delivery.owner.lower() == "grocer"
    assert delivery.events == (Push("fresh-build", "main", B, False, sender.message, "eva"),)


def test_the_end_of_a_branch_is_read(sender: Sender):
    (push,) = sender.read(sender.push[0], sender.deletion).events
    assert push == Push("fresh-build", "main", A, True, None, "eva")


def test_a_pull_request_is_read(sender: Sender):
    delivery = sender.read(*sender.change)
    assert delivery.events == (PullRequestChange("fresh-build", 3, "topic", "main", "merged", B),)
    assert delivery.at is not None
    assert NOW - timedelta(minutes=1) <= delivery.at <= NOW


def test_what_does_not_matter_is_told_as_nothing(sender: Sender):
    for event, content in ((sender.push[0], sender.tag), sender.other, ("unheard:of", {})):
        assert sender.read(event, content).events == ()


def test_a_fork_starts_nothing_here(sender: Sender):
    assert sender.read(sender.change[0], sender.fork).events == ()


def test_somebody_elses_repository_is_refused(sender: Sender):
    with pytest.raises(Refused, match="and not of 'dairy'"):
        sender.read(*sender.push, owner="dairy")


def test_what_is_long_ago_or_to_come_is_refused(sender: Sender):
    for days in (-2, 2):
        with pytest.raises(Refused, match=r"ago|early|old"):
            sender.read(*sender.change, now=NOW + timedelta(days=days))


def test_without_a_name_it_is_refused(sender: Sender):
    for name in ("", "x" * 300, "a\nb", "é"):
        body = json.dumps(sender.push[1]).encode()
        headers = {**sender.sign(body), sender.identity: name, sender.event: sender.push[0]}
        if "webhook-id" not in headers:
            with pytest.raises(Refused, match="no name"):
                sender.read_raw(body, headers)


def test_without_a_signature_or_a_secret_it_is_refused(sender: Sender):
    body = json.dumps(sender.push[1]).encode()
    with pytest.raises(Refused, match="needs the header"):
        sender.read_raw(body, {sender.identity: "d-1", sender.event: sender.push[0]})
    signed = {**sender.sign(body), sender.identity: "d-1", sender.event: sender.push[0]}
    with pytest.raises(Refused, match="no secret"):
        read(sender.kind, signed, body, "", NOW)  # type: ignore[arg-type]


def test_headers_may_be_written_in_any_case(sender: Sender):
    body = json.dumps(sender.push[1]).encode()
    headers = {**sender.sign(body), sender.identity: "d-1", sender.event: sender.push[0]}
    for write in (str.upper, str.lower):
        assert sender.read_raw(body, {write(name): value for name, value in headers.items()}).events


@given(st.data())
def test_nothing_that_was_changed_on_the_way_gets_in(data: st.DataObject):
    sender = SENDERS[data.draw(st.sampled_from(sorted(SENDERS)))]
    body = bytearray(json.dumps(sender.push[1]).encode())
    headers = {**sender.sign(bytes(body)), sender.identity: "d-1", sender.event: sender.push[0]}
    signs = next(name for name in headers if "signature" in name.lower() or "token" in name.lower())
    if data.draw(st.booleans()) and sender.kind != "gitlab":
        at = data.draw(st.integers(0, len(body) - 1))
        body[at] ^= data.draw(st.integers(1, 255))
    else:
        text = headers[signs]
        at = data.draw(st.integers(0, len(text) - 1))
        other = data.draw(
            st.characters(min_codepoint=33, max_codepoint=0x17F).filter(lambda c: c not in (text[at], " "))
        )
        headers[signs] = text[:at] + other + text[at + 1 :]
    with pytest.raises(Refused) as said:
        sender.read_raw(bytes(body), headers)
    for word in (SECRET, hexmac(bytes(body))):
        assert word not in f"{said.value}{said.value.do}"


@given(st.data())
def test_whatever_signed_content_says_it_is_read_or_cannot_be_used(data: st.DataObject):
    sender = SENDERS[data.draw(st.sampled_from(sorted(SENDERS)))]
    event, content = data.draw(st.sampled_from([sender.push, sender.change]))
    leaf = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.floats(allow_nan=False)
    anything = st.recursive(leaf, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2), max_leaves=4)  # fmt: skip

    def bent(value: Any) -> Any:
        if data.draw(st.integers(0, 5)) == 0:
            return data.draw(anything)
        if isinstance(value, dict):
            return {key: bent(one) for key, one in value.items()}
        return [bent(one) for one in value] if isinstance(value, list) else value

    try:
        delivery = sender.read(event, bent(content))
    except (BadInput, Refused):
        return
    for one in delivery.events:
        assert isinstance(one.repository, str)
        assert isinstance(one.commit, str)


def test_what_is_not_json_cannot_be_used(sender: Sender):
    for body in (b"", b"payload=%7B%7D", b"\xff", b"[" * 100_000):
        with pytest.raises(BadInput, match="JSON"):
            sender.read(sender.push[0], body)


def test_a_right_token_does_not_make_a_wrong_signature_good():
    body = json.dumps(gitlab().push[1]).encode()
    headers = {"X-Gitlab-Token": SECRET, "webhook-id": "d-1", "webhook-timestamp": str(int(NOW.timestamp()))}
    with pytest.raises(Refused, match="webhook-signature"):
        gitlab().read_raw(body, {**headers, "webhook-signature": "v1,AAAA"})


def test_an_old_signature_is_refused_and_a_keys_base64_is_understood():
    sender = gitlab_signed()
    with pytest.raises(Refused, match="300 seconds"):
        sender.read(*sender.push, now=NOW + timedelta(seconds=301))
    body = json.dumps(sender.push[1]).encode()
    key = f"whsec_{base64.b64encode(SECRET.encode()).decode()}"
    assert read("gitlab", standard(body), body, key, NOW).at == NOW


def test_several_branches_of_one_push_are_several_events():
    sender = bitbucket_cloud()
    content = json.loads(json.dumps(sender.push[1]))
    second = json.loads(json.dumps(content["push"]["changes"][0]))
    second["new"]["name"] = "topic"
    content["push"]["changes"].append(second)
    assert [one.branch for one in sender.read(sender.push[0], content).events] == ["main", "topic"]
