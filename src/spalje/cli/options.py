"""Options that many commands share."""

import getpass
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from spalje.errors import BadInput, UsageError
from spalje.workspace import MARK, Workspace


@Parameter(name="*")
@dataclass(frozen=True)
class Common:
    """Where, and how to print.

    Attributes:
        workspace: the workspace folder. Default: the folder above that is one, else ~/spalje.
        json: print JSON for machines instead of text for people.
    """

    workspace: Annotated[Path | None, Parameter(env_var="SPALJE_WORKSPACE")] = None
    json: Annotated[bool, Parameter(negative="")] = False

    @property
    def folder(self) -> Path:
        """The workspace folder meant."""
        if self.workspace is not None:
            return self.workspace
        here = Path.cwd()
        return next(
            (
                folder
                for folder in (here, *here.parents)
                if (folder / MARK).is_file() and (folder / "metadata.db").is_file()
            ),
            Path.home() / "spalje",
        )

    def open(self) -> Workspace:
        """The workspace, which must be there."""
        return Workspace.open(self.folder)


def person(name: str | None = None) -> str:
    """Who gives the command: ``name``, else SPALJE_USER, else the operating system's user.

    Raises:
        UsageError: the name is blank.
    """
    who = name if name is not None else os.environ.get("SPALJE_USER") or getpass.getuser()
    if not who.strip():
        raise UsageError("A person's name must not be blank.", do="Give a name, or leave the option out.")
    return who.strip()


def pairs(words: tuple[str, ...], option: str, example: str = "week=2017-10-30") -> dict[str, str]:
    """``NAME=VALUE`` words as a map.

    Args:
        words: as given.
        option: what they were given by.
        example: one of them as it should be.

    Raises:
        UsageError: a word has no ``=``, or a name stands twice.

    Example:
        >>> pairs(("week=2017-10-30",), "--param")
        {'week': '2017-10-30'}
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise UsageError(f"{option} {word!r} is not NAME=VALUE.", do=f"Write it as {option} {example}.")
        if name in found:
            raise UsageError(f"{option} gives '{name}' twice.", do="Give it once.")
        found[name] = value
    return found


def split_id(text: str, noun: str) -> tuple[str, int]:
    """``PROJECT/NUMBER`` in its two parts.

    Raises:
        BadInput: it is something else.

    Example:
        >>> split_id("fresh-produce/2", "model version")
        ('fresh-produce', 2)
    """
    project, _, number = text.rpartition("/")
    if not project or not number.isdigit():
        raise BadInput(f"'{text}' is not a {noun}.", do="Write PROJECT/NUMBER, for example fresh-produce/2.")
    return project, int(number)
