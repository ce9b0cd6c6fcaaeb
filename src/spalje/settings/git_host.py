"""The sections ``[git_hosts.NAME]``: where repositories of projects are kept beside the workspace itself."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from spalje.settings.section import Place, Section, Variable, is_readable

#: The host that needs no settings: bare repositories in the workspace.
EMBEDDED = "embedded"

GitHostKind = Literal["bitbucket-cloud", "bitbucket-data-center", "github", "gitlab", "gitea"]
#: What a host is called in the settings.
HostName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
#: A variable of a host's CI.
CiVariable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]

#: Where a service of that kind is when no address is given.
_SERVICES = {
    "bitbucket-cloud": "https://bitbucket.org",
    "github": "https://github.com",
    "gitlab": "https://gitlab.com",
}


class GitHostSettings(Section):
    """A Git host and how it is spoken to; one ``[git_hosts.NAME]``.

    Attributes:
        kind: which product it is; Forgejo is ``gitea``.
        owner: whose the repositories are: a workspace (Bitbucket Cloud), a project's key (Data Center), an
            organisation or user (GitHub, Gitea), a group with its parents (GitLab).
        project: only of Bitbucket Cloud: the key of the project in the workspace.
        url: where it is; empty: the public service of that kind.
        user_env: the variable that holds the user, where the token belongs to one (Bitbucket Cloud).
        token_env: the variable that holds the token.
        token_keyring: ``SERVICE/USER`` of the token in the system's keyring, instead of ``token_env``.
        webhook_url: where the host shall send what happens, such as ``https://spalje.example.org``; empty: nowhere.
        webhook_secret_env: the variable that holds the secret that the host signs with.
        protect: whether the main branch of what is created is protected.
        variables: CI variables of every repository that is created, for everybody to read.
        secrets: secret CI variables: what each is called there -> the variable here that holds it.
    """

    kind: GitHostKind
    owner: Annotated[
        str, Field(pattern=r"^~?[A-Za-z0-9][A-Za-z0-9._-]{0,99}(/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,19}$")
    ]
    project: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{0,60}$")] = ""
    url: Place = ""
    user_env: Variable | None = None
    token_env: Variable | None = None
    token_keyring: Annotated[str, Field(pattern=r"^[^/\x00-\x1f]+/[^/\x00-\x1f]+$")] | None = None
    webhook_url: Place = ""
    webhook_secret_env: Variable | None = None
    protect: bool = True
    variables: Mapping[CiVariable, str] = Field(default_factory=dict)
    secrets: Mapping[CiVariable, Variable] = Field(default_factory=dict)

    @property
    def address(self) -> str:
        """Where it is."""
        return self.url or _SERVICES[self.kind]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.url and self.kind not in _SERVICES:
            raise ValueError(f'kind = "{self.kind}" needs url: there is no public service of that kind')
        if (self.token_env is None) == (self.token_keyring is None):
            raise ValueError("give the token by token_env or by token_keyring, and not by both")
        if self.project and self.kind != "bitbucket-cloud":
            raise ValueError('project belongs to kind = "bitbucket-cloud"; elsewhere owner says it')
        if self.kind != "gitlab" and "/" in self.owner:
            raise ValueError(f'owner has no "/" with kind = "{self.kind}"')
        if bool(self.webhook_url) != (self.webhook_secret_env is not None):
            raise ValueError("webhook_url and webhook_secret_env belong together: give both or none")
        if is_readable(self.address):
            raise ValueError("with http:// the token would be sent for everybody to read; use https://")
        twice = sorted(set(self.variables) & set(self.secrets))
        if twice:
            raise ValueError(f"{twice[0]} is both a variable and a secret")
        return self
