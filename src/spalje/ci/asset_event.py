"""Events out: Airflow hears by its assets of what is decided and delivered outside it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal
from uuid import uuid4

from spalje.errors import BadInput, NotFound
from spalje.project.git_hosts.answer import Answer
from spalje.project.git_hosts.credential import redacted
from spalje.project.git_hosts.once import once
from spalje.project.git_hosts.rest import Rest
from spalje.settings import AirflowSettings

#: What an event can be about: the last part of the asset's address.
Topic = Literal["model-approved", "ground-truth"]


def asset(project: str, topic: Topic) -> str:
    """The address of the asset by which DAGs of a project are triggered.

    Example:
        >>> asset("fresh-produce", "model-approved")
        'spalje://fresh-produce/model-approved'
    """
    return f"spalje://{project}/{topic}"


@dataclass(frozen=True, slots=True)
class AirflowLogin:
    """What logs in to Airflow.

    Attributes:
        settings: who logs in, and where the secret is.
        environ: the variables.
    """

    settings: AirflowSettings
    environ: Mapping[str, str] = field(repr=False)

    @property
    def label(self) -> str:
        """What the server is called in errors."""
        return "Airflow"

    @property
    def renew(self) -> str:
        """What to do when the login is refused."""
        return f"Airflow does not take what is in the variable {self.variable}: renew it."

    @property
    def look(self) -> str:
        """What to look at when something is not there."""
        return "Look whether url in [airflow] of the settings is where the API server of an Airflow 3 is."

    @property
    def page(self) -> str:
        """Where it is documented."""
        return "docs/settings.md"

    @property
    def variable(self) -> str:
        """The variable that holds the token or the password."""
        return str(self.settings.token_env or self.settings.password_env)

    @property
    def secret(self) -> str:
        """The token or the password.

        Raises:
            BadInput: there is none, or it is a token that cannot stand in a header.
        """
        found = self.environ.get(self.variable, "")
        if not found:
            raise BadInput(
                f"Airflow needs a login in the variable {self.variable}, which is not set.",
                do=f"Set it: export {self.variable}=…; or take [airflow] out of the settings.",
            )
        if self.settings.token_env and not re.fullmatch(r"[\x21-\x7e]+", found):
            raise BadInput(
                f"The token of Airflow in the variable {self.variable} has blanks or signs that cannot stand in "
                "a header.",
                do="Copy it again, without a line break at its end.",
            )
        return found

    def redact(self, text: str, others: Iterable[str] = ()) -> str:
        """A text without the secret in it."""
        return redacted(text, {self.environ.get(self.variable, ""), *others})


@dataclass(frozen=True)
class AssetEvents:
    """Posts events to Airflow, by its public API.

    Attributes:
        settings: where Airflow is.
        environ: the variables in which its login is.
    """

    settings: AirflowSettings
    environ: Mapping[str, str] = field(repr=False)

    def post(self, project: str, topic: Topic, extra: Mapping[str, Any]) -> str:
        """Post an event; the DAGs that are scheduled by the asset are triggered, each once.

        Args:
            project: whose asset it is.
            topic: which.
            extra: what the triggered DAGs read of the event; JSON.

        Returns:
            What was posted, for a person.

        Raises:
            BadInput: there is no Airflow, or no login.
            NotFound: no DAG there has to do with the asset.
            HostFailed: Airflow could not be reached, or refused.
        """
        if not self.settings.told:
            raise BadInput(
                "The settings name no Airflow that could be told.",
                do="Write [airflow] with url and a login into settings.toml: docs/settings.md.",
            )
        uri = asset(project, topic)
        number = self._number(uri)
        name, tried = uuid4().hex, False

        def look() -> int | None:
            return self._found(number, name) if tried else None

        def make() -> int:
            nonlocal tried
            tried = True
            body = {"asset_id": number, "extra": {**extra, "event": name}}
            return int(self._ask("POST", "/api/v2/assets/events", send=body).one["id"])

        return f"event {once(look, make)} of {uri} at {self.settings.url}"

    def _number(self, uri: str) -> int:
        """Airflow's number of an asset."""
        found = self._ask("GET", "/api/v2/assets", query={"uri_pattern": uri, "limit": 100}).one["assets"]
        for one in found:
            if one["uri"] == uri:
                return int(one["id"])
        raise NotFound(
            f"asset in Airflow at {self.settings.url} called",
            uri,
            (one["uri"] for one in found),
            do="Give the project a DAG that is scheduled by it, such as schedule=project.assets.model_approved.",
        )

    def _found(self, number: int, name: str) -> int | None:
        """The event of that name among the last ones, whose answer was lost."""
        query = {"asset_id": number, "order_by": "-timestamp", "limit": 50}
        for one in self._ask("GET", "/api/v2/assets/events", query=query).one["asset_events"]:
            if one["extra"].get("event") == name:
                return int(one["id"])
        return None

    def _ask(self, method: str, path: str, **words: Any) -> Answer:
        return self._api.ask(method, path, **words)

    @cached_property
    def _api(self) -> Rest:
        token = self._token
        return self._rest(Authorization=f"Bearer {token}")

    @cached_property
    def _token(self) -> str:
        secret = self._login.secret
        if self.settings.token_env:
            return secret
        who = {"username": self.settings.username, "password": secret}
        answer = once(
            lambda: None, lambda: self._rest().ask("POST", "/auth/token", send=who, secrets=(secret,))
        )
        return str(answer.one["access_token"])

    @property
    def _login(self) -> AirflowLogin:
        return AirflowLogin(self.settings, self.environ)

    def _rest(self, **headers: str) -> Rest:
        rights = "the right to read assets and to create asset events"
        return Rest(self.settings.url, self._login, lambda: headers, rights)
