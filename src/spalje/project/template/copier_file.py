"""Reading a template's ``copier.yml``: as Copier does, and without running anything."""

import re
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from spalje.errors import BadInput
from spalje.project.template.plain_yaml import plain_yaml

_LARGEST = 200_000
_MOST = 20_000


def read_copier_file(folder: Path) -> dict[str, Any]:
    """What stands in ``copier.yml``: Copier's own settings (their names begin with ``_``) and questions.

    Raises:
        BadInput: there is none or there are two, or it is not one plain YAML mapping of a sensible size.
    """
    found = sorted(
        path for path in folder.glob("copier.*") if re.fullmatch(r"\.ya?ml", path.suffix, re.IGNORECASE)
    )
    do = "It says how Copier renders the template and what it asks; docs/templates.md shows one."
    if len(found) != 1:
        names = ", ".join(path.name for path in found)
        raise BadInput(f"{folder} needs one copier.yml; it has {names or 'none'}.", do=do)
    (file,) = found
    if not file.resolve().is_relative_to(folder.resolve()):
        raise BadInput(f"{file} leads out of the template.", do="Put the file itself there.")
    if file.stat().st_size > _LARGEST:
        raise BadInput(f"{file} is larger than {_LARGEST:,} bytes.", do=do)
    try:
        told = plain_yaml(file.read_text(encoding="utf-8"), aliases=True)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise BadInput(
            f"{file} cannot be read: {said}",
            do="It is plain YAML, one document, without !include and other tags.",
        ) from None
    if not isinstance(told, dict) or not all(isinstance(key, str) for key in told):
        raise BadInput(f"{file} is not a mapping of names.", do=do)
    if _count(told, _MOST) > _MOST:
        raise BadInput(f"{file} says more than {_MOST:,} things.", do="Its aliases may repeat each other.")
    return told


def _count(value: Any, most: int) -> int:
    """How many values there are, aliases counted each time; stops when there are more than ``most``."""
    waiting, counted = [value], 0
    while waiting and counted <= most:
        one = waiting.pop()
        counted += 1
        if isinstance(one, dict):
            waiting.extend(one.values())
            waiting.extend(one)
        elif isinstance(one, list | tuple | set):
            waiting.extend(one)
    return counted
