"""GitHub, the service and the Enterprise Server (REST API 2022-11-28)."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any

from spalje.errors import BadInput
from spalje.project.git_hosts.credential import Credential, basic
from spalje.project.git_hosts.failure import HostFailed
from spalje.project.git_hosts.git_access import git_access
from spalje.project.git_hosts.once import create_once, once
from spalje.project.git_hosts.port import PullRequest, Remote, Repository
from spalje.project.git_hosts.repository_name import check_repository
from spalje.project.git_hosts.rest import Rest, part
from spalje.project.hook import Role

RIGHTS = (
    "a fine-grained token for the owner with Administration, Contents, Pull requests, Secrets, Variables, Webhooks "
    "and Workflows: read and write (or a classic one with repo, workflow and delete_repo)"
)
#: What the deploy repository's workflow listens to: ``on: repository_dispatch: types: [spalje-approval]``.
APPROVAL = "spalje-approval"
#: Codes for "there was one of that name, and it is called something else now".
_RENAMED = frozenset({301, 307, 308, 404})


@dataclass(frozen=True)
class GitHub:
    """GitHub.

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
        body = {"name": repository, "description": description, "private": True, "auto_init": False}
        taken = frozenset({422})

        def make() -> Repository | None:
            answer = self._rest.ask("POST", f"/orgs/{part(self._owner)}/repos", send=body, also=taken | {404})
            if answer.status == 404:
                self._check_own()
                answer = self._rest.ask("POST", "/user/repos", send=body, also=taken)
            if answer.status in taken:
                if self.find(repository) is None:
                    raise self._rest.failed("POST repos", 422, answer.said)
                return None
            return self._repository(repository, answer.one)

        return create_once(description, lambda: self.find(repository), make)

    def delete(self, repository: str) -> None:
        """See the port."""
        self._rest.ask("DELETE", self._path(repository), also=_RENAMED)

    def remote(self, repository: str) -> Remote:
        """See the port."""
        check_repository(repository)
        url = f"{self.credential.settings.address.rstrip('/')}/{self._owner}/{repository}.git"
        return git_access(url, f"Basic {basic('x-access-token', self.credential.token())}")

    def protect(self, repository: str, branch: str) -> None:
        """See the port. A ruleset does it: it holds for administrators, too, and before there is a branch."""
        path = f"{self._path(repository)}/rulesets"
        name = f"Spaljé: {branch}"
        rule = {
            "name": name,
            "target": "branch",
            "enforcement": "active",
            "conditions": {"ref_name": {"include": [f"refs/heads/{branch}"], "exclude": []}},
            "rules": [{"type": "deletion"}, {"type": "non_fast_forward"}],
        }

        def look() -> Any:
            return next((one for one in self._all(path, {}) if one["name"] == name), None)

        once(look, lambda: self._rest.ask("POST", path, send=rule))

    def set_variable(self, repository: str, name: str, value: str, *, secret: bool) -> None:
        """See the port. A secret is sealed for the repository before it is sent."""
        actions = f"{self._path(repository)}/actions"
        if secret:
            key = self._rest.ask("GET", f"{actions}/secrets/public-key", secrets=(value,)).one
            body = {"encrypted_value": sealed(value, key["key"]), "key_id": key["key_id"]}
            self._rest.ask("PUT", f"{actions}/secrets/{part(name)}", send=body, secrets=(value,))
            return
        change = {"name": name, "value": value}
        missing = frozenset({404})

        def look() -> Any:
            answer = self._rest.ask(
                "PATCH", f"{actions}/variables/{part(name)}", send=change, also=missing, secrets=(value,)
            )
            return None if answer.status == 404 else answer

        once(look, lambda: self._rest.ask("POST", f"{actions}/variables", send=change, secrets=(value,)))

    def announce(self, repository: str, project: str, role: Role) -> None:  # noqa: ARG002  the name says it here
        """See the port."""
        url = self.credential.webhook_address
        if not url:
            return
        path = f"{self._path(repository)}/hooks"
        config = {
            "url": url,
            "content_type": "json",
            "secret": self.credential.webhook_secret(),
            "insecure_ssl": "0",
        }
        wanted = {"active": True, "events": ["push", "pull_request"], "config": config}
        hidden = (config["secret"],)

        def look() -> Any:
            return next((one for one in self._all(path, {}) if one["config"].get("url") == url), None)

        def make() -> Any:
            return self._rest.ask("POST", path, send={"name": "web", **wanted}, secrets=hidden).one

        hook = once(look, make)
        self._rest.ask("PATCH", f"{path}/{hook['id']}", send=wanted, secrets=hidden)

    def propose(self, repository: str, source: str, target: str, title: str, body: str) -> PullRequest:
        """See the port."""
        path = f"{self._path(repository)}/pulls"

        def look() -> Any:
            query = {"state": "open", "head": f"{self._owner}:{source}", "base": target}
            return next(iter(self._all(path, query)), None)

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
        query = {"state": "open", "sort": "created", "direction": "asc"}
        return tuple(
            _pull_request(repository, one) for one in self._all(f"{self._path(repository)}/pulls", query)
        )

    def trigger(self, repository: str, branch: str, variables: Mapping[str, str]) -> str:
        """See the port. An event ``repository_dispatch``; its workflow is that of the default branch."""
        path = f"{self._path(repository)}/dispatches"
        payload = {"branch": branch, **variables}
        self._rest.ask("POST", path, send={"event_type": APPROVAL, "client_payload": payload})
        address = self.credential.settings.address.rstrip("/")
        return f"{APPROVAL} sent to {address}/{self._owner}/{repository}/actions"

    @property
    def _owner(self) -> str:
        return self.credential.settings.owner

    @cached_property
    def _rest(self) -> Rest:
        address = self.credential.settings.address.rstrip("/")
        api = "https://api.github.com" if address == "https://github.com" else f"{address}/api/v3"
        return Rest(api, self.credential, self._headers, RIGHTS)

    def _headers(self) -> dict[str, str]:
        return {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.credential.token()}",
            "X-GitHub-Api-Version": "2022-11-28",
        }

    def _path(self, repository: str) -> str:
        return f"/repos/{part(self._owner)}/{part(check_repository(repository))}"

    def _all(self, path: str, query: Mapping[str, str | int]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in count(1):
            answer = self._rest.ask("GET", path, query={**query, "per_page": 100, "page": page})
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

    @staticmethod
    def _repository(name: str, said: Mapping[str, Any]) -> Repository:
        return Repository(name, said["clone_url"], said["html_url"], said.get("description") or "")


def sealed(value: str, key: str) -> str:
    """A secret that only the owner of a key can open (libsodium's sealed box), base64.

    Args:
        value: the secret.
        key: the public key, base64.

    Raises:
        BadInput: the library for it is not installed.
    """
    try:
        from nacl.public import PublicKey, SealedBox  # noqa: PLC0415  only GitHub's secrets need it
    except ImportError as error:
        raise BadInput(
            "GitHub takes secrets only sealed, and the library for that, PyNaCl, is not installed.",
            do='Install it: pip install "spalje[hosts]"',
        ) from error
    box = SealedBox(PublicKey(base64.b64decode(key)))
    return base64.b64encode(box.encrypt(value.encode())).decode()


def _pull_request(repository: str, said: Mapping[str, Any]) -> PullRequest:
    return PullRequest(
        repository,
        said["number"],
        said["html_url"],
        said["head"]["ref"],
        said["base"]["ref"],
        said["title"],
        said.get("body") or "",
        "merged" if said.get("merged_at") else said["state"],
    )
