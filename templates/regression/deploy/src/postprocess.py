"""Turn predictions into vouchers: the less a household is about to spend, the more."""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

#: Dollars of voucher, by the dollars a household is expected to spend in the week.
STEPS = {10: 5, 25: 3, 50: 2}


def main() -> None:
    """Read the options, write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--predictions", type=Path, required=True)
    options.add_argument("--vouchers", type=Path, required=True)
    given = options.parse_args()
    vouchers = propose(pd.read_parquet(given.predictions))
    vouchers.to_parquet(given.vouchers / "part-0.parquet", index=False)
    print(f"{(vouchers['voucher'] > 0).sum():,} of {len(vouchers):,} households get a voucher")


def propose(predictions: pd.DataFrame) -> pd.DataFrame:
    """One row per household: what it is expected to spend, and its voucher, whole dollars."""
    table = predictions[["household_id"]].assign(expected=predictions["prediction"].round(2))
    dollars = [*STEPS.values(), 0]
    table["voucher"] = np.array(dollars)[np.searchsorted(list(STEPS), table["expected"], side="right")]
    return table


if __name__ == "__main__":
    main()
