"""A host's token: where it is, and read when it is first needed."""

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from spalje.errors import BadInput
from spalje.project.git_hosts.delivery import WEBHOOK_PATH
from spalje.settings import GitHostSettings

#: What stands in a text where a secret stood.
HIDDEN = "•••"


def redacted(text: str, secrets: Iterable[str]) -> str:
    """A text without what is secret in it, where that is long enough to be told from an ordinary word.

    Example:
        >>> redacted("Bearer s3cret: refused", ["s3cret", "", "re"])
        'Bearer •••: refused'
    """
    for word in sorted(secrets, key=len, reverse=True):
        if len(word) >= 4:
            text = text.replace(word, HIDDEN)
    return text


@dataclass(frozen=True, slots=True)
class Credential:
    """The token of a host, and the user where it belongs to one.

    Attributes:
        host: what the settings call the host.
        settings: where its token is.
        environ: the variables.

    Example:
        >>> settings = GitHostSettings(kind="github", owner="grocer", token_env="GH")
        >>> Credential("ours", settings, {"GH": "ghp_secret"}).token()
        'ghp_secret'
        >>> Credential("ours", settings, {}).token()
        Traceback (most recent call last):
        ...
        spalje.errors.BadInput: Git host 'ours' needs its token in the variable GH, which is not set.
    """

    host: str
    settings: GitHostSettings = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)

    @property
    def label(self) -> str:
        """What the host is called in errors."""
        return f"Git host '{self.host}'"

    @property
    def renew(self) -> str:
        """What to do when the host does not take the token."""
        return f"The host does not take the token: renew it and put it into {self.place}."

    @property
    def look(self) -> str:
        """What to look at when something is not there."""
        owner = self.settings.owner
        return f"Look whether '{owner}' is written right in the settings (owner) and the token may see it."

    @property
    def page(self) -> str:
        """Where hosts are documented."""
        return "docs/git-hosts.md"

    @property
    def place(self) -> str:
        """Where the token is, for a person."""
        if self.settings.token_env:
            return f"the variable {self.settings.token_env}"
        return f"the keyring under {self.settings.token_keyring}"

    def token(self) -> str:
        """The token.

        Raises:
            BadInput: there is none, or what is there cannot be a token.
        """
        if self.settings.token_env:
            return self._variable(self.settings.token_env, "token")
        return self._plain(self._keyring(), "token", self.place)

    def user(self) -> str | None:
        """The user that the token belongs to; None: the settings name none.

        Raises:
            BadInput: the variable is not set.
        """
        return self._variable(self.settings.user_env, "user") if self.settings.user_env else None

    def webhook_secret(self) -> str:
        """What the host shall sign its deliveries with.

        Raises:
            BadInput: the variable is not set.
        """
        return self._variable(str(self.settings.webhook_secret_env), "webhook secret")

    @property
    def webhook_address(self) -> str:
        """Where the host sends its deliveries: ``<webhook_url>/webhooks/<host>``; empty: nowhere."""
        url = self.settings.webhook_url.rstrip("/")
        return f"{url}{WEBHOOK_PATH.format(host=self.host)}" if url else ""

    def redact(self, text: str, others: Iterable[str] = ()) -> str:
        """A text without what is secret in it.

        Args:
            text: whatever somebody else said.
            others: more secrets.
        """
        return redacted(text, {*self._secrets(), *others})

    def _secrets(self) -> set[str]:
        plain = {
            self.environ.get(name, "")
            for name in (self.settings.token_env, self.settings.webhook_secret_env)
            if name
        }
        if self.settings.token_keyring:
            plain.add(self._keyring())
        users = [self.environ.get(self.settings.user_env or "", ""), *GIT_USERS]
        coded = {basic(user, word) for user in users for word in plain if word}
        return (plain | coded) - {""}

    def _variable(self, name: str, what: str) -> str:
        value = self.environ.get(name, "")
        if not value:
            raise BadInput(
                f"Git host '{self.host}' needs its {what} in the variable {name}, which is not set.",
                do=f"Set it: export {name}=…; see docs/git-hosts.md for the rights that the token needs.",
            )
        return self._plain(value, what, f"the variable {name}")

    def _plain(self, value: str, what: str, place: str) -> str:
        if not re.fullmatch(r"[\x21-\x7e]+", value):
            raise BadInput(
                f"The {what} of Git host '{self.host}' in {place} has blanks or signs that cannot stand in a header.",
                do="Copy it again, without a line break at its end.",
            )
        return value

    def _keyring(self) -> str:
        try:
            import keyring  # noqa: PLC0415  only who uses one needs it
            from keyring.errors import KeyringError  # noqa: PLC0415
        except ImportError as error:
            raise BadInput(
                f"Git host '{self.host}' has its token in the keyring, and the library keyring is not installed.",
                do='Install it: pip install "spalje[hosts]"',
            ) from error
        service, user = str(self.settings.token_keyring).split("/", 1)
        try:
            found = keyring.get_password(service, user)
        except KeyringError as error:
            raise BadInput(
                f"The keyring does not give the token of Git host '{self.host}': {error}",
                do="Unlock it, or name a variable with token_env instead.",
            ) from error
        if not found:
            raise BadInput(
                f"Git host '{self.host}' needs its token in {self.place}, where there is none.",
                do=f"Put it there: keyring set {service} {user}",
            )
        return found


#: Users that hosts want beside a token when Git speaks to them.
GIT_USERS = ("x-access-token", "oauth2", "x-bitbucket-api-token-auth", "x-token-auth")


def basic(user: str, password: str) -> str:
    """User and password as the Basic scheme writes them.

    Example:
        >>> basic("Aladdin", "open sesame")
        'QWxhZGRpbjpvcGVuIHNlc2FtZQ=='
    """
    return base64.b64encode(f"{user}:{password}".encode()).decode()
