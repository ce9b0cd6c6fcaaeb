"""Repositories of Git: made, cloned, committed to, pushed, fetched, looked into, exported."""

import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from spalje.errors import BadInput, NotFound, UsageError
from spalje.project.git_program import git, run

#: The branch that is built.
BRANCH = "main"


@dataclass(frozen=True, slots=True)
class Author:
    """Who a commit is by.

    Example:
        >>> str(Author.parse("Ada Lovelace <ada@example.org>"))
        'Ada Lovelace <ada@example.org>'
    """

    name: str
    mail: str

    @classmethod
    def parse(cls, text: str) -> "Author":
        """Read ``Name <mail>``, or a bare name, which gets a mail address at ``localhost``.

        Raises:
            UsageError: neither of these, or a name without a letter or digit.
        """
        found = re.fullmatch(r"([^<>\x00-\x1f]*)(?:<([^<>\s\x00-\x1f]+)>)?", text.strip())
        name = found[1].strip() if found else ""
        if found and any(letter.isalnum() for letter in name):
            return cls(
                name, found[2] or f"{re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-') or 'person'}@localhost"
            )
        raise UsageError(
            f"{text!r} is not a person's name and mail address.",
            do="Write it as in: Ada Lovelace <ada@example.org>",
        )

    def __str__(self) -> str:
        return f"{self.name} <{self.mail}>"


def init_bare(folder: Path) -> None:
    """Make an empty bare repository whose branch is ``main``.

    Raises:
        BadInput: Git could not.
    """
    git("init", "--quiet", "--bare", f"--initial-branch={BRANCH}", "--template=", "--", str(folder))
    # Every commit ever pushed stays: runs and model versions name them.
    git("config", "gc.pruneExpire", "never", folder=folder)
    # What is exported is what was committed, whatever .gitattributes says about archives.
    (folder / "info").mkdir(exist_ok=True)
    (folder / "info" / "attributes").write_text("* -export-ignore -export-subst\n", encoding="utf-8")


def clone(source: str, folder: Path, environ: Mapping[str, str] | None = None) -> None:
    """Clone a repository into a folder that is not there yet.

    Args:
        source: a path or an address.
        folder: where to.
        environ: variables for Git, see ``spalje.project.git_hosts.port.Remote``.

    Raises:
        BadInput: Git could not.
    """
    git("clone", "--quiet", "--template=", "--", source, str(folder), environ=environ)


def start(folder: Path) -> None:
    """Make a folder with files a repository whose branch is ``main``; nothing is committed.

    Raises:
        BadInput: Git could not.
    """
    git("init", "--quiet", f"--initial-branch={BRANCH}", "--template=", "--", str(folder))


def commit_all(folder: Path, message: str, author: Author, at: datetime | None = None) -> str:
    """Commit everything in a working folder; the commit's hash.

    Args:
        folder: the working folder.
        message: the commit's.
        author: who it is by.
        at: when it was made; None: now. The same files, author and time give the same hash.

    Raises:
        BadInput: there is nothing to commit, or Git could not.
    """
    told = {"NAME": author.name, "EMAIL": author.mail}
    if at is not None:
        told["DATE"] = f"{int(at.timestamp())} +0000"
    person = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in told.items()}
    everything = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.excludesFile",
        "GIT_CONFIG_VALUE_0": os.devnull,  # what this person never commits elsewhere counts here
    }
    git("add", "--all", "--", ".", folder=folder, environ=everything)
    git("commit", "--quiet", f"--message={message}", folder=folder, environ=person)
    return resolve(folder, "HEAD")


def push(
    folder: Path, target: str = "origin", branch: str = BRANCH, environ: Mapping[str, str] | None = None
) -> None:
    """Push a branch of a working folder to a remote's name or a repository's location.

    Args:
        folder: the working folder, or a bare repository.
        target: where to.
        branch: which.
        environ: variables for Git, see ``spalje.project.git_hosts.port.Remote``.

    Raises:
        BadInput: Git could not, for example because the other side has commits that are not here.
    """
    git(
        "push",
        "--quiet",
        "--",
        target,
        f"refs/heads/{branch}:refs/heads/{branch}",
        folder=folder,
        environ=environ,
    )


def resolve(repository: Path, ref: str) -> str:
    """The hash of the commit that a branch, tag or abbreviated hash names.

    Raises:
        NotFound: there is none; says which branches there are.
    """
    words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    done = run(words, folder=repository)
    sha = done.stdout.decode(errors="replace").strip()
    if done.returncode != 0 or not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", sha):
        listed = git("for-each-ref", "--format=%(refname:short)", "refs/heads", folder=repository)
        raise NotFound(f"commit in {repository} called", ref, listed.decode(errors="replace").split())
    return sha


def tip(source: str, branch: str = BRANCH, environ: Mapping[str, str] | None = None) -> str | None:
    """The hash of a branch's last commit in a repository elsewhere; None: there is no such branch.

    Args:
        source: a path or an address.
        branch: which.
        environ: variables for Git, see ``spalje.project.git_hosts.port.Remote``.

    Raises:
        BadInput: Git could not reach it.
    """
    listed = git("ls-remote", "--", source, f"refs/heads/{branch}", environ=environ)
    lines = [line.split("\t") for line in listed.decode(errors="replace").splitlines()]
    return next((sha for sha, ref in lines if ref == f"refs/heads/{branch}"), None)


