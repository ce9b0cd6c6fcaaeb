"""Bitbucket Cloud (API 2.0)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from spalje.project.git_hosts.credential import Credential, basic
from spalje.project.git_hosts.failure import HostFailed
from spalje.project.git_hosts.git_access import git_access
from spalje.project.git_hosts.once import create_once, once
from spalje.project.git_hosts.port import PullRequest, Remote, Repository
from spalje.project.git_hosts.repository_name import check_repository
from spalje.project.git_hosts.rest import Rest, part
from spalje.project.hook import Role

RIGHTS = (
    "the scopes read, write, admin and delete:repository, read and write:pullrequest, read and write:webhook, "
    "read, write and admin:pipeline (each with :bitbucket behind it)"
)
#: The custom pipeline of ``bitbucket-pipelines.yml`` that an approval starts.
PIPELINE = "promote"
EVENTS = (
    "repo:push",
    "pullrequest:created",
    "pullrequest:updated",
    "pullrequest:fulfilled",
    "pullrequest:rejected",
)
_MISSING = frozenset({404})
_STATES = {"OPEN": "open", "MERGED": "merged", "DECLINED": "closed", "SUPERSEDED": "closed"}


@dataclass(frozen=True)
class BitbucketCloud:
    """Bitbucket Cloud. It writes repositories' names in small letters.

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
        path = self._path(repository)
        body: dict[str, Any] = {
            "type": "repository",
            "scm": "git",
            "is_private": True,
            "name": repository,
            "description": description,
        }
        if self.credential.settings.project:
            body["project"] = {"type": "project", "key": self.credential.settings.project}

        def make() -> Repository | None:
            answer = self._rest.ask("POST", path, send=body, also=frozenset({400, 409}))
            if answer.status in {400, 409}:
                if self.find(repository) is None:
                    raise self._rest.failed(f"POST {path}", answer.status, answer.said)
                return None
            return self._repository(repository, answer.one)

        return create_once(description, lambda: self.find(repository), make)

    def delete(self, repository: str) -> None:
        """See the port."""
        self._rest.ask("DELETE", self._path(repository), also=_MISSING)

    def remote(self, repository: str) -> Remote:
        """See the port. The user of Git is one that Bitbucket prescribes, whoever the token belongs to."""
        user = "x-bitbucket-api-token-auth" if self.credential.user() else "x-token-auth"
        return git_access(self._clone_url(repository), f"Basic {basic(user, self.credential.token())}")

    def protect(self, repository: str, branch: str) -> None:
        """See the port."""
        for kind in ("delete", "force"):
            self._restrict(repository, branch, kind)

    def set_variable(self, repository: str, name: str, value: str, *, secret: bool) -> None:
        """See the port. Pipelines are switched on first; a new repository may need a moment for that."""
        config = f"{self._path(repository)}/pipelines_config"
        try:
            on = {"type": "repository_pipelines_configuration", "enabled": True}
            self._rest.ask("PUT", config, send=on, early=_MISSING)
        except HostFailed as error:
            raise HostFailed(
                str(error),
                do="Bitbucket does not know the repository's pipelines yet: try again in a minute; if it stays so, "
                "switch them on under Repository settings, Pipelines, Settings (two-step verification is needed).",
            ) from error
        path = f"{config}/variables"
        new = {"type": "pipeline_variable", "key": name, "value": value, "secured": secret}

        def look() -> Any:
            return next((one for one in self._all(path, {}) if one["key"] == name), None)

        def make() -> Any:
            answer = self._rest.ask("POST", path, send=new, also=frozenset({409}), secrets=(value,))
            return {} if answer.status == 409 else answer.one

        there = once(look, make)
        if there.get("secured") != secret or there.get("value") != value:
            there = there if "uuid" in there else look() or {}
            self._rest.ask("PUT", f"{path}/{part(str(there.get('uuid')))}", send=new, secrets=(value,))

    def announce(self, repository: str, project: str, role: Role) -> None:  # noqa: ARG002  the name says it here
        """See the port."""
        url = self.credential.webhook_address
        if not url:
            return
        path = f"{self._path(repository)}/hooks"
        secret = self.credential.webhook_secret()
        wanted = {
            "description": "Spaljé",
            "url": url,
            "active": True,
            "secret": secret,
            "events": list(EVENTS),
        }

        def look() -> Any:
            return next((one for one in self._all(path, {}) if one["url"] == url), None)

        hook = once(look, lambda: self._rest.ask("POST", path, send=wanted, secrets=(secret,)).one)
        self._rest.ask("PUT", f"{path}/{part(hook['uuid'])}", send=wanted, secrets=(secret,))

    def propose(self, repository: str, source: str, target: str, title: str, body: str) -> PullRequest:
        """See the port."""
        path = f"{self._path(repository)}/pullrequests"

        def look() -> Any:
            return next(
                (
                    one
                    for one in self._all(path, {"state": "OPEN"})
                    if one["source"]["branch"]["name"] == source
                    and one["destination"]["branch"]["name"] == target
                ),
                None,
            )

        def make() -> Any:
            send = {
                "type": "pullrequest",
                "title": title,
                "description": body,
                "source": {"branch": {"name": source}},
                "destination": {"branch": {"name": target}},
            }
            return self._rest.ask("POST", path, send=send).one

        there = once(look, make)
        if (there["title"], _body(there)) != (title, body):
            change = {"type": "pullrequest", "title": title, "description": body}
            there = self._rest.ask("PUT", f"{path}/{there['id']}", send=change).one
        return _pull_request(repository, there)

    def pull_requests(self, repository: str) -> tuple[PullRequest, ...]:
        """See the port."""
        found = self._all(f"{self._path(repository)}/pullrequests", {"state": "OPEN"})
        return tuple(_pull_request(repository, one) for one in sorted(found, key=lambda one: int(one["id"])))

    def trigger(self, repository: str, branch: str, variables: Mapping[str, str]) -> str:
        """See the port. The custom pipeline ``promote`` of the branch, with the variables."""
        send = {
            "type": "pipeline",
            "target": {
                "type": "pipeline_ref_target",
                "ref_type": "branch",
                "ref_name": branch,
                "selector": {"type": "custom", "pattern": PIPELINE},
            },
            "variables": [
                {"type": "pipeline_variable", "key": key, "value": value} for key, value in variables.items()
            ],
        }
        started = self._rest.ask("POST", f"{self._path(repository)}/pipelines", send=send).one
        page = f"{self._web}/{self._owner}/{repository.lower()}/pipelines"
        return f"pipeline {PIPELINE} #{started['build_number']}: {page}/results/{started['build_number']}"

    @property
    def _owner(self) -> str:
        return self.credential.settings.owner

    @property
    def _web(self) -> str:
        return self.credential.settings.address.rstrip("/")

    @cached_property
    def _rest(self) -> Rest:
        public = self._web == "https://bitbucket.org"
        api = "https://api.bitbucket.org/2.0" if public else f"{self._web}/2.0"
        return Rest(api, self.credential, self._headers, RIGHTS)

    def _headers(self) -> dict[str, str]:
        user, token = self.credential.user(), self.credential.token()
        return {"Authorization": f"Basic {basic(user, token)}" if user else f"Bearer {token}"}

    def _restrict(self, repository: str, branch: str, kind: str) -> None:
        path = f"{self._path(repository)}/branch-restrictions"
        rule: dict[str, Any] = {
            "type": "branchrestriction",
            "kind": kind,
            "branch_match_kind": "glob",
            "pattern": branch,
            "users": [],
            "groups": [],
        }

        def look() -> Any:
            return next(iter(self._all(path, {"kind": kind, "pattern": branch})), None)

        once(look, lambda: self._rest.ask("POST", path, send=rule))

    def _path(self, repository: str) -> str:
        return f"/repositories/{part(self._owner)}/{part(check_repository(repository).lower())}"

    def _clone_url(self, repository: str) -> str:
        return f"{self._web}/{self._owner}/{check_repository(repository).lower()}.git"

    def _all(self, path: str, query: Mapping[str, str | int]) -> list[dict[str, Any]]:
        """Every page: each says where the next one is, which is followed within the API only."""
        found: list[dict[str, Any]] = []
        answer = self._rest.ask("GET", path, query=query)
        while True:
            found += answer.values
            following = answer.one.get("next")
            if not following:
                return found
            if not str(following).startswith(f"{self._rest.address}/"):
                raise HostFailed(
                    f"Git host '{self.name}' sends to another place for the next page: {following}"
                )
            answer = self._rest.ask("GET", str(following).removeprefix(self._rest.address))

    def _repository(self, name: str, said: Mapping[str, Any]) -> Repository:
        page = said.get("links", {}).get("html", {}).get("href") or f"{self._web}/{said['full_name']}"
        return Repository(name, self._clone_url(name), page, said.get("description") or "")


def _pull_request(repository: str, said: Mapping[str, Any]) -> PullRequest:
    return PullRequest(
        repository,
        said["id"],
        said["links"]["html"]["href"],
        said["source"]["branch"]["name"],
        said["destination"]["branch"]["name"],
        said["title"],
        _body(said),
        _STATES[said["state"]],
    )


def _body(said: Mapping[str, Any]) -> str:
    """What a pull request says: ``description`` goes there, and comes back as ``summary``, too."""
    return said.get("description") or said.get("summary", {}).get("raw") or ""
