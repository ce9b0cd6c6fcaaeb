"""Hand the orders to those who wait for them: here a folder, with you perhaps a table of their system."""

import argparse
from pathlib import Path

import pandas as pd


def main() -> None:
    """Read the options, write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--orders", type=Path, required=True)
    options.add_argument("--out", type=Path, required=True, help="folder to write to; it replaces the last one as a whole")
    given = options.parse_args()
    orders = pd.read_parquet(given.orders)
    orders.to_parquet(given.out / "part-0.parquet", index=False)
    print(f"{len(orders):,} rows handed on")


if __name__ == "__main__":
    main()
