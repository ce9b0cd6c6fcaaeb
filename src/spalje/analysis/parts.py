"""Training data cut by time into pieces like batches: what a monitor knows before there are any."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spalje.analysis.roles import Roles
from spalje.errors import BadInput
from spalje.monitor.history import PastBatch
from spalje.profile.grid import Grids
from spalje.profile.scan import profile_batches
from spalje.profile.sketch import Sketch
from spalje.storage.source import Table, read_batches

#: How long a batch is.
Period: TypeAlias = Literal["day", "week", "month"]
#: Shape (n,), days since 1970-01-01.
Days: TypeAlias = NDArray[np.int64]

#: With fewer pieces their differences say too little.
FEWEST = 20
#: So many of the latest pieces are kept: of days a year, of weeks two.
MOST = {"day": 371, "week": 104, "month": 60}
#: A piece with less than this share of the median piece's rows is only the edge of one.
WHOLE = 0.5
#: 1970-01-01 was a Thursday: days since then plus this, by weeks, begin on Mondays.
_MONDAY = 3


def cut(table: Table, grids: Grids, roles: Roles, period: Period | None = None) -> tuple[PastBatch, ...]:
    """Cut a table by its time column and count each piece into a baseline's cells, the oldest first.

    Args:
        table: the training data.
        grids: the baseline's cells.
        roles: names the time column; without one there are no pieces.
        period: how long a piece is; None: a day for a weekday season, else the longest of week and
            day that gives at least ``FEWEST`` pieces.

    Raises:
        BadInput: the time column holds no dates.
    """
    if roles.time is None:
        return ()
    columns = list(dict.fromkeys([*grids.columns, roles.time]))
    days = _histogram(read_batches(table, [roles.time]), roles.time)
    if not days:
        return ()
    chosen = period or _period(days, roles)
    kept = _kept(days, chosen)
    if len(kept) < FEWEST and period is None:
        return ()
    sketches: dict[int, Sketch] = {}
    for batch in read_batches(table, columns):
        pieces = _piece(_days(batch.column(roles.time), roles.time), chosen)
        for piece in np.unique(pieces[np.isin(pieces, kept)]):
            rows = batch.filter(pa.array(pieces == piece)).select(list(grids.columns))
            found = profile_batches([rows], roles.categorical, grids).sketch
            if found is not None:
                known = sketches.get(int(piece))
                sketches[int(piece)] = known.merge(found) if known else found
    return tuple(
        PastBatch(name=f"training-{first}", at=first, sketch=sketches[piece], pseudo=True)
        for piece in sorted(sketches)
        for first in [_first(piece, chosen)]
    )


def _period(days: dict[int, int], roles: Roles) -> Period:
    if roles.season == "weekday":
        return "day"
    return "week" if len(_kept(days, "week")) >= FEWEST else "day"


def _kept(days: dict[int, int], period: Period) -> list[int]:
    """The latest pieces that are whole."""
    rows: dict[int, int] = {}
    for piece, count in zip(_piece(np.array(list(days)), period).tolist(), days.values(), strict=True):
        rows[piece] = rows.get(piece, 0) + count
    least = WHOLE * float(np.median(list(rows.values())))
    return sorted(piece for piece, count in rows.items() if count >= least)[-MOST[period] :]


def _histogram(batches: Iterable[pa.RecordBatch], name: str) -> dict[int, int]:
    """Rows on each day."""
    found: dict[int, int] = {}
    for batch in batches:
        days, counts = np.unique(_days(batch.column(name), name), return_counts=True)
        for day, count in zip(days.tolist(), counts.tolist(), strict=True):
            if day != _NEVER:
                found[day] = found.get(day, 0) + count
    return found


#: The day of a row without one.
_NEVER = np.iinfo(np.int64).min


def _days(array: pa.Array, name: str) -> Days:
    """Days since 1970-01-01; texts are read as dates (2017-10-30)."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        array, kind = array.dictionary_decode(), kind.value_type
    try:
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            array = pc.cast(pc.utf8_slice_codeunits(array, 0, 10), pa.date32())
        elif pa.types.is_timestamp(kind) and kind.tz:
            array = pc.local_timestamp(array).cast(pa.date32(), safe=False)
        elif pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            array = array.cast(pa.date32(), safe=False)
        else:
            raise BadInput(f"The time column {name!r} holds {kind}.", do="Give a column of dates or times.")
    except pa.ArrowException as error:
        raise BadInput(
            f"The time column {name!r} holds something that is no date: {error}.",
            do="Write dates as 2017-10-30, or give another column.",
        ) from error
    days: Days = pc.fill_null(array.view(pa.int32()).cast(pa.int64()), int(_NEVER)).to_numpy(
        zero_copy_only=False
    )
    return days


def _piece(days: Days, period: Period) -> Days:
    """The number of the piece that each day belongs to."""
    if period == "day":
        return days
    if period == "week":
        return np.where(days == _NEVER, days, (days + _MONDAY) // 7)
    return np.where(
        days == _NEVER, days, days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    )


def _first(piece: int, period: Period) -> date:
    """The first day of a piece."""
    epoch = date(1970, 1, 1)
    if period == "day":
        return epoch + timedelta(days=piece)
    if period == "week":
        return epoch + timedelta(days=7 * piece - _MONDAY)
    return date(1970 + piece // 12, piece % 12 + 1, 1)


def span(batches: Iterator[pa.RecordBatch], name: str) -> tuple[date, date] | None:
    """The first and the last day of a time column; None when it has none."""
    days = _histogram(batches, name)
    epoch = date(1970, 1, 1)
    return (epoch + timedelta(days=min(days)), epoch + timedelta(days=max(days))) if days else None
