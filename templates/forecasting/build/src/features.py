"""Features of a week, from nothing but what is known on its Monday morning.

The same file stands in the build and in the deploy repository: what the model learns from is what it
predicts from. Everything sold on that Monday or later is left out; the week's campaigns are planned ahead
and therefore known.
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd
from columns import TARGET
from sales import FIRST_DAY, FIRST_MONDAY, Sales


def week_features(sales: Sales, monday: date) -> pd.DataFrame:
    """One row per store, category and day of the week that begins on ``monday``.

    Columns: the keys, the features, and ``units`` where the whole week has been sold already.

    Raises:
        ValueError: ``monday`` is no Monday, or the delivery ends before it.
    """
    if monday.weekday() != 0:
        raise ValueError(f"{monday} is a {monday:%A}; a week begins on a Monday")
    start = (monday - FIRST_DAY).days
    if not 56 <= start <= sales.units.shape[2]:
        raise ValueError(
            f"for the week of {monday} sales of the 56 days before it are needed; there are those "
            f"from {FIRST_DAY} to {sales.end - timedelta(days=1)}"
        )
    columns = _of_sales(sales, start) | _of_campaigns(sales, (monday - FIRST_MONDAY).days // 7 + 2)
    stores, categories = len(sales.stores), len(sales.categories)
    shape = (stores, categories, 7)
    frame = pd.DataFrame({name: np.broadcast_to(values, shape).ravel() for name, values in columns.items()})
    days = pd.date_range(monday, periods=7)
    frame.insert(0, "store_id", np.repeat(sales.stores, categories * 7))
    frame.insert(1, "product_category", np.tile(np.repeat(sales.categories, 7), stores))
    frame.insert(2, "day", np.tile(days.date, stores * categories))
    frame.insert(3, "weekday", np.tile(days.day_of_week, stores * categories))
    if start + 7 <= sales.units.shape[2]:
        frame[TARGET] = sales.units[:, :, start : start + 7].ravel()
    return frame


def weeks_features(sales: Sales, mondays: list[date]) -> pd.DataFrame:
    """The features of several weeks, each as seen on its own Monday."""
    return pd.concat([week_features(sales, monday) for monday in mondays], ignore_index=True)


def _of_sales(sales: Sales, start: int) -> dict[str, np.ndarray]:
    """Features of what was sold before day ``start``; shapes broadcast to (stores, categories, 7)."""
    units, chain, store = (part[..., :start] for part in (sales.units, sales.chain_units, sales.store_units))
    weeks = units[:, :, -56:].reshape(*units.shape[:2], 8, 7)
    mean = {n: units[:, :, -n:].mean(2) for n in (7, 14, 28, 56)}
    category = {n: chain[:, -n:].mean(1)[None, :, None] for n in (7, 14, 28, 56)}
    here = {n: mean[n].mean(0)[None, :] for n in (28, 56)}
    store_share = (mean[56].mean(1) / mean[56].mean())[:, None]
    usual = store_share * here[28]
    recent = mean[56] * (here[28] + 0.01) / (here[56] + 0.01)
    by_weekday = chain[:, -56:].reshape(len(chain), 8, 7).sum(1)
    return {
        "units_lag_7": units[:, :, -7:],
        "units_lag_14": units[:, :, -14:-7],
        "units_weekday_mean_4": weeks[:, :, -4:].mean(2),
        "units_weekday_mean_8": weeks.mean(2),
        **{f"units_mean_{n}": mean[n][:, :, None] for n in mean},
        "units_expected": (0.6 * recent + 0.4 * usual)[:, :, None],
        **{f"category_mean_{n}": category[n] for n in category},
        "category_trend_7": (category[7] + 0.5) / (category[28] + 0.5),
        "category_trend_14": (category[14] + 0.5) / (category[28] + 0.5),
        "category_trend_56": (category[28] + 0.5) / (category[56] + 0.5),
        "category_weekday_share": (by_weekday / np.maximum(by_weekday.sum(1, keepdims=True), 1))[None],
        "store_mean_7": store[:, -7:].mean(1)[:, None, None],
        "store_mean_28": store[:, -28:].mean(1)[:, None, None],
        "store_weekday_mean": store[:, -56:].reshape(len(store), 8, 7).mean(1)[:, None, :],
    }


def _of_campaigns(sales: Sales, week: int) -> dict[str, np.ndarray]:
    """Features of the campaigns of a promotion week and of those before it."""

    def of(what: np.ndarray, ago: int) -> np.ndarray:
        known = week - ago < what.shape[2]
        return what[:, :, week - ago] if known else np.zeros(what.shape[:2])

    mailer, display = ([of(what, ago) for ago in range(5)] for what in (sales.mailer, sales.display))
    features = {
        "mailer_share": mailer[0],
        "mailer_share_last_week": mailer[1],
        "mailer_share_4_weeks": np.mean(mailer[1:], axis=0),
        "display_products": display[0],
        "display_products_4_weeks": np.mean(display[1:], axis=0),
    }
    return {name: values[:, :, None] for name, values in features.items()}
