"""What the loyalty cards tell, read into arrays: what each household spent and when, and who it is.

A delivery is a folder with ``transactions``, ``products``, ``demographics``, ``campaigns`` and
``campaign_descriptions`` as Parquet files in the shape of the Complete Journey data. Times of sale are UTC; the
shops, and so the days, are in US Eastern time.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.dataset as ds

DEPARTMENT = "PRODUCE"
TIME_ZONE = "America/New_York"

#: The first day of the data, and the first Monday.
FIRST_DAY = date(2017, 1, 1)
FIRST_MONDAY = date(2017, 1, 2)

#: The households that are predicted: those that had bought something before this day. It is fixed here, so that
#: building and predicting mean the same rows; move the day when households should be chosen anew.
KNOWN_BEFORE = date(2017, 4, 3)

#: What is known of some households, as the store's survey groups them; "unknown" of the others.
ABOUT = ("age", "income", "household_size")


@dataclass(frozen=True)
class Purchases:
    """Purchases and campaigns as arrays.

    Attributes:
        households: shape (H,), rising.
        about: one row per household with the columns of ABOUT.
        spend: shape (H, days), dollars on each day since FIRST_DAY.
        produce: shape (H, days), dollars of it for fruit and vegetables.
        saved: shape (H, days), dollars that promotions and coupons took off.
        visits: shape (H, days), baskets.
        campaigns: household, first day and last day of each campaign that a household is sent.
    """

    households: np.ndarray
    about: pd.DataFrame
    spend: np.ndarray
    produce: np.ndarray
    saved: np.ndarray
    visits: np.ndarray
    campaigns: pd.DataFrame

    @property
    def end(self) -> date:
        """The first day after the last one that is complete: a Monday, if the delivery was cut at one."""
        return FIRST_DAY + timedelta(days=self.spend.shape[1])


def read_purchases(journey: Path, before: date | None = None) -> Purchases:
    """Read a delivery.

    Args:
        journey: the delivery's folder.
        before: leave out everything bought on this day or later, even if it has been delivered.
    """
    bought = read_transactions(journey)
    if before is not None:
        bought = bought[bought["day"] < pd.Timestamp(before)]
    days = int((bought["day"].max() - pd.Timestamp(FIRST_DAY)).days) + 1
    households = np.unique(bought.loc[bought["day"] < pd.Timestamp(KNOWN_BEFORE), "household_id"])
    produce = ds.dataset(journey / "products.parquet").to_table(columns=["product_id"], filter=ds.field("department") == DEPARTMENT)

    household = pd.Index(households).get_indexer(bought["household_id"])
    day = (bought["day"] - pd.Timestamp(FIRST_DAY)).dt.days.to_numpy()
    spend = bought["sales_value"].to_numpy(float)
    saved = bought[["retail_disc", "coupon_disc", "coupon_match_disc"]].to_numpy(float).sum(1)
    fresh = bought["product_id"].isin(produce["product_id"].to_numpy()).to_numpy()
    first_of_basket = ~bought.duplicated("basket_id").to_numpy()
    shape = (len(households), days)

    def per_day(values: np.ndarray) -> np.ndarray:
        known = household >= 0
        return np.bincount(household[known] * days + day[known], values[known], shape[0] * days).reshape(shape)

    demographics = pd.read_parquet(journey / "demographics.parquet", columns=["household_id", *ABOUT])
    about = demographics.set_index("household_id").reindex(households).astype(object).fillna("unknown").astype(str)
    return Purchases(
        households=households,
        about=about,
        spend=per_day(spend),
        produce=per_day(spend * fresh),
        saved=per_day(saved),
        visits=per_day(first_of_basket.astype(float)),
        campaigns=read_campaigns(journey),
    )


def read_transactions(journey: Path) -> pd.DataFrame:
    """What was bought: household, basket, product, dollars, and the local day."""
    columns = ["household_id", "basket_id", "product_id", "sales_value", "retail_disc", "coupon_disc", "coupon_match_disc", "transaction_timestamp"]
    bought = ds.dataset(journey / "transactions.parquet").to_table(columns=columns).to_pandas()
    local = bought.pop("transaction_timestamp").dt.tz_localize("UTC").dt.tz_convert(TIME_ZONE)
    bought["day"] = local.dt.tz_localize(None).dt.normalize()
    return bought


def read_campaigns(journey: Path) -> pd.DataFrame:
    """Which household is sent which campaign: household_id, start_date and end_date."""
    sent, campaigns = (pd.read_parquet(journey / f"{name}.parquet") for name in ("campaigns", "campaign_descriptions"))
    joined = sent.merge(campaigns, on="campaign_id", validate="many_to_one")
    for column in ("start_date", "end_date"):
        joined[column] = pd.to_datetime(joined[column])
    return joined[["household_id", "start_date", "end_date"]]
