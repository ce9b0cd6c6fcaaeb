"""What an update says of itself: to the team in its pull request, and to the history in its commit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spalje.project.template.changelog import excerpt, quiet
from spalje.project.update.merge import Change, Conflict, ConflictKind, Merged

#: What happened in a conflict, and what a person does about it.
CONFLICTS: Mapping[ConflictKind, tuple[str, str]] = {
    "content": (
        "you and the template changed the same lines",
        "choose between the markers, then delete them",
    ),
    "added": (
        "you and the template both added this file",
        "choose between the markers, then delete them",
    ),
    "binary": (
        "you and the template both changed it, and it has no lines to merge",
        "it is yours; take the template's by hand if you want it",
    ),
    "rename": (
        "it was renamed here and there, to different names or onto another file",
        "keep one of the files and delete the others",
    ),
    "kind": (
        "a file here is a folder, a link or a submodule there",
        "keep one of the two and delete the other",
    ),
}

_MOST = 60


@dataclass(frozen=True, slots=True)
class UpdateText:
    """What there is to say.

    Attributes:
        template: its name.
        owner: who maintains it.
        was, becomes: versions.
        changelog: the template's whole ``CHANGELOG.md``.
        branch: the branch of the update.
        merged: what came of it.
        answered: questions that are new or answered otherwise than before, and their answers.
        dropped: questions that are not asked any more.
    """

    template: str
    owner: str
    was: str
    becomes: str
    changelog: str
    branch: str
    merged: Merged
    answered: Mapping[str, Any]
    dropped: tuple[str, ...]

    @property
    def title(self) -> str:
        """One line."""
        return f"Update template {self.template} {self._way}{counted(len(self.merged.conflicts))}"

    def message(self, mark: str) -> str:
        """The message of the commit.

        Args:
            mark: its last lines.
        """
        news = (
            excerpt(self.changelog, self.was, self.becomes, level=1).replace("\n# ", "\n").removeprefix("# ")
        )
        return "\n\n".join(part for part in (self.title, news, mark) if part)

    @property
    def body(self) -> str:
        """The description of the pull request, Markdown."""
        brings = (
            f"This brings template **{self.template}** from {self.was} to **{self.becomes}**. Your own changes are "
            "kept: the template's changes were merged into them. Review and merge it like any other change."
        )
        again = (
            f"Made by `spalje project update`. As long as nobody else commits to `{self.branch}`, running it again "
            f"brings this pull request up to date with main. Questions: {_text(self.owner)}."
        )
        parts = [brings, *self._conflicts(), *self._news(), *self._answers(), *self._files(), again]
        return quiet("\n\n".join(parts))

    @property
    def _way(self) -> str:
        return f"{self.was} → {self.becomes}" if self.was != self.becomes else f"{self.becomes}: new answers"

    def _conflicts(self) -> list[str]:
        conflicts = self.merged.conflicts
        if not conflicts:
            return []
        rows = [(_code(one.path), CONFLICTS[one.kind][0], CONFLICTS[one.kind][1]) for one in conflicts]
        names = (f"{self.template}-{self.was}", f"{self.template}-{self.becomes}")
        sides = (
            "Between the markers, `yours` is what main has, the middle what the template said before, the last what it "
            f"says now:\n\n```\n<<<<<<< yours\n||||||| {names[0]}\n=======\n>>>>>>> {names[1]}\n```"
        )
        marked = any(one.kind in ("content", "added") for one in conflicts)
        where = (
            f"Do it on the branch, `git fetch && git switch {self.branch}`, then commit and push. Do not merge before: "
            "a file with markers does not run."
        )
        head = f"## {_files(len(conflicts))} you to look at"
        return [
            head,
            _table(("file", "what happened", "what to do"), rows),
            *([sides] if marked else []),
            where,
        ]

    def _news(self) -> list[str]:
        news = excerpt(self.changelog, self.was, self.becomes, level=3)
        if self.was == self.becomes:
            return []
        return ["## What is new in the template", news or "Its CHANGELOG.md does not say."]

    def _answers(self) -> list[str]:
        lines = [f"- {_code(name)}: {_code(value)}" for name, value in self.answered.items()]
        lines += [f"- {_code(name)}: not asked any more" for name in self.dropped]
        return ["## Answers", "\n".join(lines)] if lines else []

    def _files(self) -> list[str]:
        parts = []
        if self.merged.changes:
            parts += ["## Files", _list(change_line(one) for one in self.merged.changes)]
        deleted = "You deleted these; the template changed them. They stay deleted:"
        kept = (
            "The template has no use for these any more, and you changed them. They stay; delete them if you have none "
            "either:"
        )
        for head, told, paths in (
            ("## Left deleted", deleted, self.merged.left_deleted),
            ("## Kept", kept, self.merged.kept),
        ):
            if paths:
                parts += [head, told, _list(_code(path) for path in paths)]
        return parts


def counted(conflicts: int) -> str:
    """The end of a title.

    Example:
        >>> counted(0), counted(1), counted(2)
        ('', ' (1 conflict)', ' (2 conflicts)')
    """
    return f" ({conflicts} conflict{'s' if conflicts > 1 else ''})" if conflicts else ""


def change_line(change: Change) -> str:
    """A changed file on a line of Markdown.

    Example:
        >>> change_line(Change("src/new.py", "renamed", "src/old.py", 3, 1))
        'renamed `src/old.py` to `src/new.py` (+3 −1)'
    """
    name = f"{_code(change.before)} to {_code(change.path)}" if change.before else _code(change.path)
    if change.added is None or change.removed is None:
        return f"{change.how} {name}"
    return f"{change.how} {name} (+{change.added} −{change.removed})"


def _files(count: int) -> str:
    return "1 file needs" if count == 1 else f"{count} files need"


def _list(lines: Iterable[str]) -> str:
    shown = list(lines)
    more = [f"… and {len(shown) - _MOST} more"] if len(shown) > _MOST else []
    return "\n".join(f"- {line}" for line in [*shown[:_MOST], *more])


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows[:_MOST]]
    more = f"\n\n… and {len(rows) - _MOST} more" if len(rows) > _MOST else ""
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + more


def _code(value: object) -> str:
    """Anything as code that cannot end it, the line or the cell of a table."""
    text = str(value)
    text = text if text.isprintable() else ascii(text)[1:-1]
    text = text if len(text) <= 200 else f"{text[:199]}…"
    return f"`{text.replace('`', chr(39)).replace('|', '¦')}`"


def _text(value: str) -> str:
    return value if value.isprintable() else ascii(value)[1:-1]


def conflict_line(conflict: Conflict) -> tuple[str, str, str]:
    """A conflict for people: the file, what happened, what to do."""
    return (conflict.path, *CONFLICTS[conflict.kind])
