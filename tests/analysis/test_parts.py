"""Training data cut by time: whole pieces only, the same whichever way the rows lie."""

from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from spalje.analysis.parts import FEWEST, cut
from spalje.analysis.roles import Roles
from spalje.errors import BadInput
from spalje.profile.grid import freeze
from spalje.profile.scan import profile_batches

FIRST = date(2026, 1, 1)  # a Thursday


DATE = pa.date32()


def table(days: int, kind: pa.DataType = DATE, rows: int = 10) -> pa.Table:
    numbers = np.repeat(np.arange(days), rows)
    when = [FIRST + timedelta(days=int(number)) for number in numbers]
    if pa.types.is_string(kind):
        when = [day.isoformat() for day in when]
    elif pa.types.is_timestamp(kind):
        when = [datetime(day.year, day.month, day.day, 23, 30) for day in when]  # noqa: DTZ001
    return pa.table({"when": pa.array(when, kind), "x": numbers % 7 + 0.5})


def grids(good: pa.Table):
    return freeze(profile_batches(good.select(["x"]).to_batches()))


@pytest.mark.parametrize("kind", [pa.date32(), pa.string(), pa.timestamp("us")])
def test_a_day_is_a_day_however_it_is_written(kind):
    good = table(30, kind)
    pieces = cut(good, grids(good), Roles(time="when", season="weekday"))
    assert [piece.at for piece in pieces] == [FIRST + timedelta(days=number) for number in range(30)]
    assert {piece.sketch.rows for piece in pieces} == {10}
    assert all(piece.pseudo for piece in pieces)


def test_weeks_begin_on_mondays_and_halves_are_left_out():
    good = table(7 * 30)
    pieces = cut(good, grids(good), Roles(time="when"))
    assert len(pieces) >= FEWEST
    assert all(piece.at.weekday() == 0 for piece in pieces)
    assert min(piece.sketch.rows for piece in pieces) >= 35  # no edge of a week


def test_too_few_weeks_are_cut_into_days_and_too_few_days_not_at_all():
    good = table(7 * 4)
    assert len(cut(good, grids(good), Roles(time="when"))) == 28
    few = table(9)
    assert cut(few, grids(few), Roles(time="when")) == ()
    assert len(cut(few, grids(few), Roles(time="when"), "day")) == 9


def test_the_order_of_rows_does_not_matter():
    good = table(25)
    shuffled = good.take(np.random.default_rng(0).permutation(good.num_rows))
    roles = Roles(time="when", season="weekday")
    for one, two in zip(cut(good, grids(good), roles), cut(shuffled, grids(good), roles), strict=True):
        assert one.at == two.at
        assert one.sketch.cells["x"].tolist() == two.sketch.cells["x"].tolist()


def test_without_a_time_there_are_no_pieces():
    good = table(40)
    assert cut(good, grids(good), Roles()) == ()


@pytest.mark.parametrize("column", [pa.array(["soon", "later"]), pa.array([1.5, 2.5])])
def test_what_is_no_date_is_named(column):
    bad = pa.table({"when": column, "x": [1.0, 2.0]})
    with pytest.raises(BadInput, match="'when'"):
        cut(bad, grids(bad), Roles(time="when"))
