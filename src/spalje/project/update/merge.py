"""The three-way merge of a newer template into what a team has made of an older one, without a working folder.

Git merges: what the team changed since the old rendering, and what the template changed since then. Where only one of
them changed a file, that is the result; where both did, lines are merged; where both changed the same lines, both stand
in the file between markers, and the file is in the list of conflicts. On top of that, what is deleted stays deleted and
what is kept stays kept: see ``Merged``.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from spalje.errors import BadInput
from spalje.project import git_program
from spalje.project.update.scratch import File, Scratch

#: What stands at the markers for the team's side.
YOURS = "yours"

#: ``content``: both changed the same lines; ``added``: both added a file of that name; ``binary``: both changed a file
#: without lines; ``rename``: both renamed it, or onto another; ``kind``: a file here and a folder, link or
#: submodule there.
ConflictKind = Literal["content", "added", "binary", "rename", "kind"]

# how Git numbers the sides
_BASE, _YOURS = 1, 2

# what Git ends with that does not know its words
_UNKNOWN = 129

_DELETIONS = frozenset(("modify/delete", "rename/delete"))

_HOW: Mapping[str, Literal["added", "changed", "deleted", "renamed"]] = {
    "A": "added",
    "M": "changed",
    "T": "changed",
    "D": "deleted",
    "R": "renamed",
}

#: A file that only the team has stays where it is, also when the template renames its folder.
_RULES = (
    "merge.directoryRenames=false",
    "merge.conflictStyle=zdiff3",
    "merge.renames=true",
    "merge.renameLimit=5000",
)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A file that a person has to look at.

    Attributes:
        path: where it is in the result.
        kind: what the two sides did.
    """

    path: str
    kind: ConflictKind


