"""What was really sold in a week, per row that was forecast: run by whoever delivers ground truth."""

import argparse
from datetime import date
from pathlib import Path

from columns import KEYS, TARGET
from features import week_features
from sales import read_sales


def main() -> None:
    """Read the options, write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--journey", type=Path, required=True, help="folder of a delivery that has the whole week")
    options.add_argument("--ground-truth", type=Path, required=True, help="folder to write the table to")
    options.add_argument("--week", type=date.fromisoformat, required=True, help="Monday of the week")
    options.add_argument("--stores", type=int, default=120)
    options.add_argument("--categories", type=int, default=20)
    given = options.parse_args()
    week = week_features(read_sales(given.journey, given.stores, given.categories), given.week)
    if TARGET not in week:
        raise SystemExit(f"the delivery ends before the week of {given.week} is over")
    week[[*KEYS, TARGET]].to_parquet(given.ground_truth / "part-0.parquet", index=False)
    print(f"{week[TARGET].sum():,.0f} units sold in the week of {given.week}")


if __name__ == "__main__":
    main()
