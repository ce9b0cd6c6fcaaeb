"""What happens while a run goes on, for whoever watches."""

from collections.abc import Callable
from dataclasses import dataclass

from spalje.lineage.run import StepRun


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a step.

    Attributes:
        step: the step's name.
        what: started, said (a line of progress), succeeded, reused, failed, skipped or cancelled.
        text: the line said, the verdict, or what went wrong.
        step_run: the step run as it stands, where it has ended.
    """

    step: str
    what: str
    text: str = ""
    step_run: StepRun | None = None


#: Called from any thread.
Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """The listener of those who do not watch."""
