"""Bitbucket Data Center (REST, ``latest``: described for 9.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from spalje.project.git_hosts.credential import Credential
from spalje.project.git_hosts.git_access import git_access
from spalje.project.git_hosts.once import create_once, once
from spalje.project.git_hosts.port import PullRequest, Remote, Repository
from spalje.project.git_hosts.repository_name import check_repository
from spalje.project.git_hosts.rest import Rest, part
from spalje.project.hook import Role

RIGHTS = "an HTTP access token with project admin (REPO_CREATE and REPO_ADMIN in the project)"
EVENTS = (
    "repo:refs_changed",
    "pr:opened",
    "pr:modified",
    "pr:from_ref_updated",
    "pr:merged",
    "pr:declined",
    "pr:deleted",
)
#: Tags that tell Jenkins, Bamboo or whatever builds there of an approval.
TAG = "spalje"
_BULK = "application/vnd.atl.bitbucket.bulk+json"
_MISSING = frozenset({404})
_STATES = {"OPEN": "open", "MERGED": "merged", "DECLINED": "closed"}


@dataclass(frozen=True)
class BitbucketDataCenter:
    """Bitbucket Data Center. It writes repositories' names in small letters in addresses, and has no CI of its own.

    Attributes:
        credential: its settings and its token.
    """

    credential: Credential

    @property
    def name(self) -> str:
        """See ``spalje.project.git_hosts.port.GitHost``."""
        return self.credential.host

    def find(self, repository: str) -> Repository | None:
        """See the port."""
        answer = self._rest.ask("GET", self._path(repository), also=_MISSING)
        return None if answer.status == 404 else self._repository(repository, answer.one)

    def create(self, repository: str, description: str) -> Repository:
        """See the port."""
        check_repository(repository)
        body = {"name": repository, "scmId": "git", "defaultBranch": "main", "description": description}

        def make() -> Repository | None:
            path = f"/api/latest/projects/{part(self._owner)}/repos"
            answer = self._rest.ask("POST", path, send=body, also=frozenset({409}))
            return None if answer.status == 409 else self._repository(repository, answer.one)

        return create_once(description, lambda: self.find(repository), make)

    def delete(self, repository: str) -> None:
        """See the port."""
        self._rest.ask("DELETE", self._path(repository), also=_MISSING)

    def remote(self, repository: str) -> Remote:
        """See the port."""
        return git_access(self._clone_url(repository), f"Bearer {self.credential.token()}")

    def protect(self, repository: str, branch: str) -> None:
        """See the port."""
        for kind in ("no-deletes", "fast-forward-only"):
            self._restrict(repository, f"refs/heads/{branch}", kind)

    def set_variable(self, repository: str, name: str, value: str, *, secret: bool) -> None:  # noqa: ARG002
        """See the port. There is no CI to have them, and nothing is done: give them to Jenkins or Bamboo."""
        check_repository(repository)

    def announce(self, repository: str, project: str, role: Role) -> None:  # noqa: ARG002  the name says it here
        """See the port."""
        url = self.credential.webhook_address
        if not url:
            return
        path = f"{self._path(repository)}/webhooks"
        secret = self.credential.webhook_secret()
        wanted = {
            "name": "Spaljé",
            "url": url,
            "active": True,
            "events": list(EVENTS),
            "configuration": {"secret": secret},
            "sslVerificationRequired": True,
        }

        def look() -> Any:
            return next((one for one in self._all(path, {}) if one["url"] == url), None)

        hook = once(look, lambda: self._rest.ask("POST", path, send=wanted, secrets=(secret,)).one)
        self._rest.ask("PUT", f"{path}/{hook['id']}", send=wanted, secrets=(secret,))

    def propose(self, repository: str, source: str, target: str, title: str, body: str) -> PullRequest:
        """See the port."""
        path = f"{self._path(repository)}/pull-requests"

        def look() -> Any:
            return next(
                (
                    one
                    for one in self._all(path, {"state": "OPEN", "at": f"refs/heads/{target}"})
                    if one["fromRef"]["displayId"] == source
                ),
                None,
            )

        def make() -> Any:
            send = {
                "title": title,
                "description": body,
                "fromRef": {"id": f"refs/heads/{source}"},
                "toRef": {"id": f"refs/heads/{target}"},
            }
            return self._rest.ask("POST", path, send=send).one

        there = once(look, make)
        if (there["title"], there.get("description") or "") != (title, body):
            change = {"version": there["version"], "title": title, "description": body}
            there = self._rest.ask("PUT", f"{path}/{there['id']}", send=change).one
        return _pull_request(repository, there)

    def pull_requests(self, repository: str) -> tuple[PullRequest, ...]:
        """See the port."""
        query = {"state": "OPEN", "order": "OLDEST"}
        found = self._all(f"{self._path(repository)}/pull-requests", query)
        return tuple(_pull_request(repository, one) for one in found)

    def trigger(self, repository: str, branch: str, variables: Mapping[str, str]) -> str:
        """See the port. A tag on the branch's last commit: a Jenkins or Bamboo that builds tags ``spalje/*`` sees it.

        The tag is ``spalje/<status>/<project>-<number>``; its message has the variables, one ``NAME=VALUE`` a line. A
        version whose status comes a second time gets ``-2`` and so on behind it.
        """
        path = f"{self._path(repository)}/tags"
        status = variables.get("SPALJE_STATUS", "changed")
        stem = f"{TAG}/{status}/{variables.get('SPALJE_MODEL_VERSION', 'version').replace('/', '-')}"
        number, tag = 1, stem
        while self._rest.ask("GET", f"{path}/{part(tag)}", also=_MISSING).status != 404:
            number += 1
            tag = f"{stem}-{number}"
        message = "\n".join(f"{key}={value}" for key, value in variables.items())
        send = {"name": tag, "startPoint": f"refs/heads/{branch}", "message": message}
        self._rest.ask("POST", path, send=send)
        return f"tag {tag} in {self._clone_url(repository)}"

    @property
    def _owner(self) -> str:
        return self.credential.settings.owner

    @property
    def _web(self) -> str:
        return self.credential.settings.address.rstrip("/")

    @cached_property
    def _rest(self) -> Rest:
        return Rest(
            f"{self._web}/rest",
            self.credential,
            lambda: {"Authorization": f"Bearer {self.credential.token()}"},
            RIGHTS,
        )

    def _restrict(self, repository: str, ref: str, kind: str) -> None:
        path = self._path(repository).replace("/api/", "/branch-permissions/", 1) + "/restrictions"
        rule: dict[str, Any] = {
            "type": kind,
            "matcher": {"id": ref, "displayId": ref.removeprefix("refs/heads/"), "type": {"id": "BRANCH"}},
            "userSlugs": [],
            "groupNames": [],
            "accessKeyIds": [],
        }

        def look() -> Any:
            query = {"matcherType": "BRANCH", "matcherId": ref, "type": kind}
            return next(iter(self._all(path, query)), None)

        once(look, lambda: self._rest.ask("POST", path, send=[rule], kind=_BULK))

    def _path(self, repository: str) -> str:
        return f"/api/latest/projects/{part(self._owner)}/repos/{part(check_repository(repository).lower())}"

    def _clone_url(self, repository: str) -> str:
        return f"{self._web}/scm/{self._owner.lower()}/{check_repository(repository).lower()}.git"

    def _all(self, path: str, query: Mapping[str, str | int]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        start = 0
        while True:
            page = (
                {} if path.endswith("/webhooks") else {"start": start, "limit": 100}
            )  # which come all at once
            answer = self._rest.ask("GET", path, query={**query, **page})
            found += answer.values
            if answer.one.get("isLastPage", True):
                return found
            start = answer.one["nextPageStart"]

    def _repository(self, name: str, said: Mapping[str, Any]) -> Repository:
        pages = said.get("links", {}).get("self") or [{"href": ""}]
        page = pages[0]["href"] or f"{self._web}/projects/{self._owner}/repos/{name.lower()}/browse"
        return Repository(name, self._clone_url(name), page, said.get("description") or "")


def _pull_request(repository: str, said: Mapping[str, Any]) -> PullRequest:
    return PullRequest(
        repository,
        said["id"],
        said["links"]["self"][0]["href"],
        said["fromRef"]["displayId"],
        said["toRef"]["displayId"],
        said["title"],
        said.get("description") or "",
        _STATES[said["state"]],
    )
