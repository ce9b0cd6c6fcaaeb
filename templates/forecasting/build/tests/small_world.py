"""A small world of sales, made here: four stores, three products in two categories, twenty-six weeks."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

END = date(2017, 7, 3)


def write_world(folder: Path, change=lambda sold: sold) -> Path:
    """Write the three tables; ``change`` may alter the transactions first."""
    rng = np.random.default_rng(7)
    days = pd.date_range("2017-01-01", END - timedelta(days=1))
    rows = [
        (store, product, day + pd.Timedelta(hours=17), int(rng.poisson(store * (1 + (day.day_of_week > 4)))))
        for day in days
        for store in (1, 2, 3, 4)
        for product in (10, 11, 12)
    ]
    sold = pd.DataFrame(rows, columns=["store_id", "product_id", "transaction_timestamp", "quantity"])
    sold["transaction_timestamp"] = sold["transaction_timestamp"].astype("datetime64[ns]")
    products = pd.DataFrame({"product_id": [10, 11, 12, 99], "department": ["PRODUCE"] * 3 + ["MEAT"], "product_category": ["APPLES", "APPLES", "PEARS", "PORK"]})
    promotions = pd.DataFrame({"product_id": [10, 12], "store_id": [1, 2], "display_location": ["9", "0"], "mailer_location": ["0", "A"], "week": [20, 28]})
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in (("transactions", change(sold)), ("products", products), ("promotions", promotions)):
        table.to_parquet(folder / f"{name}.parquet", index=False)
    return folder
