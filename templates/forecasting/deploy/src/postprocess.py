"""Turn forecasts into proposals for orders: whole units, and a little more where selling out hurts."""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

#: Standard deviations of a Poisson count kept as safety stock for the week.
SAFETY = 0.5


def main() -> None:
    """Read the options, write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--predictions", type=Path, required=True)
    options.add_argument("--orders", type=Path, required=True)
    given = options.parse_args()
    orders = propose(pd.read_parquet(given.predictions))
    orders.to_parquet(given.orders / "part-0.parquet", index=False)
    print(f"{orders['order'].sum():,} units proposed for {orders['store_id'].nunique()} stores")


def propose(predictions: pd.DataFrame) -> pd.DataFrame:
    """One row per store and category: the week's forecast and the order proposed."""
    week = predictions.groupby(["store_id", "product_category"], as_index=False)["prediction"].sum()
    week = week.rename(columns={"prediction": "forecast"})
    week["order"] = np.ceil(week["forecast"] + SAFETY * np.sqrt(week["forecast"])).astype("int64")
    return week


if __name__ == "__main__":
    main()
