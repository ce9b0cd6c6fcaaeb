"""Turn a delivery into the tables a model is trained, stopped and evaluated on.

Time order is kept: the model is trained on the weeks up to the validation weeks, stopped by these, and
evaluated on the weeks after them, each as seen on its own Monday.
"""

import argparse
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
from features import WEEKS, weeks_features
from purchases import FIRST_MONDAY, read_purchases


def main() -> None:
    """Read the options, write the tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--journey", type=Path, required=True, help="folder of the delivery")
    for table in ("train", "validation", "evaluation"):
        options.add_argument(f"--{table}", type=Path, required=True, help="folder to write this table to")
    options.add_argument("--today", type=date.fromisoformat, help="a Monday; default: the last the data allows")
    options.add_argument("--evaluation-weeks", type=int, default=9)
    options.add_argument("--validation-weeks", type=int, default=2)
    given = options.parse_args()

    purchases = read_purchases(given.journey, before=given.today)
    today = given.today or purchases.end - timedelta(days=purchases.end.weekday())
    evaluation = mondays(today - timedelta(weeks=given.evaluation_weeks), today)
    validation = mondays(evaluation[0] - timedelta(weeks=given.validation_weeks), evaluation[0])
    train = mondays(FIRST_MONDAY + timedelta(weeks=WEEKS), validation[0])
    if len(train) < 4:
        raise SystemExit(f"only {len(train)} weeks to train on before {validation[0]}: choose a later --today")
    for weeks, folder in ((train, given.train), (validation, given.validation), (evaluation, given.evaluation)):
        table: pd.DataFrame = weeks_features(purchases, weeks)
        table.to_parquet(folder / "part-0.parquet", index=False)
        print(f"{folder.name}: {len(table):,} rows, the weeks of {weeks[0]} to {weeks[-1]}")


def mondays(first: date, end: date) -> list[date]:
    """The Mondays from ``first`` to before ``end``."""
    return [first + timedelta(weeks=n) for n in range((end - first).days // 7)]


if __name__ == "__main__":
    main()
