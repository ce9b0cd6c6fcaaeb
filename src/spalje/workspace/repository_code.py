"""Where recipes come from: commits of repositories, checked out once each, and what their recipes compile to."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from spalje import __version__
from spalje.execution.commit import Commit
from spalje.execution.environment import Environment
from spalje.fingerprint import fingerprint
from spalje.pipeline.definition import Definition
from spalje.project import git


@dataclass(frozen=True)
class RepositoryCode:
    """Commits of Git repositories, checked out once each, and their compiled recipes.

    Attributes:
        folder: where checked-out commits are kept.
        environment: gives ``current``, in which recipes are compiled.
        revise: changes every definition; None: they are taken as they are.
        local: where the commit that a repository's ref names can be read.
    """

    folder: Path
    environment: Callable[[str, Path], Environment]
    revise: Callable[[Definition], Definition] | None = None
    local: Callable[[str, str], Path] = lambda repository, _: Path(repository)
    _known: dict[tuple[str, str], Commit] = field(default_factory=dict, init=False, repr=False, compare=False)

    def checkout(self, repository: str, ref: str) -> Commit:
        """See ``spalje.execution.commit.Code``."""
        if (repository, ref) in self._known:
            return self._known[repository, ref]
        bare = self.local(repository, ref)
        sha = ref if len(ref) == 40 and (self.folder / ref).is_dir() else git.resolve(bare, ref)
        folder = self.folder / sha
        if not folder.is_dir():
            git.export(bare, sha, folder)
        commit = Commit(repository, sha, git.author(bare, sha), folder)
        self._known[repository, sha] = commit  # a branch may move, a commit does not
        return commit

    def message(self, repository: str, sha: str) -> str:
        """The message of a commit.

        Raises:
            BadInput: there is no such commit.
        """
        return git.message(self.local(repository, sha), sha)

    def definitions(self, commit: Commit) -> dict[str, Definition]:
        """See ``spalje.execution.commit.Code``."""
        found = self._compiled(commit)
        if self.revise is None:
            return found
        return {name: self.revise(definition) for name, definition in found.items()}

    def _compiled(self, commit: Commit) -> dict[str, Definition]:
        environment = self.environment("current", commit.folder)
        name = fingerprint({"sha": commit.sha, "environment": environment.lock, "spalje": __version__})
        known = self.folder / f"{name}.json"
        if known.is_file():
            return {
                key: Definition.model_validate(value) for key, value in json.loads(known.read_text()).items()
            }
        from spalje.pipeline.compile import compile_recipe

        definitions = compile_recipe(commit.folder, (sys.executable,))
        aside = known.with_suffix(f".{uuid4().hex}")  # threads of this process may be at the same
        aside.write_text(
            json.dumps({key: value.model_dump(mode="json") for key, value in definitions.items()})
        )
        aside.replace(known)
        return definitions
