"""Hand the mailing to those who send it: here a folder, with you perhaps a table of their system."""

import argparse
from pathlib import Path

import pandas as pd


def main() -> None:
    """Read the options, write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--mailing", type=Path, required=True)
    options.add_argument("--out", type=Path, required=True, help="folder to write to; it replaces the last one as a whole")
    given = options.parse_args()
    mailing = pd.read_parquet(given.mailing)
    mailing.to_parquet(given.out / "part-0.parquet", index=False)
    print(f"{len(mailing):,} rows handed on")


if __name__ == "__main__":
    main()
