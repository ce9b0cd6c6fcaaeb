"""How far a creation or deletion has come: a line a step on a terminal; nothing elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from spalje.project.creation.undertaking import Told, quiet

_MARKS = {"done": ("✓", "green"), "was done": ("✓", "dim")}


@contextmanager
def shown() -> Iterator[Told]:
    """Show the steps of an undertaking on standard error."""
    err = Console(stderr=True, highlight=False)
    if not err.is_terminal:
        yield quiet
        return
    with err.status("looking …") as status:

        def tell(says: str, state: str) -> None:
            if state == "begun":
                status.update(f"{says} …")
                return
            mark, style = _MARKS[state]
            before = " (was there)" if state == "was done" else ""
            err.print(Text.assemble((f"{mark} ", style), says, (before, "dim")))

        yield tell
