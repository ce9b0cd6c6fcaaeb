"""Snapshots: every version of a template that was ever used, kept for ever and never changed."""

from dataclasses import dataclass
from pathlib import Path

from spalje.project.template import Template


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Versions of templates in a bare repository, each a tag ``<template>/<version>``.

    Attributes:
        repository: the bare repository; made when the first version is kept.
        cache: a folder for exported versions.
    """

    repository: Path
    cache: Path

    def keep(self, template: Template) -> Template:
        """Keep a version of a template; said again of the same content, nothing changes.

        Returns:
            The same template with ``folder`` the kept files.

        Raises:
            BadInput: that version was kept with other content, or a file of it leads out of the template.
        """
        raise NotImplementedError

    def get(self, name: str, version: str, *, trusted: bool = False) -> Template:
        """A version that was kept.

        Args:
            name: the template.
            version: which.
            trusted: whether it may run programs: what the catalog says of the template.

        Raises:
            NotFound: it was not; says which were.
        """
        raise NotImplementedError

    def versions(self, name: str) -> tuple[str, ...]:
        """The versions of a template that were kept, oldest first."""
        raise NotImplementedError
