"""Turn a delivery into the features of the week to forecast."""

import argparse
from datetime import date
from pathlib import Path

from columns import TARGET
from features import week_features
from sales import read_sales


def main() -> None:
    """Read the options, write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--journey", type=Path, required=True, help="folder of the delivery")
    options.add_argument("--features", type=Path, required=True, help="folder to write the table to")
    options.add_argument("--week", type=date.fromisoformat, required=True, help="Monday of the week to forecast")
    options.add_argument("--stores", type=int, default=120, help="how many stores, as when the model was built")
    options.add_argument("--categories", type=int, default=20, help="how many categories, as when it was built")
    given = options.parse_args()
    sales = read_sales(given.journey, given.stores, given.categories, before=given.week)
    table = week_features(sales, given.week).drop(columns=TARGET, errors="ignore")
    table.to_parquet(given.features / "part-0.parquet", index=False)
    print(f"{len(table):,} rows for the week of {given.week}")


if __name__ == "__main__":
    main()
