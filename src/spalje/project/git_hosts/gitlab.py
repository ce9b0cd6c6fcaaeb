"""GitLab, the service and one's own (REST API v4)."""

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

RIGHTS = "the scope api, and the role Owner (to delete) or Maintainer in the group"
#: Access levels: developers may push to the main branch, nobody may force.
_DEVELOPER = 30
_MISSING = frozenset({404})
_STATES = {"opened": "open", "locked": "open", "merged": "merged", "closed": "closed"}


@dataclass(frozen=True)
class GitLab:
    """GitLab.

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
        said = self._said(repository)
        return None if said is None else self._repository(repository, said)

    def create(self, repository: str, description: str) -> Repository:
        """See the port."""
        check_repository(repository)

        def make() -> Repository | None:
            group = self._rest.ask("GET", f"/namespaces/{part(self._owner)}").one
            body = {
                "name": repository,
                "path": repository,
                "namespace_id": group["id"],
                "description": description,
                "visibility": "private",
                "initialize_with_readme": False,
            }
            answer = self._rest.ask("POST", "/projects", send=body, also=frozenset({400, 409}))
            if answer.status in {400, 409}:
                if self._said(repository) is None:
                    raise self._rest.failed("POST /projects", answer.status, answer.said)
                return None
            return self._repository(repository, answer.one)

        return create_once(description, lambda: self.find(repository), make)

    def delete(self, repository: str) -> None:
        """See the port. GitLab first only marks a project for deletion, and deletes what is marked when asked again.

        Where its administrators do not allow that, the project stays for the days they set, under another name.
        """
        said = self._said(repository)
        if said is None:
            return
        path = f"/projects/{said['id']}"
        if not said.get("marked_for_deletion_on"):
            self._rest.ask("DELETE", path, also=_MISSING)
        answer = self._rest.ask("GET", path, also=_MISSING)
        if answer.status == 404 or not answer.one.get("marked_for_deletion_on"):
            return
        now = {"permanently_remove": "true", "full_path": str(answer.one["path_with_namespace"])}
        self._rest.ask("DELETE", path, query=now, also=_MISSING | {400, 403})

    def remote(self, repository: str) -> Remote:
        """See the port."""
        check_repository(repository)
        url = f"{self._address}/{self._owner}/{repository}.git"
        return git_access(url, f"Basic {basic('oauth2', self.credential.token())}")

    def protect(self, repository: str, branch: str) -> None:
        """See the port."""
        path = f"{self._path(repository)}/protected_branches"
        rule = {
            "name": branch,
            "push_access_level": _DEVELOPER,
            "merge_access_level": _DEVELOPER,
            "allow_force_push": False,
        }

        def look() -> Any:
            answer = self._rest.ask("GET", f"{path}/{part(branch)}", also=_MISSING)
            return None if answer.status == 404 else answer.one

        there = once(look, lambda: self._rest.ask("POST", path, send=rule).one)
        if there.get("allow_force_push"):
            self._rest.ask("PATCH", f"{path}/{part(branch)}", send={"allow_force_push": False})

    def set_variable(self, repository: str, name: str, value: str, *, secret: bool) -> None:
        """See the port. A secret is masked in logs and hidden in the settings, which GitLab does from 17.4 on.

        It does so with values of eight characters and more, on one line and without blanks; others it refuses.
        """
        path = f"{self._path(repository)}/variables"
        hidden = (value,)

        def look() -> Any:
            there = self._rest.ask("GET", f"{path}/{part(name)}", also=_MISSING, secrets=hidden)
            if there.status == 404:
                return None
            if secret and not there.one.get("hidden"):  # what was once to be seen cannot be hidden any more
                self._rest.ask("DELETE", f"{path}/{part(name)}", also=_MISSING, secrets=hidden)
                return None
            return self._rest.ask("PUT", f"{path}/{part(name)}", send={"value": value}, secrets=hidden)

        new = {"key": name, "value": value, "raw": True, "masked_and_hidden": secret}
        once(look, lambda: self._rest.ask("POST", path, send=new, secrets=hidden))

    def announce(self, repository: str, project: str, role: Role) -> None:  # noqa: ARG002  the name says it here
        """See the port."""
        url = self.credential.webhook_address
        if not url:
            return
        path = f"{self._path(repository)}/hooks"
        secret = self.credential.webhook_secret()
        wanted = {
            "url": url,
            "token": secret,
            "push_events": True,
            "merge_requests_events": True,
            "enable_ssl_verification": True,
        }

        def look() -> Any:
            return next((one for one in self._all(path, {}) if one["url"] == url), None)

        hook = once(look, lambda: self._rest.ask("POST", path, send=wanted, secrets=(secret,)).one)
        self._rest.ask("PUT", f"{path}/{hook['id']}", send=wanted, secrets=(secret,))

    def propose(self, repository: str, source: str, target: str, title: str, body: str) -> PullRequest:
        """See the port. GitLab calls it a merge request."""
        path = f"{self._path(repository)}/merge_requests"

        def look() -> Any:
            query = {"state": "opened", "source_branch": source, "target_branch": target}
            return next(iter(self._all(path, query)), None)

        def make() -> Any:
            send = {"source_branch": source, "target_branch": target, "title": title, "description": body}
            return self._rest.ask("POST", path, send=send).one

        there = once(look, make)
        if (there["title"], there["description"]) != (title, body):
            change = {"title": title, "description": body}
            there = self._rest.ask("PUT", f"{path}/{there['iid']}", send=change).one
        return _pull_request(repository, there)

    def pull_requests(self, repository: str) -> tuple[PullRequest, ...]:
        """See the port."""
        query = {"state": "opened", "order_by": "created_at", "sort": "asc"}
        found = self._all(f"{self._path(repository)}/merge_requests", query)
        return tuple(_pull_request(repository, one) for one in found)

    def trigger(self, repository: str, branch: str, variables: Mapping[str, str]) -> str:
        """See the port. A pipeline of the branch with the variables; in it ``$CI_PIPELINE_SOURCE`` is ``api``."""
        pairs = [{"key": key, "value": value} for key, value in variables.items()]
        try:
            answer = self._rest.ask(
                "POST", f"{self._path(repository)}/pipeline", send={"ref": branch, "variables": pairs}
            )
        except HostFailed as error:
            if "pipeline variables" not in str(error).lower():
                raise
            raise HostFailed(
                str(error),
                do="Allow it: Settings, CI/CD, Variables, 'Minimum role to use pipeline variables': Maintainer.",
            ) from error
        return f"pipeline {answer.one['id']}: {answer.one['web_url']}"

    @property
    def _owner(self) -> str:
        return self.credential.settings.owner

    @property
    def _address(self) -> str:
        return self.credential.settings.address.rstrip("/")

    @cached_property
    def _rest(self) -> Rest:
        return Rest(
            f"{self._address}/api/v4",
            self.credential,
            lambda: {"PRIVATE-TOKEN": self.credential.token()},
            RIGHTS,
        )

    def _path(self, repository: str) -> str:
        return f"/projects/{part(f'{self._owner}/{check_repository(repository)}')}"

    def _said(self, repository: str) -> dict[str, Any] | None:
        answer = self._rest.ask("GET", self._path(repository), also=_MISSING)
        if answer.status == 404:
            return None
        said: dict[str, Any] = answer.one
        here = f"{self._owner}/{repository}".lower()
        return said if said["path_with_namespace"].lower() == here else None  # else it was renamed

    def _all(self, path: str, query: Mapping[str, str | int]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in count(1):
            answer = self._rest.ask("GET", path, query={**query, "per_page": 100, "page": page})
            found += answer.many
            if not answer.more:
                break
        return found

    def _repository(self, name: str, said: Mapping[str, Any]) -> Repository:
        url = f"{self._address}/{self._owner}/{name}.git"
        return Repository(name, url, said["web_url"], said.get("description") or "")


def _pull_request(repository: str, said: Mapping[str, Any]) -> PullRequest:
    return PullRequest(
        repository,
        said["iid"],
        said["web_url"],
        said["source_branch"],
        said["target_branch"],
        said["title"],
        said.get("description") or "",
        _STATES[said["state"]],
    )
