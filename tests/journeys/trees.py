"""Small trees of files in a real repository."""

import io
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from spalje.project import git, git_program
from spalje.project.update.merge import Merged, merge
from spalje.project.update.scratch import Scratch

#: What a file is: its content; or its mode and content.
Content = str | bytes | tuple[str, str | bytes]


def tree(scratch: Scratch, files: Mapping[str, Content]) -> str:
    """A tree of files; their order is that of the mapping."""
    with tempfile.TemporaryDirectory() as aside:
        for path, content in files.items():
            mode, text = content if isinstance(content, tuple) else ("100644", content)
            file = Path(aside) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if mode == "120000":
                file.symlink_to(text)
            else:
                file.write_bytes(text.encode() if isinstance(text, str) else text)
                file.chmod(int(mode, 8) & 0o777)
        return scratch.tree_of(Path(aside))


def content(scratch: Scratch, tree: str) -> dict[str, Content]:
    """The files of a tree, in the way they are given."""
    found: dict[str, Content] = {}
    said = git_program.call(scratch.folder, "archive", "--format=tar", tree)[1]
    with tarfile.open(fileobj=io.BytesIO(said)) as tar:
        for one in tar:
            if one.issym():
                found[one.name] = ("120000", one.linkname)
            elif one.isfile():
                raw = tar.extractfile(one).read()
                text = raw if b"\0" in raw else raw.decode()
                found[one.name] = ("100755", text) if one.mode & 0o100 else text
    return found


def merged(
    scratch: Scratch,
    base: Mapping[str, Content],
    main: Mapping[str, Content],
    new: Mapping[str, Content],
    **more,
) -> tuple[Merged, dict[str, Content]]:
    trees = [tree(scratch, files) for files in (base, main, new)]
    done = merge(scratch, *trees, was="tiny-1.0.0", becomes="tiny-2.0.0", **more)
    return done, content(scratch, done.tree)


def empty(folder: Path) -> Path:
    git.init_bare(folder)
    return folder
