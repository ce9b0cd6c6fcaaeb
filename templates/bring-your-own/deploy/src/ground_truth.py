"""What really happened on a day: whoever knows it delivers it, with ``spalje batch truth FOLDER --project …``.

CONTRACT: a table (Parquet, CSV too) with the keys and the target. Rows may come late and in pieces, and may be corrected.
"""

import argparse
from datetime import date
from pathlib import Path

import pandas as pd
from columns import KEYS, TARGET


def main() -> None:
    """Read the options, write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--sales", type=Path, required=True, help="folder of a table that has the day")
    options.add_argument("--ground-truth", type=Path, required=True, help="folder to write the table to")
    options.add_argument("--day", type=date.fromisoformat, required=True)
    given = options.parse_args()
    sales = pd.read_parquet(given.sales)
    truth = sales.loc[sales["day"] == given.day, [*KEYS, TARGET]]
    if truth.empty:
        raise SystemExit(f"nothing is known of {given.day} yet; the last day there is: {sales['day'].max()}")
    truth.to_parquet(given.ground_truth / "part-0.parquet", index=False)
    print(f"{len(truth):,} rows of {given.day}")


if __name__ == "__main__":
    main()
