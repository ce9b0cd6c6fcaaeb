"""Gitea and Forgejo (API v1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

from spalje.project.git_hosts.credential import Credential, basic
from spalje.project.git_hosts.failure import HostFailed
from spalje.project.git_hosts.git_access import git_access
from spalje.project.git_hosts.once import create_once, once
from spalje.project.git_hosts.port import PullRequest, Remote, Repository
from spalje.project.git_hosts.repository_name import check_repository
from spalje.project.git_hosts.rest import Rest, part
from spalje.project.hook import Role

RIGHTS = "the scopes write:repository, write:organization and write:user"
#: The workflow of the deploy repository that an approval starts: ``.gitea/workflows/promote.yml``.
WORKFLOW = "promote.yml"
_RENAMED = frozenset({301, 307, 308, 404})
_MISSING = frozenset({404})


@dataclass(frozen=True)
class Gitea:
    """Gitea or Forgejo.

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
        answer = self._rest.ask("GET", self._path(repository), also=_RENAMED)
        return None if answer.status in _RENAMED else self._repository(repository, answer.one)

    def create(self, repository: str, description: str) -> Repository:
        """See the port."""
        check_repository(repository)
        body = {
            "name": repository,
            "description": description,
            "private": True,
            "auto_init": False,
            "default_branch": "main",
        }
        taken = frozenset({409})

        def make() -> Repository | None:
            answer = self._rest.ask(
                "POST", f"/orgs/{part(self._owner)}/repos", send=body, also=taken | _MISSING
            )
            if answer.status == 404:
                self._check_own()
                answer = self._rest.ask("POST", "/user/repos", send=body, also=taken)
            return None if answer.status in taken else self._repository(repository, answer.one)

        return create_once(description, lambda: self.find(repository), make)

    def delete(self, repository: str) -> None:
        """See the port."""
        self._rest.ask("DELETE", self._path(repository), also=_RENAMED)

    def remote(self, repository: str) -> Remote:
        """See the port."""
        check_repository(repository)
        return git_access(
            f"{self._address}/{self._owner}/{repository}.git",
            f"Basic {basic('oauth2', self.credential.token())}",
        )

    def protect(self, repository: str, branch: str) -> None:
        """See the port. A protected branch takes pushes, and neither deletion nor force."""
        path = f"{self._path(repository)}/branch_protections"

        def look() -> Any:
            answer = self._rest.ask("GET", f"{path}/{part(branch)}", also=_MISSING)
            return None if answer.status == 404 else answer

        rule = {"rule_name": branch, "branch_name": branch, "enable_push": True}
        once(look, lambda: self._rest.ask("POST", path, send=rule))

    def set_variable(self, repository: str, name: str, value: str, *, secret: bool) -> None:
        """See the port."""
        path = f"{self._path(repository)}/actions/{'secrets' if secret else 'variables'}/{part(name)}"
        if secret:
            self._rest.ask("PUT", path, send={"data": value}, secrets=(value,))
            return

        def look() -> Any:
            answer = self._rest.ask("PUT", path, send={"value": value}, also=_MISSING, secrets=(value,))
            return None if answer.status == 404 else answer

        once(look, lambda: self._rest.ask("POST", path, send={"value": value}, secrets=(value,)))

    def announce(self, repository: str, project: str, role: Role) -> None:  # noqa: ARG002  the name says it here
        """See the port."""
        url = self.credential.webhook_address
        if not url:
            return
        path = f"{self._path(repository)}/hooks"
        secret = self.credential.webhook_secret()
        wanted = {
            "active": True,
            "events": ["push", "pull_request"],
            "config": {"url": url, "content_type": "json", "secret": secret},
        }

        def look() -> Any:
            return next((one for one in self._all(path, {}) if one["config"].get("url") == url), None)

        def make() -> Any:
            return self._rest.ask("POST", path, send={"type": "gitea", **wanted}, secrets=(secret,)).one

        hook = once(look, make)
        self._rest.ask("PATCH", f"{path}/{hook['id']}", send=wanted, secrets=(secret,))

    def propose(self, repository: str, source: str, target: str, title: str, body: str) -> PullRequest:
        """See the port."""
        path = f"{self._path(repository)}/pulls"

        def look() -> Any:
            return next(
                (
                    one
                    for one in self._all(path, {"state": "open"})
                    if one["head"]["ref"] == source and one["base"]["ref"] == target
                ),
                None,
            )

        def make() -> Any:
            send = {"head": source, "base": target, "title": title, "body": body}
            return self._rest.ask("POST", path, send=send).one

        there = once(look, make)
        if (there["title"], there["body"]) != (title, body):
            change = {"title": title, "body": body}
            there = self._rest.ask("PATCH", f"{path}/{there['number']}", send=change).one
        return _pull_request(repository, there)

    def pull_requests(self, repository: str) -> tuple[PullRequest, ...]:
        """See the port."""
        found = self._all(f"{self._path(repository)}/pulls", {"state": "open"})
        return tuple(_pull_request(repository, one) for one in sorted(found, key=lambda one: one["number"]))

    def trigger(self, repository: str, branch: str, variables: Mapping[str, str]) -> str:
        """See the port. The workflow ``promote.yml`` is started with the variables as its inputs."""
        path = f"{self._path(repository)}/actions/workflows/{WORKFLOW}/dispatches"
        self._rest.ask("POST", path, send={"ref": branch, "inputs": dict(variables)})
        return f"{WORKFLOW} started, see {self._address}/{self._owner}/{repository}/actions"

    @property
    def _owner(self) -> str:
        return self.credential.settings.owner

    @property
    def _address(self) -> str:
        return self.credential.settings.address.rstrip("/")

    @cached_property
    def _rest(self) -> Rest:
        return Rest(
            f"{self._address}/api/v1",
            self.credential,
            lambda: {"Authorization": f"token {self.credential.token()}"},
            RIGHTS,
        )

    def _path(self, repository: str) -> str:
        return f"/repos/{part(self._owner)}/{part(check_repository(repository))}"

    def _all(self, path: str, query: Mapping[str, str | int]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in count(1):
            answer = self._rest.ask("GET", path, query={**query, "limit": 50, "page": page})
            found += answer.many
            if not answer.more:
                break
        return found

    def _check_own(self) -> None:
        """That what is no organisation is the token's own user."""
        login = self._rest.ask("GET", "/user").one["login"]
        if login.lower() != self._owner.lower():
            raise HostFailed(
                f"Git host '{self.name}': '{self._owner}' is no organisation, and the token is of the user '{login}'.",
                do="Write the organisation, or the token's own user, as owner in the settings.",
            )

    def _repository(self, name: str, said: Mapping[str, Any]) -> Repository:
        url = f"{self._address}/{self._owner}/{name}.git"
        return Repository(name, url, said["html_url"], said.get("description") or "")


def _pull_request(repository: str, said: Mapping[str, Any]) -> PullRequest:
    return PullRequest(
        repository,
        said["number"],
        said["html_url"],
        said["head"]["ref"],
        said["base"]["ref"],
        said["title"],
        said.get("body") or "",
        "merged" if said.get("merged") else said["state"],
    )