@dataclass(frozen=True, slots=True)
class Change:
    """A file of the result that differs from the team's.

    Attributes:
        path: where it is now; where it was, when it is deleted.
        how: what happened to it.
        before: where it was, when it is renamed.
        added, removed: lines; None in a file without lines.
    """

    path: str
    how: Literal["added", "changed", "deleted", "renamed"]
    before: str | None = None
    added: int | None = None
    removed: int | None = None


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge came to.

    Attributes:
        tree: the hash of the merged tree.
        changes: the files that differ from the team's, by path.
        conflicts: the files that a person has to look at, by path.
        left_deleted: files that the template changed and the team had deleted: they stay deleted.
        kept: files that the template deleted and the team had changed: they stay.
    """

    tree: str
    changes: tuple[Change, ...]
    conflicts: tuple[Conflict, ...] = ()
    left_deleted: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()


def merge(
    scratch: Scratch, base: str, main: str, new: str, *, was: str, becomes: str, settled: Collection[str] = ()
) -> Merged:
    """Merge what the template changed into what the team has.

    Args:
        scratch: sees all three trees.
        base: the tree of the old rendering.
        main: the team's tree.
        new: the tree of the new rendering.
        was: what the old rendering is called at the markers of conflicts, such as ``forecasting-1.0.0``.
        becomes: the same of the new rendering.
        settled: files that are always the new rendering's, whatever the team's say.

    Raises:
        BadInput: Git could not, or is older than 2.38.
    """
    if main in (base, new):
        return Merged(new, changes(scratch, main, new))
    theirs = scratch.files(new) if settled else {}
    put = {path: theirs[path] for path in settled if path in theirs}
    if new == base:
        tree = scratch.revised(main, put)
        return Merged(tree, changes(scratch, main, tree))
    origin = scratch.commit(base)
    scratch.name(YOURS, scratch.commit(main, origin))
    scratch.name(becomes, scratch.commit(new, origin))
    rules = [word for rule in _RULES for word in ("-c", rule)]
    words = (*rules, "merge-tree", "--write-tree", "-z", "--messages", YOURS, becomes)
    code, said = git_program.call(scratch.folder, *words, allowed=(0, 1, _UNKNOWN))
    if code == _UNKNOWN:
        raise BadInput(
            "The program `git` here is too old to merge without a working folder.",
            do="Install Git 2.38 or newer.",
        )
    raw = _read(said)
    conflicts: dict[str, ConflictKind] = {}
    gone: set[str] = set()
    kept: set[str] = set()
    for path, stages in raw.stages.items():
        types = raw.types.get(path, set())
        if types and types <= _DELETIONS:  # whoever deleted it has no stage
            (kept if _YOURS in stages else gone).add(path)
        elif path not in settled and stages.keys() != {_BASE}:
            conflicts[path] = _kind(types, stages)
    kept -= set(settled)
    put |= _legible(scratch, raw.tree, conflicts, origin, was)
    tree = scratch.revised(raw.tree, put, tuple(sorted(gone - put.keys())))
    return Merged(
        tree,
        changes(scratch, main, tree),
        tuple(Conflict(path, kind) for path, kind in sorted(conflicts.items())),
        tuple(sorted(gone - put.keys())),
        tuple(sorted(kept)),
    )


def changes(scratch: Scratch, before: str, after: str) -> tuple[Change, ...]:
    """The files in which one tree differs from another, by path.

    Raises:
        BadInput: Git could not.
    """
    if before == after:
        return ()
    said = git_program.call(
        scratch.folder, "diff-tree", "-r", "-z", "-M", "--raw", "--numstat", before, after
    )[1]
    words = iter(said.decode(errors="surrogateescape").split("\0"))
    found: dict[str, Change] = {}
    for word in words:
        if word.startswith(":"):
            how = _HOW[word.rsplit(" ", 1)[1][0]]
            first = next(words)
            path = next(words) if how == "renamed" else first
            found[path] = Change(path, how, first if how == "renamed" else None)
        elif word:
            added, removed, path = word.split("\t", 2)
            if not path:  # a rename's two paths follow
                _, path = next(words), next(words)
            if added != "-":
                found[path] = replace(found[path], added=int(added), removed=int(removed))
    return tuple(found[path] for path in sorted(found))


@dataclass(frozen=True, slots=True)
class _Raw:
    """What Git said of a merge: its tree, the sides of what it could not settle, and why it could not."""

    tree: str
    stages: Mapping[str, Mapping[int, File]]
    types: Mapping[str, set[str]]


def _read(said: bytes) -> _Raw:
    words = iter(said.decode(errors="surrogateescape").split("\0"))
    tree = next(words)
    stages: dict[str, dict[int, File]] = {}
    for word in words:
        if not word:
            break
        told, path = word.split("\t", 1)
        mode, blob, stage = told.split(" ")
        stages.setdefault(path, {})[int(stage)] = File(mode, blob)
    types: dict[str, set[str]] = {}
    for word in words:
        if not word.isdigit():
            break
        paths = [next(words) for _ in range(int(word))]
        found = re.fullmatch(r"CONFLICT \((.*)\)", next(words))
        next(words)  # the message for people
        for path in paths:
            if found:
                types.setdefault(path, set()).add(found[1])
    return _Raw(tree, stages, types)


def _kind(types: Collection[str], stages: Mapping[int, File]) -> ConflictKind:
    if "binary" in types:
        return "binary"
    if any(word.startswith("rename") for word in types):
        return "rename"
    if "contents" in types:
        return "content" if _BASE in stages else "added"
    return "kind"


def _legible(
    scratch: Scratch, tree: str, conflicts: Collection[str], origin: str, was: str
) -> dict[str, File]:
    """Files with markers, where the old rendering is called by its name instead of by a hash."""
    marker = re.compile(rb"^\|{7} ([0-9a-f]{7,64})(?=:|\r?$)", re.MULTILINE)

    def named(found: re.Match[bytes]) -> bytes:
        ours = origin.startswith(found[1].decode())
        return b"|" * 7 + b" " + was.encode() if ours else found[0]

    if not conflicts:
        return {}
    files = scratch.files(tree)
    put = {}
    for path in conflicts:
        if path in files and files[path].is_regular:
            content = scratch.read(files[path].blob)
            better = marker.sub(named, content)
            if better != content:
                put[path] = File(files[path].mode, scratch.write(better))
    return put
