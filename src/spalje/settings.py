"""Settings of a workspace: from ``<workspace>/settings.toml`` and ``SPALJE_…`` variables."""

import os
import tomllib
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from spalje.errors import BadInput, NotFound


class Settings(BaseSettings):
    """What a workspace can be told.

    Attributes:
        currency: the unit of every cost.
        price_cpu_hour: price of one processor for one hour.
        price_gib_hour: price of one GiB of memory for one hour.
        parallel_steps: how many steps of a run may run side by side.
        lease_seconds: after how many seconds without a sign of life another runner may take over.
        metadata_url: SQLAlchemy URL of the metadata database; empty: SQLite in the workspace.
    """

    model_config = SettingsConfigDict(env_prefix="SPALJE_", frozen=True, extra="forbid")

    currency: str = "EUR"
    price_cpu_hour: float = Field(default=0.04, ge=0)
    price_gib_hour: float = Field(default=0.005, ge=0)
    parallel_steps: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    lease_seconds: float = Field(default=30.0, ge=1, le=3600)
    metadata_url: str = ""

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
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
    if first["type"] == "extra_forbidden":
        raise NotFound("setting", name, Settings.model_fields, do=f"Correct {file}.")
    variable = f"SPALJE_{name.upper()}"
    raise BadInput(
        f"The setting {name} is {first['input']!r}: {first['msg']}.",
        do=f"Correct {f'the variable {variable}' if variable in os.environ else file}.",
    )
