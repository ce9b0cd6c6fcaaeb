"""What stands in a delivery's JSON: every host its own names, and nobody's word for their types."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from spalje.errors import BadInput
from spalje.project.git_hosts.delivery import PullRequestChange, Push

#: A branch's name without this is a tag's or something else's.
HEADS = "refs/heads/"


@dataclass(frozen=True, slots=True)
class Told:
    """What a host told, before it is known to be for us. See ``spalje.project.git_hosts.delivery.Delivery``."""

    what: str
    owner: str = ""
    at: datetime | None = None
    events: tuple[Push | PullRequestChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Payload:
    """A part of a delivery's JSON.

    Example:
        >>> Payload({"repository": {"name": "fresh-build"}}).text("repository", "name")
        'fresh-build'
    """

    content: object

    def at(self, *path: str) -> "Payload":
        """A part of it; of what is not there, nothing."""
        content = self.content
        for name in path:
            content = content.get(name) if isinstance(content, dict) else None
        return Payload(content)

    def __bool__(self) -> bool:
        """Whether there is something."""
        return self.content is not None

    def text(self, *path: str) -> str:
        """A text that must be there.

        Raises:
            BadInput: it is not.
        """
        found = self.at(*path).content
        if not isinstance(found, str) or not found:
            raise BadInput(f"The delivery has no text {'.'.join(path)}.")
        return found

    def maybe(self, *path: str) -> str | None:
        """A text that may be there."""
        found = self.at(*path).content
        return found if isinstance(found, str) else None

    def number(self, *path: str) -> int:
        """A whole number that must be there.

        Raises:
            BadInput: it is not.
        """
        found = self.at(*path).content
        if not isinstance(found, int) or isinstance(found, bool):
            raise BadInput(f"The delivery has no number {'.'.join(path)}.")
        return found

    def all(self, *path: str) -> tuple["Payload", ...]:
        """The parts of a list; of what is none, nothing."""
        found = self.at(*path).content
        return tuple(Payload(one) for one in found) if isinstance(found, list) else ()

    def time(self, *path: str) -> datetime | None:
        """A moment, UTC: as text or in seconds since 1970; None: there is none that can be read."""
        return moment(self.at(*path).content)

    def same(self, one: tuple[str, ...], other: tuple[str, ...]) -> bool:
        """Whether two parts are there and equal."""
        first: Any = self.at(*one).content
        return first is not None and first == self.at(*other).content


def moment(said: object) -> datetime | None:
    """A host's way to write a moment, UTC; None: it cannot be read.

    Example:
        >>> moment("2026-03-02T07:00:00+0100") == moment("2026-03-02 06:00:00 UTC") == moment(1772431200)
        True
    """
    try:
        if isinstance(said, int | float) and not isinstance(said, bool):
            return datetime.fromtimestamp(said, UTC)
        if isinstance(said, str):
            found = datetime.fromisoformat(said.replace(" UTC", "+00:00"))
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def is_nothing(sha: str) -> bool:
    """Whether a hash is Git's word for "none"."""
    return not sha.strip("0")
