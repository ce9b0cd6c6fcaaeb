"""The branch that an update is proposed on: what it is called, and whether it is still as Spaljé left it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from spalje.project import git_program
from spalje.project.template.card import in_order, is_version

#: What every branch of an update begins with.
PREFIX = "spalje/update-"

_MARK = "Spalje-Update: "
_FOUND = re.compile(
    r"Spalje-Update: (?P<template>[a-z0-9-]+) (?P<was>\S+) (?P<becomes>\S+)\n"
    r"Spalje-Tree: (?P<tree>[0-9a-f]{40,64})\n"
    r"Spalje-Conflicts: (?P<conflicts>[0-9]{1,6})\n"
    r"Spalje-Answers: (?P<answers>\{.*\})\s*\Z"
)


@dataclass(frozen=True, slots=True)
class UpdateMark:
    """What the last lines of an update's commit say.

    Attributes:
        template: its name.
        was, becomes: versions.
        tree: what the commit held when it was made.
        conflicts: how many files a person has to look at.
        answers: what was answered for this update, beside what the repository had recorded.
    """

    template: str
    was: str
    becomes: str
    tree: str
    conflicts: int
    answers: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return (
            f"{_MARK}{self.template} {self.was} {self.becomes}\nSpalje-Tree: {self.tree}\n"
            f"Spalje-Conflicts: {self.conflicts}\n"
            f"Spalje-Answers: {json.dumps(dict(self.answers), sort_keys=True, ensure_ascii=False)}"
        )


@dataclass(frozen=True, slots=True)
class UpdateBranch:
    """A branch of an update as it is.

    Attributes:
        name: the branch.
        tip: its newest commit; None: there is no such branch.
        state: ``missing``; ``merged``: main has all of it; ``ours``: one commit, as Spaljé made it; ``continued``:
            somebody has worked on from there; ``foreign``: it never was Spaljé's.
        parent: what Spaljé's commit builds on; None: it is not there.
        mark: what Spaljé's commit says; None: it is not there.
        people: who has worked on, ``Name <mail>``.
        others: the branches of updates to older versions.
    """

    name: str
    tip: str | None
    state: Literal["missing", "merged", "ours", "continued", "foreign"]
    parent: str | None = None
    mark: UpdateMark | None = None
    people: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def branch_name(version: str) -> str:
    """What the branch of an update to a version is called."""
    return f"{PREFIX}{version}"


def version_of(branch: str) -> str | None:
    """The version that a branch updates to; None: it is no branch of an update.

    Example:
        >>> version_of("spalje/update-1.2.0"), version_of("spalje/update-soon"), version_of("main")
        ('1.2.0', None, None)
    """
    version = branch.removeprefix(PREFIX)
    return version if branch.startswith(PREFIX) and is_version(version) else None


def update_branches(repository: Path) -> dict[str, str]:
    """The branches of updates, and the commit that each is at.

    Raises:
        BadInput: Git could not.
    """
    listed = git_program.call(
        repository, "for-each-ref", "--format=%(refname:lstrip=2) %(objectname)", "refs/heads/spalje/"
    )[1]
    pairs = [line.split(" ") for line in listed.decode(errors="replace").splitlines()]
    return {name: sha for name, sha in pairs if version_of(name)}


def look(repository: Path, version: str, main: str) -> UpdateBranch:
    """The branch of an update to a version.

    Args:
        repository: a bare repository.
        version: the template's.
        main: the commit that it is to be merged into.

    Raises:
        BadInput: Git could not.
    """
    name = branch_name(version)
    tips = update_branches(repository)
    older = (one for one in map(version_of, tips) if one and in_order(one) < in_order(version))
    others = tuple(branch_name(one) for one in older)
    if name not in tips:
        return UpdateBranch(name, None, "missing", others=others)
    tip = tips[name]
    listed = git_program.call(
        repository,
        "log",
        "-n",
        "100",
        "-z",
        "--first-parent",
        "--format=%H%n%T%n%P%n%an <%ae>%n%B",
        tip,
        f"^{main}",
    )[1]
    people: list[str] = []
    for entry in filter(None, listed.decode(errors="replace").split("\0")):
        sha, tree, parents, author, message = entry.split("\n", 4)
        mark = _read(message)
        if mark and mark.tree == tree and len(parents.split()) == 1:
            state: Literal["ours", "continued"] = "ours" if sha == tip else "continued"
            return UpdateBranch(name, tip, state, parents, mark, tuple(dict.fromkeys(people)), others)
        people.append(author)
    return UpdateBranch(
        name, tip, "foreign" if people else "merged", people=tuple(dict.fromkeys(people)), others=others
    )


def _read(message: str) -> UpdateMark | None:
    found = _FOUND.search(message)
    if found is None:
        return None
    try:
        answers = json.loads(found["answers"])
    except ValueError:
        return None
    return UpdateMark(
        found["template"], found["was"], found["becomes"], found["tree"], int(found["conflicts"]), answers
    )
