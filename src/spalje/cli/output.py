"""Printing: JSON for machines, tables and panels for people."""

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

#: Colours of words that say how something stands.
COLOURS = {
    "succeeded": "green",
    "approved": "green",
    "published": "green",
    "publish": "green",
    "ok": "green",
    "running": "cyan",
    "waiting": "dim",
    "pending": "yellow",
    "skipped": "dim",
    "released": "yellow",
    "investigate": "yellow",
    "warning": "yellow",
    "insufficient": "yellow",
    "cancelled": "yellow",
    "failed": "red",
    "rejected": "red",
    "blocked": "red",
    "block": "red",
    "alarm": "red",
    "retrain": "magenta",
}


@Parameter(name="*")
@dataclass(frozen=True)
class Json:
    """How to print, for commands that need no workspace.

    Attributes:
        json: print JSON for machines instead of text for people.
    """

    json: Annotated[bool, Parameter(negative="")] = False


def console() -> Console:
    """The console for people."""
    return Console(highlight=False)


def coloured(word: object) -> Text:
    """A status, verdict or decision in its colour."""
    return Text(str(word), style=COLOURS.get(str(word), ""))


def print_json(value: Any) -> None:
    """A value of ours as strict JSON on standard output."""
    print(json.dumps(plain(value), indent=2, allow_nan=False, ensure_ascii=False))  # noqa: T201


def plain(value: Any) -> Any:
    """A value of ours as plain JSON values.

    Example:
        >>> plain({"at": date(2017, 10, 30), "of": (1, 2)})
        {'at': '2017-10-30', 'of': [1, 2]}
    """
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        identity = getattr(value, "id", None)
        return {"id": identity, **fields} if identity is not None else fields
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    return value


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    title: str | None = None,
    *,
    cut: str | None = None,
) -> Table:
    """A plain table; numbers stand to the right.

    Args:
        columns: their heads.
        rows: as many cells as there are columns.
        title: what stands above it.
        cut: the column that is cut where the terminal is too narrow; then no other is, and each row is a line.
            None: cells are folded.
    """
    shown = Table(
        title=title, box=None, pad_edge=False, title_justify="left", header_style="dim", title_style="bold"
    )
    body = [list(row) for row in rows]
    widths = [_width(name, [row[index] for row in body]) for index, name in enumerate(columns)]
    room = console().width - sum(widths) - 2 * (len(columns) - 1)
    for index, name in enumerate(columns):
        numeric = all(isinstance(row[index], int | float) for row in body) and bool(body)
        shown.add_column(
            name,
            justify="right" if numeric else "left",
            overflow="fold" if cut is None else "ellipsis",
            no_wrap=cut is not None,
            max_width=max(1, widths[index] + room) if name == cut else None,
        )
    for row in body:
        shown.add_row(*(cell if isinstance(cell, Text) else Text(number(cell)) for cell in row))
    return shown


def _width(name: str, cells: Sequence[object]) -> int:
    return max(len(name), *(len(str(cell) if isinstance(cell, Text) else number(cell)) for cell in cells), 0)


def number(value: object) -> str:
    """A number as people write it; anything else as text.

    Example:
        >>> number(1234.5678), number(0.83712), number(12), number(None)
        ('1,235', '0.837', '12', '–')
    """
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def seconds(value: float) -> str:
    """A duration, short.

    Example:
        >>> seconds(0.0123), seconds(4.2), seconds(75)
        ('12 ms', '4.2 s', '1 min 15 s')
    """
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 60:
        return f"{value:.1f} s"
    return f"{int(value // 60)} min {int(value % 60)} s"
