"""What hosts send: a push or a pull request of each kind, signed as that host signs."""

import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from typing import Any

SECRET = "a secret that is known to the host and to us"
OWNER = "grocer"
KINDS = ("bitbucket-cloud", "bitbucket-data-center", "github", "gitlab", "gitea")


@dataclass(frozen=True)
class Sent:
    """A request."""

    headers: dict[str, str]
    body: bytes

    def under(self, identity: str) -> "Sent":
        """The same content under another name, as who replays it would send it."""
        names = {
            "X-Request-UUID",
            "X-Request-Id",
            "X-GitHub-Delivery",
            "X-Gitlab-Event-UUID",
            "X-Gitea-Delivery",
        }
        return replace(self, headers={k: identity if k in names else v for k, v in self.headers.items()})


def push(kind: str, commit: str, *, repository: str = "fresh-build", branch: str = "main", message: str = "Change",
         identity: str = "d-1", secret: str = SECRET) -> Sent:  # fmt: skip
    ref = f"refs/heads/{branch}"
    content: dict[str, Any] = {
        "bitbucket-cloud": {
            "actor": {"nickname": "nils"},
            "repository": {"full_name": f"{OWNER}/{repository}"},
            "push": {"changes": [{"new": {"type": "branch", "name": branch, "target": {"hash": commit, "message": message}}}]},
        },
        "bitbucket-data-center": {
            "actor": {"name": "nils"},
            "repository": {"slug": repository, "project": {"key": OWNER}},
            "changes": [{"ref": {"id": ref}, "toHash": commit, "type": "UPDATE"}],
            "toCommit": {"id": commit, "message": message},
        },
        "github": {
            "ref": ref, "after": commit, "deleted": False, "head_commit": {"message": message},
            "repository": {"name": repository, "owner": {"login": OWNER}}, "pusher": {"name": "nils"},
        },
        "gitlab": {
            "object_kind": "push", "ref": ref, "after": commit, "user_username": "nils",
            "project": {"path_with_namespace": f"{OWNER}/{repository}"}, "commits": [{"id": commit, "message": message}],
        },
        "gitea": {
            "ref": ref, "after": commit, "head_commit": {"id": commit, "message": message}, "commits": [],
            "repository": {"name": repository, "owner": {"login": OWNER}}, "pusher": {"login": "nils"},
        },
    }[kind]  # fmt: skip
    event = {"bitbucket-cloud": "repo:push", "bitbucket-data-center": "repo:refs_changed"}.get(kind, "push")
    return signed(kind, content, event, identity, secret)


def pull_request(commit: str, *, state: str = "open", identity: str = "p-1", secret: str = SECRET) -> Sent:
    content = {
        "action": "opened",
        "repository": {"name": "fresh-build", "owner": {"login": OWNER}},
        "pull_request": {
            "number": 7, "state": state, "merged": False,
            "head": {"ref": "try", "sha": commit, "repo": {"id": 1}}, "base": {"ref": "main", "repo": {"id": 1}},
        },
    }  # fmt: skip
    return signed("github", content, "pull_request", identity, secret)


def signed(kind: str, content: Any, event: str, identity: str, secret: str = SECRET) -> Sent:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "bitbucket-cloud": {"X-Event-Key": event, "X-Request-UUID": identity, "X-Hub-Signature": f"sha256={mac}"},
        "bitbucket-data-center": {"X-Event-Key": event, "X-Request-Id": identity, "X-Hub-Signature": f"sha256={mac}"},
        "github": {"X-GitHub-Event": event, "X-GitHub-Delivery": identity, "X-Hub-Signature-256": f"sha256={mac}"},
        "gitlab": {"X-Gitlab-Event": event, "X-Gitlab-Event-UUID": identity, "X-Gitlab-Token": secret},
        "gitea": {"X-Gitea-Event": event, "X-Gitea-Delivery": identity, "X-Gitea-Signature": mac},
    }[kind]  # fmt: skip
    return Sent({"Content-Type": "application/json", **headers}, body)
