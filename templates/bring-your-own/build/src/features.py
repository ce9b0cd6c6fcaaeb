"""The features of a day. The same file makes what the model learns from and what it predicts from: keep it so.

The one rule: a row's features hold nothing that is not known when the prediction is made. tests/test_features.py
changes the day itself and looks whether a feature moves.
"""

from datetime import date

import numpy as np
import pandas as pd
from columns import CATEGORICAL, KEYS, NUMBERS, TARGET

#: How many days before its own a day's features look at.
DAYS = 7


def day_features(sales: pd.DataFrame, day: date) -> pd.DataFrame:
    """One row per item: the keys, the features, and the target where the day is known already.

    Raises:
        ValueError: the days before it are not all there.
    """
    before = sales[sales["day"] < day].pivot(index="item", columns="day", values="sold").iloc[:, -DAYS:]
    if before.shape[1] < DAYS or (day - before.columns[-1]).days != 1:
        raise ValueError(f"for {day} the {DAYS} days before it are needed; the last day there is: {sales['day'].max()}")
    about = sales[sales["day"] < day].drop_duplicates("item", keep="last").set_index("item")
    today = sales[sales["day"] == day].set_index("item")
    # a price is set the evening before; where the day is not delivered yet, yesterday's holds
    price = today["price"].reindex(before.index).fillna(about["price"]) if len(today) else about["price"]
    table = pd.DataFrame({"item": before.index, "day": day, "kind": about["kind"].reindex(before.index).to_numpy()})
    table["weekday"] = float(day.weekday())
    table["price"] = price.reindex(before.index).to_numpy()
    table["sold_yesterday"] = before.iloc[:, -1].to_numpy()
    table["sold_mean_7"] = before.mean(axis=1).to_numpy()
    table = table[[*KEYS, *CATEGORICAL, *NUMBERS]]
    return table.assign(**{TARGET: today[TARGET].reindex(before.index).to_numpy()}) if len(today) else table


def days_features(sales: pd.DataFrame, days: np.ndarray) -> pd.DataFrame:
    """The features of several days, each as seen on its own morning."""
    return pd.concat([day_features(sales, day) for day in days], ignore_index=True)
