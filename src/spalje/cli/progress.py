"""How far a long reading has come, on a terminal; nothing elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

#: Told how many parts are done, and how many there are.
Told = Callable[[int, int], None]


@contextmanager
def reading(table: object) -> Iterator[Told | None]:
    """Show how far the reading of a table has come, on standard error."""
    err = Console(stderr=True)
    if not err.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(f"reading {Path(str(table)).name}", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
