"""The file ``catalog.toml`` of a workspace: which templates are added, replaced or hidden."""

import os
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from tomlkit.exceptions import TOMLKitError

from spalje.errors import BadInput
from spalje.project.template.template import check_name

_HEAD = "# Templates of this workspace; see docs/templates.md.\n"


class Entry(BaseModel):
    """A template in the catalog; one ``[templates.NAME]``.

    Attributes:
        source: a folder's path, a Git repository's path or URL, or ``package:NAME/FOLDER``.
        subfolder: where in it the template is.
        trusted: whether the template may run programs while it is rendered.
        teams: the teams that see it; none: everybody.
        hidden: whether nobody sees it, such as a template that comes with Spaljé and is not wanted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = ""
    subfolder: str = ""
    trusted: bool = False
    teams: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    hidden: bool = False

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if not self.source and not self.hidden:
            raise ValueError("source is missing: a folder, a Git repository or package:NAME/FOLDER")
        return self


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    templates: Mapping[str, Entry] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CatalogFile:
    """Reads the file, and changes one entry of it at a time; comments stay.

    Attributes:
        file: where it is; need not be there.
    """

    file: Path

    def read(self) -> dict[str, Entry]:
        """Name of a template -> its entry.

        Raises:
            BadInput: the file is not TOML, or an entry is not allowed.
            UsageError: no template can be called that.
        """
        text = self._text()
        try:
            entries = dict(_File.model_validate(tomllib.loads(text)).templates)
        except tomllib.TOMLDecodeError as error:
            raise BadInput(f"{self.file} is not TOML: {error}.", do="Correct it.") from None
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            said = first["msg"].removeprefix("Value error, ")
            raise BadInput(
                f"{self.file}: {place}: {said}.", do="Correct it; docs/templates.md shows one."
            ) from None
        for name in entries:
            check_name("template", name)
        return entries

    def put(self, name: str, entry: Entry) -> None:
        """Add or replace an entry.

        Raises:
            BadInput: the file is not TOML.
        """
        document = self._document()
        templates = document.setdefault("templates", tomlkit.table(is_super_table=True))
        table = tomlkit.table()
        for key, value in entry.model_dump(exclude_defaults=True).items():
            table[key] = list(value) if isinstance(value, tuple) else value
        templates[name] = table
        self._write(tomlkit.dumps(document))

    def drop(self, name: str) -> None:
        """Take an entry out; one that is not there is no error.

        Raises:
            BadInput: the file is not TOML.
        """
        document = self._document()
        if name in document.get("templates", {}):
            del document["templates"][name]
            self._write(tomlkit.dumps(document))

    def _text(self) -> str:
        try:
            return self.file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError as error:
            raise BadInput(f"{self.file} is not TOML: {error}.", do="Correct it.") from None

    def _document(self) -> tomlkit.TOMLDocument:
        try:
            return tomlkit.parse(self._text() or _HEAD)
        except TOMLKitError as error:
            raise BadInput(f"{self.file} is not TOML: {error}.", do="Correct it.") from None

    def _write(self, text: str) -> None:
        """The whole file or the old one, whatever happens."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(prefix=f".{self.file.name}-", dir=self.file.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            Path(aside).chmod(0o644)
            Path(aside).replace(self.file)
        finally:
            Path(aside).unlink(missing_ok=True)
