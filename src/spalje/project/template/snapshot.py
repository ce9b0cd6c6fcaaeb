"""Snapshots: every version of a template that was ever used, kept for ever and never changed."""

import hashlib
import os
import shutil
import stat
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from spalje.errors import BadInput, Conflict, NotFound
from spalje.fingerprint import fingerprint
from spalje.project import git, git_tags
from spalje.project.template.card import in_order, is_version
from spalje.project.template.template import Template, check_name

#: What tools leave behind in a template's folder; no part of it.
_LEFT = (
    ".git",
    ".hypothesis",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".venv",
    "__pycache__",
    ".DS_Store",
)
_DIGEST = "Spalje-Digest: "
_MOST_FILES = 5_000
_MOST_BYTES = 50 << 20

#: Path in the template -> mode as Git writes it, and content.
Files = Mapping[str, tuple[int, bytes]]


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
            Conflict: other processes keep the same version, and none comes to an end.
        """
        found, files, digest = self._looked(template)
        if self._digest(template.name, template.version) is None:
            sha = git_tags.store(self.repository, files, _message(template, digest))
            self._tag(f"{template.name}/{template.version}", sha)
        self._refuse_other(template, digest)  # somebody else may have been first
        return found

    def look(self, template: Template) -> Template:
        """What ``keep`` gives, without keeping it: for a rendering of which nothing comes yet.

        Raises:
            BadInput: see ``keep``.
        """
        return self._looked(template)[0]

    def get(self, name: str, version: str, *, trusted: bool = False) -> Template:
        """A version that was kept.

        Args:
            name: the template.
            version: which.
            trusted: whether it may run programs: what the catalog says of the template.

        Raises:
            NotFound: it was not; says which were.
        """
        check_name("template", name)
        digest = self._digest(name, version) if is_version(version) else None
        if digest is None:
            raise NotFound(
                f"version of template '{name}' called",
                version,
                self.versions(name),
                do="Only versions that a project of this workspace was made from or updated to are kept.",
            )
        folder = self._export(name, version, digest)
        return Template.read(folder, name, trusted=trusted, source=f"{name} {version} as it was used")

    def versions(self, name: str) -> tuple[str, ...]:
        """The versions of a template that were kept, oldest first."""
        check_name("template", name)
        if not self.repository.is_dir():
            return ()
        return tuple(sorted(git_tags.tags(self.repository, f"{name}/"), key=in_order))

    def _folder(self, name: str, version: str, digest: str) -> Path:
        return self.cache / name / f"{version}-{digest[:16]}"

    def _digest(self, name: str, version: str) -> str | None:
        """What a version holds; None: it was not kept."""
        sha = git_tags.tags(self.repository, f"{name}/").get(version) if self.repository.is_dir() else None
        if sha is None:
            return None
        return git.message(self.repository, sha).rpartition(_DIGEST)[2]

    def _export(self, name: str, version: str, digest: str) -> Path:
        folder = self._folder(name, version, digest)
        if not folder.is_dir():
            git.export(self.repository, git_tags.tags(self.repository, f"{name}/")[version], folder)
        return folder

    def _looked(self, template: Template) -> tuple[Template, Files, str]:
        """The template with its files in the cache, which shows that they can be read again."""
        check_name("template", template.name)
        files = read_files(template.folder)
        digest = fingerprint({
            path: [mode, hashlib.sha256(content).hexdigest()] for path, (mode, content) in files.items()
        })  # fmt: skip
        self._make()
        self._refuse_other(template, digest)
        folder = self._folder(template.name, template.version, digest)
        if not folder.is_dir():
            sha = git_tags.store(self.repository, files, _message(template, digest))
            git.export(self.repository, sha, folder)
        return replace(template, folder=folder), files, digest

    def _tag(self, name: str, sha: str) -> None:
        """See that there is a tag of that name: ours, or that of somebody else who was first."""
        for wait_s in (0.0, 0.1, 0.3, 1.0, 3.0):  # another process may be about to write it
            time.sleep(wait_s)
            if git_tags.tag(self.repository, name, sha) or name in git_tags.tags(self.repository):
                return
        raise Conflict(
            f"The tag {name} of {self.repository} cannot be written: another process holds it.",
            do=f"Try again; where no other process runs, remove {self.repository}/refs/tags/{name}.lock.",
        )

    def _refuse_other(self, template: Template, digest: str) -> None:
        if self._digest(template.name, template.version) not in (None, digest):
            raise BadInput(
                f"Template '{template.name}' {template.version} is in use with other content than it has now in "
                f"{template.source or template.folder}.",
                do="Raise version in its template.toml: what projects were made from never changes.",
            )

    def _make(self) -> None:
        if self.repository.is_dir():
            return
        self.repository.parent.mkdir(parents=True, exist_ok=True)
        aside = self.repository.with_name(f"{self.repository.name}.{uuid.uuid4().hex}")
        try:
            git.init_bare(aside)
            aside.rename(self.repository)
        except OSError:
            if not self.repository.is_dir():  # else somebody else made it just now
                raise
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def _message(template: Template, digest: str) -> str:
    return f"{template.name} {template.version}\n\n{_DIGEST}{digest}\n"


def read_files(folder: Path) -> Files:
    """The files of a template's folder, without what tools left there.

    Raises:
        BadInput: a file leads out of the template, is a device or the like, or there are too many.
    """
    files: dict[str, tuple[int, bytes]] = {}
    size = 0
    do = "A template holds plain files and links among them; docs/templates.md says more."
    for path in _walk(folder):
        name = str(path.relative_to(folder))
        told = path.lstat()
        if not name.isprintable():
            raise BadInput(f"{str(path)!a} has a name that cannot be read.", do=do)
        if is_gits(path.relative_to(folder)):
            raise BadInput(f"{path} is Git's own.", do=do)
        if stat.S_ISLNK(told.st_mode):
            aim = path.readlink()
            if aim.is_absolute() or not Path(os.path.normpath(path.parent / aim)).is_relative_to(folder):
                raise BadInput(f"{path} is a link that leads out of the template, to {aim}.", do=do)
            files[name] = (0o120000, str(aim).encode())
        elif stat.S_ISREG(told.st_mode):
            size += told.st_size
            if size > _MOST_BYTES or len(files) >= _MOST_FILES:
                raise BadInput(
                    f"{folder} holds more than {_MOST_FILES:,} files or {_MOST_BYTES:,} bytes.",
                    do="Take out what is no part of the template, such as data.",
                )
            files[name] = (0o100755 if told.st_mode & 0o100 else 0o100644, path.read_bytes())
        else:
            raise BadInput(f"{path} is no file.", do=do)
    return files


def is_gits(path: Path) -> bool:
    """Whether a path is one that Git keeps for itself, on any file system.

    Example:
        >>> [is_gits(Path(path)) for path in (".GIT/config", "a/git~1", ".git ", ".github/x", ".gitignore")]
        [True, True, True, False, False]
    """
    return any(part.lower().rstrip(". ").partition(":")[0] in (".git", "git~1") for part in path.parts)


def _walk(folder: Path) -> Iterator[Path]:
    """Everything that is no folder, in order; links are not followed."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.name in _LEFT or entry.name.endswith((".pyc", ".pyo")):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))
        else:
            yield Path(entry.path)
