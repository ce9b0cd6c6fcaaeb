"""A small world of households, made here: thirty-six of them with habits of their own, over twenty-six weeks."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

END = date(2017, 7, 3)
HOUSEHOLDS = 36


def write_world(folder: Path, change=lambda bought: bought) -> Path:
    """Write the five tables; ``change`` may alter the transactions first."""
    rng = np.random.default_rng(7)
    rows = []
    for day in pd.date_range("2017-01-01", END - timedelta(days=1)):
        for household in range(1, HOUSEHOLDS + 1):
            if rng.random() < (household + 12) / 130:
                basket, big = len(rows), 1 + 5 * (rng.random() < household / 60)
                for product in rng.choice([10, 11, 99], size=1 + rng.integers(2), replace=False):
                    rows.append((household, basket, int(product), big * rng.gamma(4, 4), day + pd.Timedelta(hours=17)))
    bought = pd.DataFrame(rows, columns=["household_id", "basket_id", "product_id", "sales_value", "transaction_timestamp"])
    bought["transaction_timestamp"] = bought["transaction_timestamp"].astype("datetime64[ns]")
    bought = bought.assign(retail_disc=0.5, coupon_disc=0.0, coupon_match_disc=0.0)
    tables = {
        "transactions": change(bought),
        "products": pd.DataFrame({"product_id": [10, 11, 99], "department": ["PRODUCE", "GROCERY", "MEAT"]}),
        "demographics": pd.DataFrame({"household_id": [1, 5], "age": ["65+", "25-34"], "income": ["35-49K", "50-74K"], "household_size": ["2", "4"]}),
        "campaigns": pd.DataFrame({"campaign_id": [1, 2], "household_id": [3, 4]}),
        "campaign_descriptions": pd.DataFrame({"campaign_id": [1, 2], "start_date": pd.to_datetime(["2017-04-03", "2017-07-05"]), "end_date": pd.to_datetime(["2017-05-07", "2017-08-06"])}),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    return folder
