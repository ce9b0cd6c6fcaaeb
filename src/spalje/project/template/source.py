"""Where templates come from: folders, Git repositories with versions as tags, and installed packages."""

import fcntl
import hashlib
import importlib.util
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from spalje.errors import BadInput, NotFound, UsageError
from spalje.project import git, git_tags
from spalje.project.template.card import in_order, is_version
from spalje.project.template.catalog_file import Entry
from spalje.project.template.template import Template

#: After how many seconds a repository elsewhere is asked again for its tags.
_FRESH_S = 300.0
_PACKAGE = "package:"
_SCHEMES = ("https", "ssh", "file")
_SCP = re.compile(r"[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:(?!//)[^\x00-\x1f]+")


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
        check_source(entry.source, entry.subfolder)
        if not is_repository(entry.source):
            found = self._read(name, entry, _folder(entry.source))
            if version not in (None, found.version):
                raise NotFound(f"version of template '{name}' called", str(version), [found.version])
            return found
        offered = self._offered(entry.source, version)
        if version is None:
            version = max(offered, key=in_order)
        elif version not in offered:
            raise NotFound(f"version of template '{name}' called", version, offered)
        folder = self._place(entry.source) / offered[version]
        git.export(self._mirror(entry.source), offered[version], folder)
        found = self._read(name, entry, folder)
        if found.version != version:
            raise BadInput(
                f"Template '{name}' calls itself {found.version} in the commit that is tagged {version} "
                f"in {entry.source}.",
                do="Set version in template.toml as the tag says, commit, and tag that commit.",
            )
        return found

    def versions(self, name: str, entry: Entry) -> tuple[str, ...]:
        """The versions of an entry's template that are on offer, oldest first.

        Raises:
            NotFound, BadInput: see ``template``.
        """
        check_source(entry.source, entry.subfolder)
        if not is_repository(entry.source):
            return (self.template(name, entry).version,)
        return tuple(sorted(self._offered(entry.source, None), key=in_order))

    def _read(self, name: str, entry: Entry, folder: Path) -> Template:
        return Template.read(
            folder / entry.subfolder, name, trusted=entry.trusted, teams=entry.teams, source=entry.source
        )

    def _place(self, source: str) -> Path:
        return self.cache / hashlib.sha256(source.encode()).hexdigest()[:16]

    def _mirror(self, source: str) -> Path:
        return self._place(source) / "mirror.git"

    def _offered(self, source: str, wanted: str | None) -> dict[str, str]:
        """Version -> commit; asks the repository again unless it was asked just now.

        A repository that cannot be reached is offered as it was when it last could.
        """
        mirror, asked = self._mirror(source), self._place(source) / "asked"
        with _alone(self._place(source)):
            if not mirror.is_dir():
                git.init_bare(mirror)
            known = _versions(mirror)
            elsewhere = not source.startswith(("/", "file://"))
            fresh = elsewhere and asked.exists() and time.time() - asked.stat().st_mtime < _FRESH_S
            if not (fresh and known and wanted in (None, *known)):
                try:
                    git_tags.fetch_tags(mirror, source, self.credentials(source))
                    known = _versions(mirror)
                except BadInput as error:
                    if not known:
                        raise BadInput(
                            f"{source} cannot be read: {error}",
                            do="Check the address, and that this account may read it.",
                        ) from error
                asked.touch()  # also where it cannot be reached: nobody waits for it at every command
        if not known:
            raise BadInput(
                f"{source} has no tag that is a version.",
                do="Tag a commit of it: git tag 1.0.0 && git push origin 1.0.0",
            )
        return known


def check_source(source: str, subfolder: str) -> None:
    """Refuse a source that cannot be one.

    Raises:
        UsageError: it is an address of another kind or with a password in it, or the subfolder leads out.
    """
    path = PurePosixPath(subfolder)
    if path.is_absolute() or ".." in path.parts or not subfolder.isprintable():
        raise UsageError(f"The subfolder {subfolder!r} leads out of the source.", do="Name a folder in it.")
    if not source.isprintable() or source.startswith("-"):
        raise UsageError(f"{source!r} is no place of a template.", do="Name a folder or a Git repository.")
    if "://" in source:
        parts = urlsplit(source)
        if parts.scheme not in _SCHEMES:
            raise UsageError(
                f"Templates are not fetched over {parts.scheme}.", do=f"Use {', '.join(_SCHEMES)} or a path."
            )
        if parts.password or (parts.username and parts.scheme != "ssh"):
            raise UsageError(
                "An address with a password or a token in it is not kept.",
                do="Leave it out; Git's credential helper or the settings of the Git host have it.",
            )
    elif not source.startswith((_PACKAGE, "/")) and not _SCP.fullmatch(source):
        raise UsageError(f"'{source}' is no place of a template.", do="Give the whole path of a folder.")


def is_repository(source: str) -> bool:
    """Whether a source is a Git repository, whose tags are versions; a folder inside one is a folder."""
    if source.startswith(_PACKAGE):
        return False
    if not source.startswith("/"):
        return True
    folder = Path(source)
    return (folder / ".git").exists() or ((folder / "HEAD").is_file() and (folder / "objects").is_dir())


def _versions(mirror: Path) -> dict[str, str]:
    """Version -> commit: tags such as 1.2.0 and v1.2.0, the former where there are both."""
    tags = git_tags.tags(mirror)
    return {
        version: sha
        for prefix in ("v", "")
        for tag, sha in tags.items()
        if tag.startswith(prefix) and is_version(version := tag.removeprefix(prefix))
    }


def _folder(source: str) -> Path:
    """The folder of a source that is no Git repository; a package is found and not imported."""
    if not source.startswith(_PACKAGE):
        return Path(source)
    package, _, inside = source.removeprefix(_PACKAGE).partition("/")
    try:
        spec = importlib.util.find_spec(package) if package.isidentifier() else None
    except ValueError:  # the program that runs just now has no place
        spec = None
    homes = list(spec.submodule_search_locations or ()) if spec else []
    folders = [Path(home) / inside for home in homes if (Path(home) / inside).is_dir()]
    if ".." in PurePosixPath(inside).parts or inside.startswith("/") or not folders:
        raise BadInput(
            f"'{source}' was not found among what is installed beside Spaljé.",
            do=f"Write package:NAME/FOLDER, and install the package: pip install {package.replace('_', '-')}",
        )
    return folders[0]


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Be the only process that fetches into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
