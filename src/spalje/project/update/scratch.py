"""A scratch repository: sees everything that another one holds, keeps what is made to itself, and is thrown away."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from spalje.project import git, git_program
from spalje.project.git import Author

#: Who commits are by that only serve a merge and are never pushed; always the same, so that they are.
_NOBODY = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "Spaljé"), ("EMAIL", "spalje@localhost"), ("DATE", "@0 +0000"))
}


@dataclass(frozen=True, slots=True)
class File:
    """A file in a tree.

    Attributes:
        mode: ``100644``, ``100755``, ``120000`` (a link) or ``160000`` (a submodule).
        blob: the hash of its content.
    """

    mode: str
    blob: str

    @property
    def is_regular(self) -> bool:
        """Whether it is neither a link nor a submodule."""
        return self.mode.startswith("100")


@dataclass(frozen=True, slots=True)
class Scratch:
    """A scratch repository.

    Attributes:
        folder: where it is.
    """

    folder: Path

    @classmethod
    @contextmanager
    def over(cls, repository: Path) -> Iterator["Scratch"]:
        """One that sees the objects of a bare repository, which stays as it is.

        Raises:
            BadInput: Git could not.
        """
        with tempfile.TemporaryDirectory(prefix="spalje-update-") as aside:
            folder = Path(aside) / "scratch.git"
            for part in ("objects/info", "refs/heads"):
                (folder / part).mkdir(parents=True)
            (folder / "HEAD").write_text(f"ref: refs/heads/{git.BRANCH}\n", encoding="utf-8")
            objects = (repository / "objects").resolve()
            (folder / "objects" / "info" / "alternates").write_text(f"{objects}\n", encoding="utf-8")
            yield cls(folder)

    def tree_of(self, folder: Path) -> str:
        """The tree of a folder's files, as a first commit of them would have it.

        Raises:
            BadInput: Git could not.
        """
        environ = {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "core.excludesFile",
            "GIT_CONFIG_VALUE_0": "/dev/null",
        }
        with self._index() as index:
            git_program.call(
                self.folder,
                "add",
                "--all",
                "--",
                ".",
                environ={**environ, **index, "GIT_WORK_TREE": str(folder)},
            )
            return self._said("write-tree", environ=index)

    def tree(self, commit: str) -> str:
        """The tree of a commit."""
        return self._said("rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}")

    def files(self, tree: str) -> dict[str, File]:
        """The files of a tree by their paths."""
        said = git_program.call(self.folder, "ls-tree", "-r", "-z", "--full-tree", tree)[1]
        found = {}
        for entry in filter(None, said.split(b"\0")):
            told, path = entry.split(b"\t", 1)
            mode, _, blob = told.decode().split(" ")
            found[path.decode(errors="surrogateescape")] = File(mode, blob)
        return found

    def read(self, blob: str) -> bytes:
        """The content of a file."""
        return git_program.call(self.folder, "cat-file", "blob", blob)[1]

    def write(self, content: bytes) -> str:
        """Keep the content of a file; its hash."""
        with tempfile.NamedTemporaryFile(dir=self.folder) as file:
            file.write(content)
            file.flush()
            return self._said("hash-object", "-w", "--no-filters", "--", file.name)

    def revised(self, tree: str, put: Mapping[str, File], drop: tuple[str, ...] = ()) -> str:
        """A tree with some files put in and some taken out; its hash."""
        if not put and not drop:
            return tree
        with self._index() as index:
            git_program.call(self.folder, "read-tree", tree, environ=index)
            words = [
                word
                for path, file in put.items()
                for word in ("--cacheinfo", f"{file.mode},{file.blob},{path}")
            ]
            gone = ("--force-remove", "--", *drop) if drop else ()
            git_program.call(self.folder, "update-index", "--add", *words, *gone, environ=index)
            return self._said("write-tree", environ=index)

    def commit(self, tree: str, *parents: str, message: str = "", author: Author | None = None) -> str:
        """A commit of a tree, on no branch; its hash. Without an author it only serves a merge."""
        person = (
            {
                f"GIT_{role}_{key}": value
                for role in ("AUTHOR", "COMMITTER")
                for key, value in (("NAME", author.name), ("EMAIL", author.mail))
            }
            if author
            else _NOBODY
        )
        words = [word for parent in parents for word in ("-p", parent)]
        return self._said("commit-tree", *words, "-m", message or "-", tree, environ=person)

    def name(self, branch: str, commit: str) -> None:
        """Give a commit the name of a branch."""
        git_program.call(self.folder, "update-ref", f"refs/heads/{branch}", commit)

    def push(
        self, commit: str, url: str, branch: str, *, over: str | None, environ: Mapping[str, str]
    ) -> None:
        """Push a commit as a branch, in place of exactly one other or of none.

        Args:
            commit: what.
            url: where to.
            branch: its name there.
            over: the commit that the branch is at; None: there is no such branch.
            environ: variables for Git, see ``spalje.project.git_hosts.port.Remote``.

        Raises:
            BadInput: Git could not, for example because the branch is somewhere else by now.
        """
        ref = f"refs/heads/{branch}"
        lease = f"--force-with-lease={ref}:{over or ''}"
        git_program.call(self.folder, "push", "--quiet", lease, "--", url, f"{commit}:{ref}", environ=environ)

    def _said(self, *words: str, environ: Mapping[str, str] | None = None) -> str:
        return git_program.call(self.folder, *words, environ=environ)[1].decode().strip()

    @contextmanager
    def _index(self) -> Iterator[dict[str, str]]:
        """A place for a list of files that is nobody else's."""
        with tempfile.TemporaryDirectory(dir=self.folder, prefix="index-") as aside:
            # Git takes files out of a list only where there could be a working folder
            yield {"GIT_INDEX_FILE": str(Path(aside) / "index"), "GIT_WORK_TREE": aside}
