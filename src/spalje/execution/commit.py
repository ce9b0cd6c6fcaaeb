"""A commit of a repository, and where the recipes of commits come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from spalje.pipeline.definition import Definition


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of a repository, checked out.

    Attributes:
        repository: the bare repository.
        sha: 40 hexadecimal digits.
        author: "Name <mail>".
        folder: its files, read-only by convention.
    """

    repository: str
    sha: str
    author: str
    folder: Path


class Code(Protocol):
    """Where recipes come from."""

    def checkout(self, repository: str, ref: str) -> Commit:
        """The commit that a branch, tag or hash names.

        Raises:
            NotFound: there is none.
        """

    def definitions(self, commit: Commit) -> Mapping[str, Definition]:
        """The pipelines of the recipe at a commit, by name.

        Raises:
            BadInput: the recipe does not compile; says file and line.
        """
