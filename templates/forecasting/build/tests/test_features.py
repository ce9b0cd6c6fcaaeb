"""Features are complete, local in time, and know nothing of the week they are for."""

from datetime import date

import pandas as pd
import pytest
from columns import KEYS, TARGET
from features import week_features
from sales import read_sales

MONDAY = date(2017, 6, 19)


def features(journey, monday=MONDAY):
    return week_features(read_sales(journey, 4, 2), monday)


def test_the_grid_is_complete_and_has_no_holes(world):
    table = features(world())
    assert len(table) == 4 * 2 * 7
    assert not table.duplicated(KEYS).any()
    assert not table.isna().any().any()


def test_nothing_from_monday_on_is_known(world):
    def more_from_monday(sold):
        sold.loc[sold["transaction_timestamp"] >= "2017-06-19 05:00", "quantity"] *= 100
        return sold

    known, changed = features(world()), features(world(more_from_monday, "changed"))
    pd.testing.assert_frame_equal(known.drop(columns=TARGET), changed.drop(columns=TARGET))
    assert not known[TARGET].equals(changed[TARGET])


def test_what_was_sold_before_monday_counts(world):
    def more_on_sunday(sold):
        sold.loc[sold["transaction_timestamp"].dt.date == date(2017, 6, 18), "quantity"] += 5
        return sold

    known, changed = features(world()), features(world(more_on_sunday, "changed"))
    sunday = known["weekday"] == 6
    assert (changed.loc[sunday, "units_lag_7"] > known.loc[sunday, "units_lag_7"]).all()


def test_a_sale_after_midnight_utc_belongs_to_the_evening_before(world):
    def late(sold):
        sold["transaction_timestamp"] += pd.Timedelta(hours=10)  # 17:00 becomes 03:00 of the next day, UTC
        return sold

    pd.testing.assert_frame_equal(features(world()), features(world(late, "late")))


def test_the_coming_campaign_is_known(world):
    week_of_the_mailer = date(2017, 7, 3)  # promotion week 28
    table = features(world(), week_of_the_mailer)
    mailed = table[table["mailer_share"] > 0]
    assert set(mailed["store_id"]) == {2}
    assert set(mailed["product_category"]) == {"PEARS"}
    assert TARGET not in table, "nobody has sold anything in that week yet"


def test_a_week_begins_on_a_monday(world):
    with pytest.raises(ValueError, match="is a Tuesday"):
        features(world(), date(2017, 6, 20))
