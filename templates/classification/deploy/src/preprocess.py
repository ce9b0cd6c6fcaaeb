"""Turn a delivery into the features of the week to predict."""

import argparse
from datetime import date
from pathlib import Path

from columns import TARGET
from features import week_features
from purchases import read_purchases


def main() -> None:
    """Read the options, write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--journey", type=Path, required=True, help="folder of the delivery")
    options.add_argument("--features", type=Path, required=True, help="folder to write the table to")
    options.add_argument("--week", type=date.fromisoformat, required=True, help="Monday of the week to predict")
    given = options.parse_args()
    purchases = read_purchases(given.journey, before=given.week)
    table = week_features(purchases, given.week).drop(columns=TARGET, errors="ignore")
    table.to_parquet(given.features / "part-0.parquet", index=False)
    print(f"{len(table):,} rows for the week of {given.week}")


if __name__ == "__main__":
    main()
