"""Turn the data into the features of the day to predict: keys and features, and no target, for nobody knows it yet.

CONTRACT: as in the build repository; ``--day`` is the parameter ``day`` of the recipe.
"""

import argparse
from datetime import date
from pathlib import Path

import pandas as pd
from columns import TARGET
from features import day_features


def main() -> None:
    """Read the options, write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sales", type=Path, required=True, help="folder of the table of sales")
    options.add_argument("--features", type=Path, required=True, help="folder to write the table to")
    options.add_argument("--day", type=date.fromisoformat, required=True, help="the day to predict")
    given = options.parse_args()
    table = day_features(pd.read_parquet(given.sales), given.day).drop(columns=TARGET, errors="ignore")
    table.to_parquet(given.features / "part-0.parquet", index=False)
    print(f"{len(table):,} rows for {given.day}")


if __name__ == "__main__":
    main()
