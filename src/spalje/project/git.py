"""Git: the one place that runs the ``git`` program.

Every call has a list of arguments, an environment without ``GIT_…`` variables of others, a time
limit, and settings that keep what a repository holds from being run: no hooks, no file-system
monitor, no protocols but files, SSH and HTTPS, no prompts.
"""

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from spalje.errors import BadInput, NotFound, UsageError

#: The branch that is built.
BRANCH = "main"

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.autocrlf=false",
    "commit.gpgSign=false",
    "log.showSignature=false",
    "gc.auto=0",
    "protocol.allow=never",
    "protocol.file.allow=always",
    "protocol.ssh.allow=always",
    "protocol.https.allow=always",
)


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
    _git("init", "--quiet", "--bare", f"--initial-branch={BRANCH}", "--template=", "--", str(folder))
    # Every commit ever pushed stays: runs and model versions name them.
    _git("config", "gc.pruneExpire", "never", folder=folder)
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
    _git("clone", "--quiet", "--template=", "--", source, str(folder), environ=environ)


def start(folder: Path) -> None:
    """Make a folder with files a repository whose branch is ``main``; nothing is committed.

    Raises:
        BadInput: Git could not.
    """
    _git("init", "--quiet", f"--initial-branch={BRANCH}", "--template=", "--", str(folder))


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
    _git("add", "--all", "--", ".", folder=folder, environ=everything)
    _git("commit", "--quiet", f"--message={message}", folder=folder, environ=person)
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
    _git(
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
    done = _run(words, folder=repository)
    sha = done.stdout.decode(errors="replace").strip()
    if done.returncode != 0 or not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", sha):
        listed = _git("for-each-ref", "--format=%(refname:short)", "refs/heads", folder=repository)
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
    listed = _git("ls-remote", "--", source, f"refs/heads/{branch}", environ=environ)
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
        _git("clone", "--quiet", "--bare", "--template=", "--", source, str(bare), environ=environ)
        return int(_git("rev-list", "--count", "--all", folder=bare))


def fetch(repository: Path, source: str, environ: Mapping[str, str] | None = None) -> None:
    """Bring a bare repository's branches and tags to where another's are; commits that were here stay.

    Args:
        repository: the bare repository.
        source: a path or an address.
        environ: variables for Git, see ``spalje.project.git_hosts.port.Remote``.

    Raises:
        BadInput: Git could not.
    """
    _git(
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
    done = _run(words, folder=repository)
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None


def has_commit(repository: Path, sha: str) -> bool:
    """Whether a commit of that full hash is here."""
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", sha) or not repository.is_dir():
        return False
    return _run(("cat-file", "-e", f"{sha}^{{commit}}"), folder=repository).returncode == 0


def is_ancestor(repository: Path, older: str, newer: str) -> bool:
    """Whether one commit is the other, or comes before it.

    Raises:
        BadInput: one of them is not there.
    """
    done = _run(("merge-base", "--is-ancestor", older, newer), folder=repository)
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
    listed = _run(("config", "--local", "--get-all", key), folder=repository)
    values = listed.stdout.decode(errors="replace").splitlines()
    if value in values and (add or len(values) == 1):
        return
    _git("config", "--local", "--add" if add else "--replace-all", key, value, folder=repository)


def author(repository: Path, sha: str) -> str:
    """Who wrote a commit, ``Name <mail>``.

    Raises:
        BadInput: there is no such commit.
    """
    said = _git("show", "--no-patch", "--format=%an <%ae>", "--end-of-options", sha, folder=repository)
    return said.decode(errors="replace").strip()


def origin(folder: Path) -> str | None:
    """What a working folder was cloned from; None: it is no clone."""
    done = _run(("config", "--get", "remote.origin.url"), folder=folder)
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
            _git(
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


def store(repository: Path, files: Mapping[str, tuple[int, bytes]], message: str) -> str:
    """Make a commit of files, on no branch; the same files and message give the same commit.

    Args:
        repository: a bare repository.
        files: path -> mode (``0o100644``, ``0o100755``, ``0o120000`` of a link) and content.
        message: the commit's.

    Returns:
        The commit's hash.

    Raises:
        BadInput: Git could not.
    """
    aside = f"refs/spalje/{uuid.uuid4().hex}"
    stream = [
        f"commit {aside}\ncommitter Spalje <spalje@localhost> 0 +0000\n".encode(),
        _data(message.encode()),
    ]
    for path, (mode, content) in sorted(files.items()):
        quoted = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        stream += [f'M {mode:o} inline "{quoted}"\n'.encode(), _data(content)]
    _git("fast-import", "--quiet", "--date-format=raw", folder=repository, stdin=b"".join(stream))
    try:
        return resolve(repository, aside)
    finally:
        _git("update-ref", "-d", aside, folder=repository)


def tag(repository: Path, name: str, sha: str) -> bool:
    """Tag a commit, unless there is a tag of that name.

    Args:
        repository: which.
        name: the tag's.
        sha: the commit.

    Returns:
        Whether it was done; False: there is such a tag, and it stays what it is.
    """
    words = ("update-ref", f"refs/tags/{name}", sha, "0" * len(sha))
    return _run(words, folder=repository).returncode == 0


def _data(content: bytes) -> bytes:
    return f"data {len(content)}\n".encode() + content + b"\n"


def tags(repository: Path, prefix: str = "") -> dict[str, str]:
    """Name of a tag, without the prefix -> its commit's hash.

    Args:
        repository: which.
        prefix: how the names begin, such as ``forecasting/``.

    Raises:
        BadInput: there is no such repository.
    """
    said = _git(
        "for-each-ref", "--format=%(objectname) %(*objectname) %(refname)", f"refs/tags/{prefix}", folder=repository
    )  # fmt: skip
    found = {}
    for line in said.decode(errors="replace").splitlines():
        own, peeled, name = line.split(" ", 2)
        found[name.removeprefix(f"refs/tags/{prefix}")] = peeled or own
    return found


def message(repository: Path, sha: str) -> str:
    """The message of a commit.

    Raises:
        BadInput: there is no such commit.
    """
    said = _git("show", "--no-patch", "--format=%B", "--end-of-options", sha, folder=repository)
    return said.decode(errors="replace").strip()


def fetch_tags(repository: Path, source: str, environ: Mapping[str, str] | None = None) -> None:
    """Bring the tags of another repository into a bare one; those that are gone there go here, too.

    Args:
        repository: the bare repository.
        source: a path or an address.
        environ: variables for Git, see ``spalje.project.git_hosts.port.Remote``.

    Raises:
        BadInput: Git could not.
    """
    _git(
        "fetch", "--quiet", "--prune", "--no-auto-maintenance", "--no-recurse-submodules", "--end-of-options",
        source, "+refs/tags/*:refs/tags/*", folder=repository, environ=environ, timeout_s=60.0,
    )  # fmt: skip


def is_dirty(folder: Path) -> list[str]:
    """The files of a working folder that differ from its last commit, new ones among them.

    Raises:
        BadInput: the folder is no repository.
    """
    said = _git(
        "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", folder=folder
    )  # fmt: skip
    return sorted(entry[3:] for entry in said.decode(errors="surrogateescape").split("\0") if entry)


def call(
    folder: Path, *words: str, environ: Mapping[str, str] | None = None, allowed: tuple[int, ...] = (0,)
) -> tuple[int, bytes]:
    """Call Git's plumbing in a repository.

    Args:
        folder: the repository.
        words: what to do.
        environ: variables for Git.
        allowed: exit codes that are answers.

    Returns:
        The exit code, and what Git said.

    Raises:
        BadInput: Git could not.
    """
    done = _run(words, folder=folder, environ=environ)
    if done.returncode not in allowed:
        raise _failed(words, folder, done)
    return done.returncode, done.stdout


def _git(
    *words: str,
    folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
    stdout: int = subprocess.PIPE,
    stdin: bytes | None = None,
    timeout_s: float = 300.0,
) -> bytes:
    """What ``git`` said; raises BadInput in its words when it failed."""
    done = _run(words, folder=folder, environ=environ, stdout=stdout, stdin=stdin, timeout_s=timeout_s)
    if done.returncode != 0:
        raise _failed(words, folder, done)
    return done.stdout or b""


def _failed(
    words: tuple[str, ...], folder: Path | None, done: "subprocess.CompletedProcess[bytes]"
) -> BadInput:
    text = (done.stderr or done.stdout or b"").decode(errors="replace").strip()
    said = text.splitlines() or [f"it ended with code {done.returncode}"]
    reason = next((line for line in said if line.startswith(("fatal:", "error:"))), said[-1])
    place = f" in {folder}" if folder else ""
    return BadInput(f"`git {words[0]}`{place} failed: {reason}")


def _run(
    words: tuple[str, ...],
    *,
    folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
    stdout: int = subprocess.PIPE,
    stdin: bytes | None = None,
    timeout_s: float = 300.0,
) -> "subprocess.CompletedProcess[bytes]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    clean |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", **(environ or {})}
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    place = ["-C", str(folder)] if folder else []
    try:
        return subprocess.run(
            ["git", *settings, *place, *words],
            env=clean,
            input=stdin if stdin is not None else b"",
            stdout=stdout,
            stderr=subprocess.PIPE,
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError as error:
        raise BadInput("There is no program `git` on the PATH.", do="Install Git 2.38 or newer.") from error
    except ValueError as error:
        raise BadInput(f"`git {words[0]}` cannot be given {words[1:]!r}: {error}.") from error
    except subprocess.TimeoutExpired as error:
        raise BadInput(
            f"`git {words[0]}` took longer than {timeout_s:g} s.",
            do="Look whether the repository can be reached.",
        ) from error
