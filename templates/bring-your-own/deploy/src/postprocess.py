"""Turn predictions into what the business wants of them: here whole units to order.

CONTRACT: ``--predictions FOLDER`` is a table with the keys and the column ``prediction``. What is written to
``--orders FOLDER`` is published with the batch, or blocked with it.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd


def main() -> None:
    """Read the options, write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--predictions", type=Path, required=True)
    options.add_argument("--orders", type=Path, required=True)
    given = options.parse_args()
    orders = propose(pd.read_parquet(given.predictions))
    orders.to_parquet(given.orders / "part-0.parquet", index=False)
    print(f"{orders['order'].sum():,} units")


def propose(predictions: pd.DataFrame) -> pd.DataFrame:
    """One row per item: the prediction, and the order."""
    table = predictions[["item"]].assign(forecast=predictions["prediction"])
    table["order"] = np.ceil(table["forecast"]).astype("int64")
    return table


if __name__ == "__main__":
    main()
