"""Features are complete and know nothing of the day they are for."""

from datetime import date

import pandas as pd
import pytest
from columns import KEYS, TARGET
from features import day_features
from ingest import ITEMS, made_up

DAY = date(2024, 3, 1)


def test_there_is_a_row_for_every_item_and_no_hole():
    table = day_features(made_up(date(2024, 3, 2)), DAY)
    assert len(table) == ITEMS
    assert not table.duplicated(KEYS).any()
    assert not table.isna().any().any()


def test_nothing_that_is_sold_on_the_day_is_known():
    sales = made_up(date(2024, 3, 8))
    changed = sales.assign(sold=sales["sold"].where(sales["day"] < DAY, 1000.0))
    known, other = day_features(sales, DAY), day_features(changed, DAY)
    pd.testing.assert_frame_equal(known.drop(columns=TARGET), other.drop(columns=TARGET))
    assert not known[TARGET].equals(other[TARGET])


def test_what_was_sold_the_day_before_counts():
    sales = made_up(DAY)
    more = sales.assign(sold=sales["sold"] + (sales["day"] == date(2024, 2, 29)))
    known, other = day_features(sales, DAY), day_features(more, DAY)
    assert other["sold_yesterday"].equals(known["sold_yesterday"] + 1)
    assert TARGET not in known


def test_a_day_that_is_not_the_next_one_is_refused():
    with pytest.raises(ValueError, match="days before it are needed"):
        day_features(made_up(DAY), date(2024, 3, 9))
