"""What the shops' systems deliver, read into arrays: units sold, and the campaigns in mailer and displays.

A delivery is a folder with ``transactions.parquet``, ``promotions.parquet`` and ``products.parquet`` in the
shape of the Complete Journey data. Times of sale are UTC; the shops, and so the days, are in US Eastern time.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.dataset as ds

DEPARTMENT = "PRODUCE"
TIME_ZONE = "America/New_York"

#: The first day of the data, a Sunday. Promotion week 1 ends with it: week w begins on Monday
#: 2017-01-02 + 7 (w - 2) days. Seen in the data: where a product is in the mailer for a single week, its
#: sales rise on the Monday that this rule gives, and fall again seven days later.
FIRST_DAY = date(2017, 1, 1)
FIRST_MONDAY = date(2017, 1, 2)

#: The range that is forecast: the busiest stores and categories before this day. It is fixed here, so that
#: building and predicting mean the same rows; move the day when the range should be chosen anew.
RANGE_BEFORE = date(2017, 7, 3)


@dataclass(frozen=True)
class Sales:
    """Sales and campaigns as arrays.

    Attributes:
        stores: shape (S,), the stores that are forecast, rising.
        categories: shape (C,), the categories that are forecast, rising.
        units: shape (S, C, days), units sold on each day since FIRST_DAY.
        chain_units: shape (C, days), units sold in all stores.
        store_units: shape (S, days), units of the whole department.
        mailer: shape (S, C, weeks), share of the category's usual sales that is in the mailer.
        display: shape (S, C, weeks), number of the category's products on display.
    """

    stores: np.ndarray
    categories: np.ndarray
    units: np.ndarray
    chain_units: np.ndarray
    store_units: np.ndarray
    mailer: np.ndarray
    display: np.ndarray

    @property
    def end(self) -> date:
        """The first day after the last one that is complete: a Monday, if the delivery was cut at one."""
        return FIRST_DAY + timedelta(days=self.units.shape[2])


def read_sales(journey: Path, stores: int = 120, categories: int = 20, before: date | None = None) -> Sales:
    """Read a delivery.

    Args:
        journey: the delivery's folder.
        stores: how many stores to forecast, the busiest.
        categories: how many categories to forecast, the best selling.
        before: leave out everything sold on this day or later, even if it has been delivered.
    """
    products = read_products(journey)
    sold = read_transactions(journey, products)
    if before is not None:
        sold = sold[sold["day"] < pd.Timestamp(before)]
    days = int((sold["day"].max() - pd.Timestamp(FIRST_DAY)).days) + 1
    early = sold[sold["day"] < pd.Timestamp(RANGE_BEFORE)]
    chosen_stores = np.sort(early.groupby("store_id")["units"].sum().nlargest(stores).index.to_numpy())
    chosen_categories = np.sort(early.groupby("product_category")["units"].sum().nlargest(categories).index.to_numpy(str))

    store = pd.Index(chosen_stores).get_indexer(sold["store_id"])
    category = pd.Index(chosen_categories).get_indexer(sold["product_category"])
    day = (sold["day"] - pd.Timestamp(FIRST_DAY)).dt.days.to_numpy()
    quantity = sold["units"].to_numpy(float)
    mailer, display = _campaigns(journey, products, sold[sold["day"] < pd.Timestamp(RANGE_BEFORE)], chosen_stores, chosen_categories)
    return Sales(
        stores=chosen_stores,
        categories=chosen_categories,
        units=_sum((len(chosen_stores), len(chosen_categories), days), (store, category, day), quantity),
        chain_units=_sum((len(chosen_categories), days), (category, day), quantity),
        store_units=_sum((len(chosen_stores), days), (store, day), quantity),
        mailer=mailer,
        display=display,
    )


def read_products(journey: Path) -> pd.DataFrame:
    """The department's products: product_id and product_category, rising by id."""
    table = ds.dataset(journey / "products.parquet").to_table(
        columns=["product_id", "product_category"], filter=ds.field("department") == DEPARTMENT
    )
    return table.to_pandas().dropna().sort_values("product_id", ignore_index=True)


def read_transactions(journey: Path, products: pd.DataFrame) -> pd.DataFrame:
    """What was sold of the products: store_id, product_category, product_id, units and the local day."""
    table = ds.dataset(journey / "transactions.parquet").to_table(
        columns=["store_id", "product_id", "quantity", "transaction_timestamp"],
        filter=ds.field("product_id").isin(products["product_id"]),
    )
    sold = table.to_pandas().rename(columns={"quantity": "units"})
    local = sold.pop("transaction_timestamp").dt.tz_localize("UTC").dt.tz_convert(TIME_ZONE)
    sold["day"] = local.dt.tz_localize(None).dt.normalize()
    sold["product_category"] = products["product_category"].to_numpy()[
        np.searchsorted(products["product_id"], sold["product_id"])
    ]
    return sold


def _campaigns(
    journey: Path, products: pd.DataFrame, sold: pd.DataFrame, stores: np.ndarray, categories: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    promotions = ds.dataset(journey / "promotions.parquet").to_table(
        columns=["product_id", "store_id", "display_location", "mailer_location", "week"],
        filter=ds.field("product_id").isin(products["product_id"]) & ds.field("store_id").isin(stores),
    ).to_pandas()
    product = np.searchsorted(products["product_id"], promotions["product_id"])
    category_of = pd.Index(categories).get_indexer(products["product_category"])
    usual = sold.groupby("product_id")["units"].sum().reindex(products["product_id"], fill_value=0).to_numpy(float)
    of_category = np.bincount(category_of[category_of >= 0], usual[category_of >= 0], len(categories))
    share = np.where(category_of >= 0, usual / np.maximum(of_category[category_of], 1), 0)
    store = pd.Index(stores).get_indexer(promotions["store_id"])
    week = promotions["week"].to_numpy()
    shape = (len(stores), len(categories), int(week.max(initial=1)) + 1)
    where = (store, category_of[product], week)
    mailed = (promotions["mailer_location"] != "0").to_numpy()
    shown = (promotions["display_location"] != "0").to_numpy()
    return _sum(shape, where, share[product] * mailed), _sum(shape, where, shown.astype(float))


def _sum(shape: tuple[int, ...], where: tuple[np.ndarray, ...], values: np.ndarray) -> np.ndarray:
    """Sum values into cells; what belongs to no cell (index -1) is left out."""
    known = np.all([index >= 0 for index in where], axis=0)
    flat = np.ravel_multi_index(tuple(index[known] for index in where), shape)
    return np.bincount(flat, values[known], int(np.prod(shape))).reshape(shape)
