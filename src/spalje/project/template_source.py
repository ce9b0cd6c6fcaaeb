"""Where templates come from: folders, Git repositories with versions as tags, and installed packages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from spalje.project.catalog_file import Entry
from spalje.project.template import Template


@dataclass(frozen=True, slots=True)
class Sources:
    """Reads templates from where they are.

    Attributes:
        cache: a folder for what comes from Git repositories.
        credentials: variables for ``git`` that reach a private repository.
    """

    cache: Path
    credentials: Callable[[str], Mapping[str, str]]

    def template(self, name: str, entry: Entry, version: str | None = None) -> Template:
        """The template of an entry.

        Args:
            name: what the catalog calls it.
            entry: where it is.
            version: which; None: the newest.

        Raises:
            NotFound: nothing is there, or no such version.
            BadInput: it does not say what it is, or calls itself otherwise than its tag.
        """
        raise NotImplementedError

    def versions(self, name: str, entry: Entry) -> tuple[str, ...]:
        """The versions of an entry's template that are on offer, oldest first.

        Raises:
            NotFound, BadInput: see ``template``.
        """
        raise NotImplementedError
