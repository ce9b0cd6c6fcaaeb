"""Daily sales of a real grocer forecast by a gradient-boosted Poisson model, for tests of what comes after."""

import numpy as np
import pytest
from produce import CATEGORIES, DAYS, STORES, lagged, rolling, units

from spalje.monitor.measurement import Judged

lightgbm = pytest.importorskip("lightgbm")

FIRST_DAY = int(np.datetime64("2017-01-02", "D").astype(int))  # a Monday: day 1 of the data
#: whole weeks from Monday on which every feature is known
WEEKS = [slice(1 + 7 * number, 8 + 7 * number) for number in range(5, 52)]


class Sales:
    """Every day's features, truth and predictions, shape (stores, categories, days)."""

    def __init__(self) -> None:
        self.truth = units()
        week_ago = lagged(self.truth, 7)
        shape = self.truth.shape
        self.features = {
            "lag_7": week_ago,
            "lag_14": lagged(self.truth, 14),
            "mean_7": rolling(week_ago, 7, np.mean),
            "mean_28": rolling(week_ago, 28, np.mean),
            "max_28": rolling(week_ago, 28, np.max),
            "mean_56": rolling(week_ago, 56, np.mean),
            "std_28": rolling(week_ago, 28, np.std),
            "category_lag_7": np.broadcast_to(week_ago.mean(axis=0, keepdims=True), shape),
            "store_lag_7": np.broadcast_to(week_ago.sum(axis=1, keepdims=True), shape),
            "store": np.broadcast_to(np.arange(STORES)[:, None, None], shape).astype(float),
            "category": np.broadcast_to(np.arange(CATEGORIES)[None, :, None], shape).astype(float),
            "weekday": np.broadcast_to(np.arange(DAYS) % 7, shape).astype(float),
        }
        train = slice(1 + 7 * 5, 1 + 7 * 26)
        parameters = {
            "objective": "poisson", "num_leaves": 15, "learning_rate": 0.1, "min_data_in_leaf": 500,
            "verbose": -1, "seed": 1, "deterministic": True, "num_threads": 1,
        }  # fmt: skip
        data = lightgbm.Dataset(self.matrix(train), self.truth[..., train].ravel())
        self.model = lightgbm.train(parameters, data, 60)

    def matrix(self, days: slice, **changed: float) -> np.ndarray:
        columns = [np.full(self.truth[..., days].size, changed[name]) if name in changed else values[..., days].ravel()
                   for name, values in self.features.items()]  # fmt: skip
        return np.column_stack(columns)

    def judged(self, days: slice, **changed: float) -> Judged:
        truth = self.truth[..., days]
        day = np.broadcast_to(FIRST_DAY - 1 + np.arange(days.start, days.stop), truth.shape)
        store = np.broadcast_to(np.arange(STORES)[:, None, None], truth.shape)
        prediction = self.model.predict(self.matrix(days, **changed), num_threads=1)
        return Judged("regression", truth.ravel(), prediction, day.ravel(), store.ravel(), "store")
