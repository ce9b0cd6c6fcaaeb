"""Settings of a workspace: from ``<workspace>/settings.toml`` and ``SPALJE_…`` variables."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from spalje.errors import BadInput, NotFound

#: What people can be told about; see docs/alerts.md.
AlertKind = Literal["block", "failed_run", "missing_batch", "alarm", "retrain", "missing_truth", "warning"]
#: How bad that is, from least to worst.
AlertSeverity = Literal["warning", "alarm", "critical"]

#: Servers on this very machine: what goes to them is not on any network.
LOOPBACK = frozenset(("localhost", "127.0.0.1", "::1"))

_PORTS = {"starttls": 587, "ssl": 465, "none": 25}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ADDRESS = re.compile(r"[^\s@<>,;:\"\x00-\x1f\x7f]+@[^\s@<>,;:\"\x00-\x1f\x7f]+")
_CHANNEL = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$"


def _variable(name: str) -> str:
    """A variable's name. What was written instead may be the secret itself, so nothing repeats it."""
    if not _VARIABLE.fullmatch(name):
        raise ValueError("it must be the name of an environment variable, not what stands in it")
    return name


def _address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError("it must be an address such as ops@example.org, without a name around it")
    return text


def _place(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("it must be like https://spalje.example.org")
    if re.search(r"[\s<>\"|\x00-\x1f\x7f]", text) or parts.username or parts.password:
        raise ValueError("it must be like https://spalje.example.org, and holds no spaces and no password")
    return text.rstrip("/")


Variable = Annotated[str, AfterValidator(_variable)]
Address = Annotated[str, AfterValidator(_address)]


class _Section(BaseModel):
    """A part of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Email(_Section):
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


class Webhook(_Section):
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


class Expectation(_Section):
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


class Alerts(_Section):
    """Who is told what; the section ``[alerts]``.

    Attributes:
        min_severity: what is less bad is recorded and not sent.
        base_url: where pages about runs and batches are; empty: a command stands instead of a link.
        email, webhook: the channels.
        projects: what each project's clock is held against.
    """

    min_severity: AlertSeverity = "warning"
    base_url: Annotated[str, AfterValidator(lambda text: _place(text) if text else text)] = ""
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


class Settings(BaseSettings):
    """What a workspace can be told.

    Attributes:
        currency: the unit of every cost.
        price_cpu_hour: price of one processor for one hour.
        price_gib_hour: price of one GiB of memory for one hour.
        parallel_steps: how many steps of a run may run side by side.
        lease_seconds: after how many seconds without a sign of life another runner may take over.
        metadata_url: SQLAlchemy URL of the metadata database; empty: SQLite in the workspace.
        alerts: who is told when something goes wrong.
    """

    model_config = SettingsConfigDict(env_prefix="SPALJE_", frozen=True, extra="forbid")

    currency: str = "EUR"
    price_cpu_hour: float = Field(default=0.04, ge=0)
    price_gib_hour: float = Field(default=0.005, ge=0)
    parallel_steps: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    lease_seconds: float = Field(default=30.0, ge=1, le=3600)
    metadata_url: str = ""
    alerts: Alerts = Alerts()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables win over the file."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))


def load(workspace: Path) -> Settings:
    """The settings of a workspace folder.

    Raises:
        BadInput: the file is not TOML, or a value is not allowed.
        NotFound: a name in the file is no setting.
    """
    file = workspace / "settings.toml"

    class _Here(Settings):
        model_config = SettingsConfigDict(toml_file=file)

    try:
        return _Here()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(
            f"{file} is not TOML: {error}.", do="Correct it; docs/settings.md shows one."
        ) from None
    except SettingsError:
        raise BadInput(
            "The variable SPALJE_ALERTS is not JSON.",
            do="Write the section [alerts] as a JSON object, or leave the variable out.",
        ) from None
    except ValidationError as error:
        # a wrong name explains that the right one is missing
        first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
    raise _slip(first["loc"], first["type"], first["msg"], first["input"], file)


def _slip(loc: tuple[int | str, ...], kind: str, said: str, given: Any, file: Path) -> BadInput | NotFound:
    """What is wrong with a setting, in words."""
    name = ".".join(part for part in loc if isinstance(part, str))
    entry = next((f" (number {part + 1})" for part in loc if isinstance(part, int)), "")
    variable = f"SPALJE_{str(loc[0]).upper()}"
    do = f"Correct {f'the variable {variable}' if variable in os.environ else file}."
    section = tuple(part for part in loc[:-1] if isinstance(part, str))
    if kind == "extra_forbidden":
        fields = _SECTIONS[section[:2]].model_fields
        known = [".".join((*section, field.alias or key)) for key, field in fields.items()]
        return NotFound("setting", name, known, do=do)
    said = said.removeprefix("Value error, ")
    if kind == "missing":
        return BadInput(f"The setting {name}{entry} is missing.", do=do)
    # a secret may have been written where its variable's name belongs, and a whole section is no value
    shown = "" if name.endswith("_env") or isinstance(given, dict | BaseModel) else f" is {given!r}"
    return BadInput(f"The setting {name}{entry}{shown}: {said}.", do=do)


#: The sections by their place in the file.
_SECTIONS: dict[tuple[str, ...], type[BaseModel]] = {
    (): Settings,
    ("alerts",): Alerts,
    ("alerts", "email"): Email,
    ("alerts", "webhook"): Webhook,
    ("alerts", "projects"): Expectation,
}
