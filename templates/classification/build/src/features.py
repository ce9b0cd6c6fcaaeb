"""Features of a week, from nothing but what is known on its Monday morning.

The same file makes what the model learns from and what it predicts from. Everything bought on that Monday or later
is left out; which households are sent a campaign in that week is planned ahead and therefore known.
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd
from columns import TARGET
from purchases import FIRST_DAY, Purchases
from target import of_week

#: How many weeks before its own a week's features look at.
WEEKS = 8


def week_features(purchases: Purchases, monday: date) -> pd.DataFrame:
    """One row per household for the week that begins on ``monday``.

    Columns: the keys, the features, and the target where the whole week is known already.

    Raises:
        ValueError: ``monday`` is no Monday, or the delivery ends before it.
    """
    if monday.weekday() != 0:
        raise ValueError(f"{monday} is a {monday:%A}; a week begins on a Monday")
    start = (monday - FIRST_DAY).days
    if not 7 * WEEKS <= start <= purchases.spend.shape[1]:
        raise ValueError(
            f"for the week of {monday} purchases of the {WEEKS} weeks before it are needed; there are those "
            f"from {FIRST_DAY} to {purchases.end - timedelta(days=1)}"
        )
    keys = {"household_id": purchases.households, "week": [monday] * len(purchases.households)}
    frame = pd.DataFrame(keys | _of_purchases(purchases, start) | _of_campaigns(purchases, monday))
    for name in purchases.about:
        frame[name] = purchases.about[name].to_numpy()
    if start + 7 <= purchases.spend.shape[1]:
        frame[TARGET] = of_week(purchases, start)
    return frame


def weeks_features(purchases: Purchases, mondays: list[date]) -> pd.DataFrame:
    """The features of several weeks, each as seen on its own Monday."""
    return pd.concat([week_features(purchases, monday) for monday in mondays], ignore_index=True)


def _of_purchases(purchases: Purchases, start: int) -> dict[str, np.ndarray]:
    """Features of what was bought before day ``start``, one value per household."""

    def weeks(what: np.ndarray) -> np.ndarray:
        """The last weeks before the day, the latest last: shape (H, WEEKS)."""
        return what[:, start - 7 * WEEKS : start].reshape(len(what), WEEKS, 7).sum(2)

    parts = (purchases.spend, purchases.produce, purchases.saved, purchases.visits)
    spend, produce, saved, visits = (weeks(part) for part in parts)
    came = visits > 0
    earlier = purchases.visits[:, :start] > 0
    days_since = np.where(earlier.any(1), np.argmax(earlier[:, ::-1], axis=1) + 1, start)
    recent = np.average(spend, axis=1, weights=0.7 ** np.arange(WEEKS)[::-1])
    return {
        "spend_last_week": spend[:, -1],
        "spend_two_weeks_ago": spend[:, -2],
        "spend_mean_4": spend[:, -4:].mean(1),
        "spend_mean_8": spend.mean(1),
        "spend_recent": recent,
        "spend_per_visit": spend.sum(1) / np.maximum(visits.sum(1), 1),
        "spend_largest_week": spend.max(1),
        "spend_a_week_ever": purchases.spend[:, :start].sum(1) / (start / 7),
        "visits_last_week": visits[:, -1],
        "visits_mean_4": visits[:, -4:].mean(1),
        "visits_mean_8": visits.mean(1),
        "weeks_with_a_visit_4": came[:, -4:].mean(1),
        "weeks_with_a_visit_8": came.mean(1),
        "days_since_last_visit": days_since.astype(float),
        "produce_last_week": produce[:, -1],
        "produce_mean_8": produce.mean(1),
        "weeks_with_produce_4": (produce[:, -4:] > 0).mean(1),
        "weeks_with_produce_8": (produce > 0).mean(1),
        "produce_share": produce.sum(1) / np.maximum(spend.sum(1), 1),
        "saved_share": saved.sum(1) / np.maximum((spend + saved).sum(1), 1),
    }


def _of_campaigns(purchases: Purchases, monday: date) -> dict[str, np.ndarray]:
    """How many campaigns a household is sent: this week, and in the eight weeks before."""
    first, end = pd.Timestamp(monday), pd.Timestamp(monday) + pd.Timedelta(weeks=1)
    sent = purchases.campaigns

    def count(running: pd.Series) -> np.ndarray:
        counted = sent.loc[running, "household_id"].value_counts()
        return counted.reindex(purchases.households, fill_value=0).to_numpy(float)

    since = first - pd.Timedelta(weeks=WEEKS)
    return {
        "campaigns_now": count((sent["start_date"] < end) & (sent["end_date"] >= first)),
        "campaigns_lately": count((sent["start_date"] < first) & (sent["end_date"] >= since)),
    }
