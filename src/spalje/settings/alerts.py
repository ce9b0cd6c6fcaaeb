"""The section ``[alerts]``: who is told what."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from spalje.settings.section import LOOPBACK, Place, Section, Variable

#: What people can be told about; see docs/alerts.md.
AlertKind = Literal["block", "failed_run", "missing_batch", "alarm", "retrain", "missing_truth", "warning"]
#: How bad that is, from least to worst.
AlertSeverity = Literal["warning", "alarm", "critical"]

_PORTS = {"starttls": 587, "ssl": 465, "none": 25}
_ADDRESS = re.compile(r"[^\s@<>,;:\"\x00-\x1f\x7f]+@[^\s@<>,;:\"\x00-\x1f\x7f]+")
_CHANNEL = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$"


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError("it must be an address such as ops@example.org, without a name around it")
    return text


Address = Annotated[str, AfterValidator(_address)]


class Email(Section):
    """A mail server and who is written to; one ``[[alerts.email]]``.

    Attributes:
        name: what the channel is called, unlike every other.
        host, port: of the mail server; the port follows from ``security`` where it is left out.
        security: ``starttls``, ``ssl`` (from the first byte on), or ``none``.
        sender: the address it is from; ``from`` in the file.
        to: the addresses it goes to.
        user_env, password_env: the variables that hold the login; empty: no login.
        events: kinds of event that are sent; empty: all.
        projects: names of projects whose events are sent; empty: all.
    """

    name: Annotated[str, Field(pattern=_CHANNEL)] = "email"
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")]
    port: Annotated[int, Field(ge=1, le=65535)] = 0
    security: Literal["starttls", "ssl", "none"] = "starttls"
    sender: Annotated[Address, Field(alias="from")]
    to: Annotated[tuple[Address, ...], Field(min_length=1)]
    user_env: Variable | None = None
    password_env: Variable | None = None
    events: tuple[AlertKind, ...] = ()
    projects: tuple[str, ...] = ()

    @property
    def at_port(self) -> int:
        """The port, where none was given that of ``security``."""
        return self.port or _PORTS[self.security]

    @model_validator(mode="after")
    def _login(self) -> Self:
        if (self.user_env is None) != (self.password_env is None):
            raise ValueError("user_env and password_env belong together: give both or none")
        if self.password_env and self.security == "none" and self.host not in LOOPBACK:
            raise ValueError('with security = "none" a password would be sent for everybody to read')
        return self


class Webhook(Section):
    """Where messages are posted to; one ``[[alerts.webhook]]``.

    Attributes:
        name: what the channel is called, unlike every other; default: its kind.
        kind: ``slack``, ``teams``, or ``signed`` (Standard Webhooks, for programs).
        url_env: the variable that holds the address, which is a secret.
        secret_env: the variable that holds the key that ``signed`` signs with.
        events, projects: see ``Email``.
    """

    name: Annotated[str, Field(pattern=_CHANNEL)] | None = None
    kind: Literal["slack", "teams", "signed"]
    url_env: Variable
    secret_env: Variable | None = None
    events: tuple[AlertKind, ...] = ()
    projects: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _key(self) -> Self:
        if (self.secret_env is not None) != (self.kind == "signed"):
            raise ValueError('secret_env belongs to kind = "signed", which needs it, and to no other')
        return self


class Expectation(Section):
    """What a project's clock is held against; one ``[alerts.projects.NAME]``.

    Attributes:
        watch: whether its batches and truths are waited for at all.
        batch_every_days: from one batch to the next, days; None: as the last ones came.
        batch_grace_days: so much later a batch is missing; None: half of the above, 3 at most.
        truth_within_days: after so many days a batch's truth is missing; None: twice as late as usual.
    """

    watch: bool = True
    batch_every_days: Annotated[float, Field(gt=0, le=3660)] | None = None
    batch_grace_days: Annotated[float, Field(ge=0, le=3660)] | None = None
    truth_within_days: Annotated[float, Field(gt=0, le=3660)] | None = None


class Alerts(Section):
    """Who is told what; the section ``[alerts]``.

    Attributes:
        min_severity: what is less bad is recorded and not sent.
        base_url: where pages about runs and batches are; empty: a command stands instead of a link.
        email, webhook: the channels.
        projects: what each project's clock is held against.
    """

    min_severity: AlertSeverity = "warning"
    base_url: Place = ""
    email: tuple[Email, ...] = ()
    webhook: tuple[Webhook, ...] = ()
    projects: Mapping[str, Expectation] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names(self) -> Self:
        names = [channel.name or channel.kind for channel in self.webhook]
        names += [channel.name for channel in self.email]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f'two channels are called {twice[0]}; give each another name = "…"')
        return self
