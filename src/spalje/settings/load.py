"""Reading the settings of a workspace: from ``<workspace>/settings.toml`` and ``SPALJE_…`` variables."""

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsConfigDict, SettingsError

from spalje.errors import BadInput, NotFound
from spalje.settings.airflow import AirflowSettings
from spalje.settings.alerts import Alerts, Email, Expectation, Webhook
from spalje.settings.git_host import GitHostSettings
from spalje.settings.workspace import Settings


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
        sections = ("SPALJE_AIRFLOW", "SPALJE_ALERTS", "SPALJE_GIT_HOSTS", "SPALJE_TEAMS")
        told = " or ".join(name for name in sections if name in os.environ)
        raise BadInput(
            f"The variable {told} is not JSON.",
            do="Write the section as a JSON object, or leave the variable out.",
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
        fields = _section(section).model_fields
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
    ("airflow",): AirflowSettings,
    ("alerts",): Alerts,
    ("alerts", "email"): Email,
    ("alerts", "webhook"): Webhook,
    ("alerts", "projects"): Expectation,
    ("git_hosts",): GitHostSettings,
}


def _section(place: tuple[str, ...]) -> type[BaseModel]:
    """The section at a place in the file: sections with names of their own stand below one that says what they are."""
    return _SECTIONS.get(place[:2]) or _SECTIONS[place[:1]]
