"""Turn the data into the tables a model is trained, stopped and evaluated on.

CONTRACT: an input of the recipe, ``inputs={"sales": …}``, comes as ``--sales FOLDER``, read-only; an output,
``outputs={"train": "table"}``, as ``--train FOLDER``, which is there and empty. The tables have the columns of
[problem] in spalje.toml: keys, features and target.

Keep time in order: evaluate on days after those that were trained on.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from features import DAYS, days_features


def main() -> None:
    """Read the options, write the tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sales", type=Path, required=True, help="folder of the table of sales")
    for table in ("train", "validation", "evaluation"):
        options.add_argument(f"--{table}", type=Path, required=True, help="folder to write this table to")
    options.add_argument("--evaluation-days", type=int, default=21)
    options.add_argument("--validation-days", type=int, default=7)
    given = options.parse_args()
    sales = pd.read_parquet(given.sales)
    days = np.sort(sales["day"].unique())[DAYS:]
    ends = [len(days) - given.evaluation_days - given.validation_days, len(days) - given.evaluation_days]
    for some, folder in zip(np.split(days, ends), (given.train, given.validation, given.evaluation), strict=True):
        table = days_features(sales, some)
        table.to_parquet(folder / "part-0.parquet", index=False)
        print(f"{folder.name}: {len(table):,} rows, {some[0]} to {some[-1]}")


if __name__ == "__main__":
    main()
