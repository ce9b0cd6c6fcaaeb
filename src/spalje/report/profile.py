"""A profile in a terminal: what ``spalje profile`` prints."""

from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from spalje.monitor.wording import rows
from spalje.profile.column import Column
from spalje.profile.profile import Profile
from spalje.report.facts import NOTHING, most_frequent
from spalje.report.glyphs import histogram
from spalje.report.label import isolated, label
from spalje.report.value import share, value

#: From this width on lowest, mean and highest have a column each.
WIDE = 104


def terminal(profile: Profile, name: str) -> RenderableType:
    """A profile for people: a line for each column; it fits 80 columns and uses more.

    Args:
        profile: of a table.
        name: what the table is called.
    """
    return _Screen(profile, name)


@dataclass(frozen=True, slots=True, eq=False)
class _Screen:
    profile: Profile
    name: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns = self.profile.columns.values()
        counted = f"{rows(self.profile.rows)} rows · {rows(len(columns))} columns"
        yield Text.assemble((isolated(label(self.name, 200)), "bold"), f"  {counted}")
        if columns:
            yield self._table(options.max_width)
        for name, kind in self.profile.refused.items():
            yield Text(f"not profiled: {isolated(label(name))}, which is {label(kind)}", style="dim")

    def _table(self, width: int) -> Table:
        wide = width >= WIDE
        cells = 16 if wide else 8
        fixed = 9 + 7 + 9 + cells + 2 * 5
        spare = max(20, width - fixed)
        longest = max(len(name) for name in self.profile.columns)
        room = min(max(6, longest), spare - 34 if wide else spare * 9 // 20)
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", show_edge=False)
        table.add_column("column", width=room, no_wrap=True)
        table.add_column("type", width=9, no_wrap=True)
        table.add_column("no value", width=8, justify="right", no_wrap=True)
        table.add_column("different", width=9, justify="right", no_wrap=True)
        if wide:
            for heading in ("lowest", "mean", "highest"):
                table.add_column(heading, justify="right", no_wrap=True)
        else:
            table.add_column("mean, range, top value", width=spare - room - 1, no_wrap=True)
        table.add_column("", width=cells, no_wrap=True)
        for column in self.profile.columns.values():
            table.add_row(*_cells(column, room, cells, None if wide else spare - room - 1))
        return table


def _cells(column: Column, room: int, cells: int, values: int | None) -> Iterator[Text]:
    yield Text(isolated(label(column.name, room)), style="bold")
    yield Text(str(column.kind))
    yield Text(share(1.0 - column.completeness), style="dim" if not column.nulls else "")
    yield Text(_different(column))
    if values is None:
        yield from _three(column)
    else:
        yield Text(_one(column, values))
    yield Text(histogram(column, cells))


def _different(column: Column) -> str:
    if column.different is None:
        return NOTHING
    exact = (
        column.texts.exact if column.texts else column.numbers is None or column.numbers.points is not None
    )
    return f"{'' if exact else '~'}{rows(column.different)}"


def _three(column: Column) -> Iterator[Text]:
    if column.texts is not None or column.numbers is None or not column.numbers.moments.count:
        # the most frequent value stands where numbers have their mean
        yield from (Text(), Text(most_frequent(column)), Text())
        return
    moments = column.numbers.moments
    for number in (moments.low, moments.mean, moments.high):
        yield Text(value(column.kind, float(number)))


def _one(column: Column, room: int) -> str:
    if column.texts is not None or column.numbers is None or not column.numbers.moments.count:
        return label(most_frequent(column), room)
    moments = column.numbers.moments
    low, mean, high = (value(column.kind, float(part)) for part in (moments.low, moments.mean, moments.high))
    if column.kind.temporal:
        return label(f"{low} to {high}", room)
    return label(f"{mean}, {low} to {high}", room)
