"""Batches of a made-up shop: cells of rank, drawn as rows would fall, so that a million rows cost nothing."""

from dataclasses import dataclass
from datetime import date, timedelta
from statistics import NormalDist

import numpy as np

from spalje.monitor.history import History, PastBatch, Season
from spalje.profile.gram import Gram
from spalje.profile.sketch import Sketch

CELLS = 128
FIRST = date(2025, 1, 6)  # a Monday
_EDGES = np.array([NormalDist().inv_cdf(each) for each in np.arange(1, CELLS) / CELLS])


def _cdf(x):
    return np.array([NormalDist().cdf(each) for each in x])


#: Cumulative shares over a fine line of shifts, so that none is computed twice.
_SHIFTS = np.linspace(-3, 3, 1201)
_TABLE = np.diff(np.stack([np.concatenate([[0], _cdf(_EDGES - s), [1]]) for s in _SHIFTS]), axis=1)


def numeric(shift: float) -> np.ndarray:
    """Shares of the cells of a standard normal column that has moved by some standard deviations."""
    return _TABLE[int(np.clip(round((shift + 3) / 0.005), 0, len(_SHIFTS) - 1))]


def zipf(values: int, moved: float) -> np.ndarray:
    """Shares of categories by rank, of which some have moved from the commonest to the rarest; and none unseen."""
    shares = 1.0 / np.arange(1, values + 1)
    shares /= shares.sum()
    shares[0] -= moved
    shares[values // 2 :] += moved / (values - values // 2)
    return np.concatenate([shares, [0.0, 0.0]])


@dataclass(frozen=True)
class Shop:
    """How its days differ.

    Attributes:
        rows: of a day.
        numbers, categories: columns.
        weekday: standard deviation of the weekdays' own shifts.
        annual: height of the yearly wave.
        noise: standard deviation of each day's own shift.
    """

    rows: int = 10_000
    numbers: int = 15
    categories: int = 5
    weekday: float = 0.0
    annual: float = 0.0
    noise: float = 0.0

    def day(
        self, number: int, rng: np.random.Generator, drift: float = 0.0, rows: int | None = None
    ) -> Sketch:
        """One day; ``drift``: the largest difference of cumulative shares by which column x0 has moved."""
        rows = self.rows if rows is None else rows
        week = np.random.default_rng(7).normal(0, self.weekday, (7, self.numbers))
        wave = self.annual * np.sin(2 * np.pi * number / 365.25 + np.arange(self.numbers))
        shifts = week[number % 7] + wave + rng.normal(0, self.noise, self.numbers)
        # of a normal column that moves by s the largest difference is 2 cdf(s / 2) - 1
        shifts[0] += 2 * NormalDist().inv_cdf((1 + drift) / 2)
        cells = {f"x{i}": rng.multinomial(rows, numeric(shift)) for i, shift in enumerate(shifts)}
        for i in range(self.categories):
            cells[f"c{i}"] = rng.multinomial(rows, zipf(10 ** (1 + i % 2), 0.0))
        none = dict.fromkeys(cells, 0)
        finite = {name: 0 for name in cells if name.startswith("x")}
        return Sketch("grid", rows, none, finite, cells)

    def history(self, days: int, rng: np.random.Generator, season: Season = "none") -> History:
        """Good days."""
        return History(tuple(self.past(number, rng) for number in range(days)), season)

    def past(self, number: int, rng: np.random.Generator, **how) -> PastBatch:
        return PastBatch(f"day-{number}", FIRST + timedelta(days=number), self.day(number, rng, **how))


def gram(rows: int, correlation: float, rng: np.random.Generator, columns: int = 20) -> Gram:
    """Normal scores of columns of which only the first two go together."""
    scores = rng.standard_normal((columns, rows))
    scores[1] = correlation * scores[0] + np.sqrt(1 - correlation**2) * scores[1]
    return Gram.of(tuple(f"x{i}" for i in range(columns)), scores)
