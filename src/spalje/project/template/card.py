"""A template's card, ``template.toml``: what it says of itself, and how it wants to be checked."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Annotated

from packaging.version import Version
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from spalje.errors import BadInput

#: The file that says what a template is; Copier's own stands beside it.
CARD = "template.toml"

_VERSION = re.compile(r"[0-9]+(\.[0-9]+){0,3}([.-]?(a|b|rc|dev|post)\.?[0-9]{1,6}){0,2}")
_LARGEST = 100_000

#: What a parameter or an answer may be.
Value = str | bool | int | float | tuple[str, ...]


def is_version(text: str) -> bool:
    """Whether a text is the version of a template.

    Example:
        >>> [is_version(text) for text in ("1.2.0", "2.0.0-rc1", "v1.2.0", "1.2.0/..", "latest")]
        [True, True, False, False, False]
    """
    return len(text) <= 40 and _VERSION.fullmatch(text) is not None


def in_order(version: str) -> tuple[bool, Version, int]:
    """What versions are sorted by: pre-releases before all others, so that the last one is the newest to use.

    Of two ways to write the same version the longer one comes last: a tag such as 2 is often moved along.

    Example:
        >>> sorted(("2.0.0rc1", "1.10.0", "1.9.0"), key=in_order)
        ['2.0.0rc1', '1.9.0', '1.10.0']
    """
    parsed = Version(version)
    return (not parsed.is_prerelease, parsed, len(version))


def _version(text: str) -> str:
    if not is_version(text):
        raise ValueError("a version is like 1.2.0 or 1.2.0rc1")
    return text


def _line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("it must be one line of text")
    return text


def _inside(text: str) -> str:
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or not text.isprintable():
        raise ValueError("it must be the path of a file in the build repository")
    return text


def _plain(value: Mapping[str, Value | date]) -> Mapping[str, Value]:
    return {name: one.isoformat() if isinstance(one, date) else one for name, one in value.items()}


Line = Annotated[str, Field(max_length=500), AfterValidator(_line)]
Values = Annotated[Mapping[str, Value | date], AfterValidator(_plain)]


class Check(BaseModel):
    """How ``spalje template check`` tries a template out; the table ``[check]``.

    Attributes:
        data: a program of the rendered build repository, run as ``python DATA FOLDER``: writes ``FOLDER/<input>`` for
            every input of the recipes, and ``FOLDER/ground_truth`` where there is a quality pipeline.
        build, inference: parameters of these pipelines on such data.
        answers: sets of answers to try beside the defaults.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Annotated[str, AfterValidator(_inside)] = ""
    build: Values = Field(default_factory=dict)
    inference: Values = Field(default_factory=dict)
    answers: Annotated[tuple[Values, ...], Field(max_length=20)] = ()


class Card(BaseModel):
    """What a template says of itself.

    Attributes:
        description: one sentence.
        owner: the team that maintains it.
        version: such as ``1.2.0``.
        check: how it is tried out; None: it is only rendered and compiled.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: Line
    owner: Line
    version: Annotated[str, AfterValidator(_version)]
    check: Check | None = None


def read_card(folder: Path) -> Card:
    """The card of a template's folder.

    Raises:
        BadInput: there is none, or it does not say what the template is.
    """
    file = folder / CARD
    do = 'It needs description = "…", owner = "…" and version = "1.0.0"; docs/templates.md shows one.'
    try:
        if not file.resolve().is_relative_to(folder.resolve()):
            raise BadInput(f"{file} leads out of the template.", do="Put the file itself there.")
        if file.stat().st_size > _LARGEST:
            raise BadInput(f"{file} is larger than {_LARGEST:,} bytes.", do=do)
        return Card.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except OSError:
        raise BadInput(f"{folder} is no template: it has no file {CARD}.", do=do) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} does not say what the template is: {error}.", do=do) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise BadInput(f"{file} does not say what the template is: {place}: {said}.", do=do) from None