def count_commits(source: str, environ: Mapping[str, str] | None = None) -> int:
    """How many commits a repository elsewhere holds, on all its branches and tags.

    Args:
        source: a path or an address.
        environ: variables for Git, see ``spalje.project.git_hosts.port.Remote``.

    Raises:
        BadInput: Git could not reach it.
    """
    with tempfile.TemporaryDirectory(prefix="spalje-") as aside:
        bare = Path(aside) / "counted.git"
        git("clone", "--quiet", "--bare", "--template=", "--", source, str(bare), environ=environ)
        return int(git("rev-list", "--count", "--all", folder=bare))


def fetch(repository: Path, source: str, environ: Mapping[str, str] | None = None) -> None:
    """Bring a bare repository's branches and tags to where another's are; commits that were here stay.

    Args:
        repository: the bare repository.
        source: a path or an address.
        environ: variables for Git, see ``spalje.project.git_hosts.port.Remote``.

    Raises:
        BadInput: Git could not.
    """
    git(
        "fetch",
        "--quiet",
        "--prune",
        "--no-write-fetch-head",
        "--",
        source,
        "+refs/heads/*:refs/heads/*",
        "+refs/tags/*:refs/tags/*",
        folder=repository,
        environ=environ,
    )


def branch(repository: Path, name: str) -> str | None:
    """The hash of a branch's last commit; None: there is no such branch."""
    words = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"refs/heads/{name}^{{commit}}")
    done = run(words, folder=repository)
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None


def has_commit(repository: Path, sha: str) -> bool:
    """Whether a commit of that full hash is here."""
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", sha) or not repository.is_dir():
        return False
    return run(("cat-file", "-e", f"{sha}^{{commit}}"), folder=repository).returncode == 0


def is_ancestor(repository: Path, older: str, newer: str) -> bool:
    """Whether one commit is the other, or comes before it.

    Raises:
        BadInput: one of them is not there.
    """
    done = run(("merge-base", "--is-ancestor", older, newer), folder=repository)
    if done.returncode not in {0, 1}:
        raise BadInput(f"{repository} does not have both commits, {older[:10]} and {newer[:10]}.")
    return done.returncode == 0


def set_config(repository: Path, key: str, value: str, *, add: bool = False) -> None:
    """Give a setting of a repository a value.

    Args:
        repository: which.
        key: the setting.
        value: the value.
        add: keep its other values beside this one.

    Raises:
        BadInput: Git could not.
    """
    listed = run(("config", "--local", "--get-all", key), folder=repository)
    values = listed.stdout.decode(errors="replace").splitlines()
    if value in values and (add or len(values) == 1):
        return
    git("config", "--local", "--add" if add else "--replace-all", key, value, folder=repository)


def author(repository: Path, sha: str) -> str:
    """Who wrote a commit, ``Name <mail>``.

    Raises:
        BadInput: there is no such commit.
    """
    said = git("show", "--no-patch", "--format=%an <%ae>", "--end-of-options", sha, folder=repository)
    return said.decode(errors="replace").strip()


def origin(folder: Path) -> str | None:
    """What a working folder was cloned from; None: it is no clone."""
    done = run(("config", "--get", "remote.origin.url"), folder=folder)
    return done.stdout.decode(errors="replace").strip() or None


def export(repository: Path, sha: str, folder: Path) -> None:
    """Write the files of a commit into a folder; a folder that is there already is left as it is.

    The folder appears whole or not at all.

    Raises:
        BadInput: there is no such commit, or it holds a link that leads out of it.
    """
    if folder.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        with tempfile.TemporaryFile() as archive:
            git(
                "archive", "--format=tar", "--end-of-options", sha, folder=repository, stdout=archive.fileno()
            )
            archive.seek(0)
            with tarfile.open(fileobj=archive, mode="r:") as tar:
                tar.extractall(aside, filter="data")
        aside.chmod(0o755)
        aside.rename(folder)
    except tarfile.FilterError as error:
        raise BadInput(
            f"Commit {sha[:10]} of {repository} holds {error.tarinfo.name}, which leads out of it.",
            do="Take it out of the repository and commit again.",
        ) from error
    except OSError:
        if not folder.is_dir():  # else somebody else exported the same commit just now
            raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def message(repository: Path, sha: str) -> str:
    """The message of a commit.

    Raises:
        BadInput: there is no such commit.
    """
    said = git("show", "--no-patch", "--format=%B", "--end-of-options", sha, folder=repository)
    return said.decode(errors="replace").strip()


def is_dirty(folder: Path) -> list[str]:
    """The files of a working folder that differ from its last commit, new ones among them.

    Raises:
        BadInput: the folder is no repository.
    """
    said = git(
        "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", folder=folder
    )  # fmt: skip
    return sorted(entry[3:] for entry in said.decode(errors="surrogateescape").split("\0") if entry)
