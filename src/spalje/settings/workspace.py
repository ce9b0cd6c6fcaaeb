"""What a workspace can be told."""

import os
from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from spalje.settings.airflow import AirflowSettings
from spalje.settings.alerts import Alerts
from spalje.settings.git_host import EMBEDDED, GitHostSettings, HostName


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
        default_host: the Git host that projects are created on when none is named.
        git_hosts: Git hosts beside the embedded one, by name.
        airflow: the Airflow that is told of what is decided outside it.
        inputs: name of a project -> input -> where this workspace has it, in place of what ``[inputs]`` of the
            project's repositories says: a path, ``package:NAME/FOLDER`` or ``sha256:DIGEST``.
        teams: name of a team -> the people in it, as "Name <mail>", a mail address or a login.
    """

    model_config = SettingsConfigDict(env_prefix="SPALJE_", frozen=True, extra="forbid")

    currency: str = "EUR"
    price_cpu_hour: float = Field(default=0.04, ge=0)
    price_gib_hour: float = Field(default=0.005, ge=0)
    parallel_steps: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    lease_seconds: float = Field(default=30.0, ge=1, le=3600)
    metadata_url: str = ""
    alerts: Alerts = Alerts()
    default_host: HostName = EMBEDDED
    git_hosts: Mapping[HostName, GitHostSettings] = Field(default_factory=dict)
    airflow: AirflowSettings = AirflowSettings()
    inputs: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    teams: Mapping[HostName, tuple[str, ...]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _hosts(self) -> Self:
        if EMBEDDED in self.git_hosts:
            raise ValueError(f"{EMBEDDED} is the workspace itself; call the host in git_hosts otherwise")
        if self.default_host != EMBEDDED and self.default_host not in self.git_hosts:
            raise ValueError(f"default_host is {self.default_host!r}, which is none of git_hosts")
        return self

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
