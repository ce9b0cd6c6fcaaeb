"""Two weeks of sales; a day of features, and what was sold on it."""

import sys
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def day(at):
    prices = [1.0 + (at.day * 7 + store * 3) % 11 / 4 for store in range(20)]
    units = [30 - 4 * price + (store * at.day) % 5 / 2 for store, price in enumerate(prices)]
    columns = {"store": list(range(20)), "day": [at] * 20, "price": prices, "sugar": prices, "units": units}
    return pa.table(columns)


def write(table, folder):
    folder.mkdir(parents=True)
    pq.write_table(table, folder / "part-0.parquet")


folder = Path(sys.argv[1])
first = date(2024, 1, 5)
write(pa.concat_tables([day(first - timedelta(days=n)) for n in range(1, 15)]), folder / "sales")
write(day(first).drop_columns(["units"]), folder / "features")
write(day(first).select(["store", "day", "units"]), folder / "ground_truth")
