"""The catalog: the templates that projects can be created from."""

import re
import tomllib
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from spalje.errors import BadInput, NotFound, UsageError

#: The file that says what a template is; Copier's own stands beside it.
CARD = "template.toml"

_NAME = re.compile(r"[a-z][a-z0-9-]{1,48}")


class Template(BaseModel):
    """A versioned blueprint for projects.

    Attributes:
        name: the name of its folder.
        description: one sentence.
        owner: the team that maintains it.
        version: of the blueprint, such as ``1.2.0``.
        folder: where it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    description: str
    owner: str
    version: str
    folder: Path


def shipped() -> Path:
    """The folder of the templates that come with Spaljé: in the package, or in its source checkout."""
    package = Path(str(files("spalje")))
    packaged = package / "templates"
    return packaged if packaged.is_dir() else package.parents[1] / "templates"


def catalog(folder: Path | None = None) -> tuple[Template, ...]:
    """The templates on offer, by name.

    Args:
        folder: where to look; None: those that come with Spaljé.

    Raises:
        BadInput: a template does not say what it is.
    """
    return tuple(_read(card.parent) for card in sorted((folder or shipped()).glob(f"*/{CARD}")))


def find(name: str, folder: Path | None = None) -> Template:
    """The template of that name.

    Args:
        name: as in the catalog.
        folder: as for ``catalog``.

    Raises:
        UsageError: no template can be called that.
        NotFound: there is none of that name.
    """
    check_name("template", name)
    templates = {template.name: template for template in catalog(folder)}
    if name not in templates:
        raise NotFound("template", name, templates)
    return templates[name]


def check_name(noun: str, name: str) -> None:
    """Refuse what cannot be the name of a project or a template.

    Raises:
        UsageError: it is not a small letter followed by 1 to 48 small letters, digits or hyphens.

    Example:
        >>> check_name("template", "../secrets")
        Traceback (most recent call last):
            ...
        spalje.errors.UsageError: '../secrets' cannot be the name of a template.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be the name of a {noun}.",
            do="Use a small letter and then 1 to 48 small letters, digits or hyphens, as in fresh-produce.",
        )


def _read(folder: Path) -> Template:
    try:
        told = tomllib.loads((folder / CARD).read_text(encoding="utf-8"))
        told.pop("check", None)  # how it is tried out, which is nothing to a project
        return Template.model_validate({**told, "name": folder.name, "folder": folder})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
        raise BadInput(
            f"{folder / CARD} does not say what the template is: {str(error).splitlines()[0]}",
            do='It needs description = "…", owner = "…" and version = "…".',
        ) from error
