"""Features are complete, know nothing of the week they are for, and all that was before it."""

from datetime import date

import pandas as pd
import pytest
from columns import KEYS, TARGET
from features import week_features
from purchases import read_purchases
from small_world import HOUSEHOLDS

MONDAY = date(2017, 6, 19)


def features(journey, monday=MONDAY):
    return week_features(read_purchases(journey), monday)


def test_there_is_a_row_for_every_household_and_no_hole(world):
    table = features(world())
    assert len(table) == HOUSEHOLDS
    assert not table.duplicated(KEYS).any()
    assert not table.isna().any().any()
    assert set(table["age"]) == {"65+", "25-34", "unknown"}


def test_nothing_from_monday_on_is_known(world):
    def more_from_monday(bought):
        from_monday = bought["transaction_timestamp"] >= "2017-06-19 05:00"
        more = bought[from_monday].assign(household_id=1, product_id=10, sales_value=500.0)
        return pd.concat([bought, more.assign(basket_id=more["basket_id"] + 1_000_000)], ignore_index=True)

    known, changed = features(world()), features(world(more_from_monday, "changed"))
    pd.testing.assert_frame_equal(known.drop(columns=TARGET), changed.drop(columns=TARGET))
    assert not known[TARGET].equals(changed[TARGET])


def test_what_was_bought_before_monday_counts(world):
    def more_on_sunday(bought):
        one = bought.iloc[[0]].assign(household_id=1, basket_id=-1, sales_value=70.0, transaction_timestamp=pd.Timestamp("2017-06-18 17:00"))
        return pd.concat([bought, one], ignore_index=True)

    known, changed = (features(journey).set_index("household_id").loc[1] for journey in (world(), world(more_on_sunday, "changed")))
    assert changed["spend_last_week"] == pytest.approx(known["spend_last_week"] + 70)
    assert changed["visits_last_week"] == known["visits_last_week"] + 1
    assert changed["days_since_last_visit"] == 1


def test_the_campaign_of_the_week_is_known_and_a_later_one_is_not(world):
    sent = features(world(), date(2017, 4, 10)).set_index("household_id")
    assert sent.loc[3, "campaigns_now"] == 1
    assert sent["campaigns_now"].sum() == 1


def test_a_week_that_is_not_over_has_no_truth(world):
    assert TARGET in features(world())
    assert TARGET not in features(world(), date(2017, 7, 3))


def test_a_week_begins_on_a_monday(world):
    with pytest.raises(ValueError, match="is a Tuesday"):
        features(world(), date(2017, 6, 20))
