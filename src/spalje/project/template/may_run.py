"""What a template may do beside copying text: programs it starts, code it loads, files it reads."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spalje.errors import Refused
from spalje.project.template.copier_file import read_copier_file
from spalje.project.template.template import Template


@dataclass(frozen=True, slots=True)
class MayRun:
    """What a template wants to run or read; without trust it is not rendered at all.

    Attributes:
        tasks: commands that run after a repository is rendered.
        migrations: commands of Copier's own update; Spaljé never runs them.
        extensions: Python modules that are loaded into the rendering.
        external_data: files that are read beside the template's own.
    """

    tasks: tuple[str, ...] = ()
    migrations: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    external_data: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.tasks or self.migrations or self.extensions or self.external_data)

    @property
    def lines(self) -> tuple[tuple[str, str], ...]:
        """What it is, and which, one a line."""
        kinds = (
            ("runs", self.tasks),
            ("migration, never run", self.migrations),
            ("loads", self.extensions),
            ("reads", self.external_data),
        )
        return tuple((kind, one) for kind, many in kinds for one in many)

    def __str__(self) -> str:
        return "; ".join(f"{kind} {one}" for kind, one in self.lines)


def may_run(folder: Path) -> MayRun:
    """What the template in a folder may run.

    Raises:
        BadInput: its ``copier.yml`` cannot be read.
    """
    told = read_copier_file(folder)
    return MayRun(
        _commands(told.get("_tasks")),
        _commands(told.get("_migrations")),
        _texts(told.get("_jinja_extensions")),
        _texts(told.get("_external_data")),
    )


def check_trust(template: Template) -> None:
    """Refuse a template that would run something and is not trusted.

    Raises:
        Refused: that is so; says what it would run.
        BadInput: its ``copier.yml`` cannot be read.
    """
    wanted = may_run(template.folder)
    if wanted and not template.trusted:
        raise Refused(
            f"Template '{template.name}' {template.version} is not trusted, and {wanted}.",
            do=f"Read {template.folder}/copier.yml; who trusts its owner, {template.owner}, "
            f"adds it again with --trust.",
        )


def _commands(told: Any) -> tuple[str, ...]:
    found = []
    for one in _list(told):
        command = one.get("command", one) if isinstance(one, dict) else one
        found.append(" ".join(map(str, command)) if isinstance(command, list) else _text(command))
    return tuple(" ".join(one.split())[:200] for one in found)


def _texts(told: Any) -> tuple[str, ...]:
    if isinstance(told, dict):
        return tuple(_text(one)[:200] for one in told.values())
    return tuple(_text(one)[:200] for one in _list(told))


def _list(told: Any) -> Iterable[Any]:
    if not told:
        return ()
    return told if isinstance(told, list) else (told,)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
