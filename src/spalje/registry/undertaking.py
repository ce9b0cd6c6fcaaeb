"""An undertaking: creating or deleting a project, under way over several systems at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

#: What is undertaken with a project.
What = Literal["create", "delete"]


@dataclass(frozen=True, slots=True)
class Undertaking:
    """What was begun with a project and is not finished yet; finished, nothing is left of it.

    Attributes:
        project: the project's name.
        what: whether it is created or deleted.
        mark: a random word that stands in the description of every repository made for it, so that our own
            half-made repository is told from somebody else's; empty for a project that was whole.
        wanted: what was asked for, plain JSON.
        done: the steps that have been done, in their order.
        started_at: UTC, whole seconds.
        started_by: who began it.

    Example:
        >>> from datetime import UTC
        >>> Undertaking("dairy", "create", "5f3a", {}, (), datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "Eva").began
        'began on 2026-01-02 at 03:04 UTC by Eva'
    """

    project: str
    what: What
    mark: str
    wanted: Mapping[str, Any]
    done: tuple[str, ...]
    started_at: datetime
    started_by: str

    @property
    def began(self) -> str:
        """When and by whom, in words."""
        return f"began on {self.started_at:%Y-%m-%d at %H:%M} UTC by {self.started_by}"
