"""Fetch the data: here they are made up; read your own.

CONTRACT of a process step: it is run as ``python ingest.py --<output> FOLDER --<parameter> VALUE``, in a process of
its own, in the folder of this file. It writes files into the folders of its outputs. Exit code 0 is success; anything
else fails the step, and the last lines of its log are shown.

CONTRACT of a table: a folder with Parquet files; all of them together are the table.

A step is not run again if the same code had the same inputs and parameters: so let a parameter (here ``until``) say
what is fetched, and write ``cache=False`` in the recipe if that cannot be.
"""

import argparse
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

#: The first day there is, and how many items.
FIRST, ITEMS = date(2024, 1, 1), 40


def main() -> None:
    """Read the options, write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sales", type=Path, required=True, help="folder to write the table to")
    options.add_argument("--until", type=date.fromisoformat, default=date(2024, 4, 1), help="the first day not known yet")
    options.add_argument("--through", type=date.fromisoformat, help="instead of --until: the last day that is known")
    given = options.parse_args()
    until = given.through + timedelta(days=1) if given.through else given.until
    table = made_up(until)
    table.to_parquet(given.sales / "part-0.parquet", index=False)
    print(f"{len(table):,} rows before {until}")


def made_up(until: date) -> pd.DataFrame:
    """One row per item and day: kind, price and units sold. A day is always the same, whatever else is asked for."""
    days = (until - FIRST).days
    item = np.arange(ITEMS)
    rows = []
    for number in range(days):
        rng = np.random.default_rng([7, number])
        day = pd.Timestamp(FIRST) + pd.Timedelta(number, "D")
        price = np.round(2 + item % 5 * 0.5 - (rng.random(ITEMS) < 0.2), 2)
        usual = (3 + item % 7) * (1.5 if day.day_of_week >= 5 else 1.0) * np.exp(-0.3 * (price - 2))
        rows.append(pd.DataFrame({"item": item + 1, "day": day.date(), "kind": np.array(["fruit", "roots", "leaves"])[item % 3], "price": price, "sold": rng.poisson(usual).astype(float)}))
    return pd.concat(rows, ignore_index=True)


if __name__ == "__main__":
    main()
