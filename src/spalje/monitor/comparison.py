"""A batch beside its baseline, column by column."""

import sys
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spalje.drift.divergence import jensen_shannon, psi
from spalje.drift.linf import linf, linf_categories, robust
from spalje.monitor.constraints import ColumnConstraints, Constraints, Limits, Monitoring
from spalje.profile.column import Column
from spalje.profile.kll import Counts, Floats, quantiles
from spalje.profile.number import Numbers
from spalje.profile.profile import Profile
from spalje.profile.text import Texts, align

#: Cells of PSI and Jensen-Shannon for numbers: between the tenths of the baseline.
TENTHS = np.arange(1, 10) / 10
#: The middles of twenty parts of equal share, over which distances between quantiles are averaged.
MIDDLES = (np.arange(20) + 0.5) / 20


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a column's values in the batch are from those in training; nulls, NaN and infinity apart.

    Attributes:
        simple: largest difference of cumulative shares (numbers) or of one value's share (strings).
        robust: the same less what sampling alone could explain.
        psi: population stability index over tenths of training, or over values; None where not all
            values are known.
        jensen_shannon: distance over the same cells, 0 to 1; None as ``psi``.
    """

    simple: float
    robust: float
    psi: float | None
    jensen_shannon: float | None


@dataclass(frozen=True, slots=True)
class Unseen:
    """Values that training did not have, or that the column's domain does not where it has one.

    Attributes:
        rows: with such a value.
        example: the most frequent of them; None without any.
    """

    rows: int = 0
    example: str | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """One column, in the batch and in training.

    Attributes:
        name: the column's.
        now: in the batch.
        then: in training.
        constraints: what a good batch's column looks like.
        monitoring: thresholds of Model Monitor's checks for it.
        distance: between the two; None when one has no value or they are not alike.
        wasserstein: mean distance between the tenths of the two, in standard deviations of training;
            None for what is no number or does not vary.
        far: rows below the column's lower and above its upper limit; exact with point masses.
        unseen: None where training's values are not all known.
    """

    name: str
    now: Column
    then: Column
    constraints: ColumnConstraints
    monitoring: Monitoring
    distance: Distance | None
    wasserstein: float | None
    far: tuple[int, int]
    unseen: Unseen | None

    @property
    def retyped(self) -> bool:
        """Whether it holds something else than in training, so that the model cannot read it.

        Whole and fractional numbers are one thing here; so are strings, categories and flags; a
        column that is all null fits everything.
        """
        return len({_family(column) for column in (self.now, self.then)} - {None}) > 1


@dataclass(frozen=True, slots=True)
class Case:
    """Everything the checks look at.

    Attributes:
        batch: profile of the batch.
        baseline: profile of the training table.
        constraints: what a good batch looks like.
        pairs: the checked columns that both tables have.
        strict: as Model Monitor does it: no margins, no least number of rows.
        keys_duplicated: rows of the batch whose business keys an earlier row has too.
        keys_null: rows of the batch with a null in a business key.
        keys_missing: business keys that are not columns of the batch.
    """

    batch: Profile
    baseline: Profile
    constraints: Constraints
    pairs: tuple[Pair, ...]
    strict: bool = False
    keys_duplicated: int = 0
    keys_null: int = 0
    keys_missing: tuple[str, ...] = ()

    def comparable(self, pair: Pair) -> bool:
        """Whether both tables have enough values in a column for the distributions to be compared."""
        least = 1 if self.strict else self.constraints.min_rows
        return all(column.rows - column.nulls >= least for column in (pair.now, pair.then))


def pairs(batch: Profile, baseline: Profile, constraints: Constraints) -> tuple[Pair, ...]:
    """The columns that are to be checked and that both tables have, compared."""
    found = []
    for name, column in constraints.columns.items():
        monitoring = constraints.monitoring_of(name)
        if monitoring.evaluate and name in batch.columns and name in baseline.columns:
            now, then = batch.columns[name], baseline.columns[name]
            found.append(
                Pair(
                    name,
                    now,
                    then,
                    column,
                    monitoring,
                    distance=distance(now, then),
                    wasserstein=_wasserstein(now, then),
                    far=_far(now, column.limits),
                    unseen=_unseen(now, then, column.domains),
                )
            )
    return tuple(found)


def distance(now: Column, then: Column) -> Distance | None:
    """The distances between two columns; None when one of them has no value or they are not alike."""
    if now.numbers and then.numbers and now.numbers.moments.count and then.numbers.moments.count:
        return _between_numbers(now.numbers, then.numbers)
    if now.texts and then.texts and now.texts.count and then.texts.count:
        return _between_texts(now.texts, then.texts)
    return None


def figures(pair: Pair) -> dict[str, float]:
    """Numbers about a column for those who look closer, by name; all finite."""
    now, then = pair.now, pair.then
    found: dict[str, float] = {
        "nulls": 1.0 - now.completeness,
        "nulls_baseline": 1.0 - then.completeness,
        "not_finite": now.nan + now.infinite,
    }
    if pair.distance:
        found |= {"distance": pair.distance.simple, "distance_robust": pair.distance.robust}
        if pair.distance.psi is not None and pair.distance.jensen_shannon is not None:
            found |= {"psi": pair.distance.psi, "jensen_shannon": pair.distance.jensen_shannon}
    for column, name in ((now, "mean"), (then, "mean_baseline")):
        if column.numbers and column.numbers.moments.count:
            found[name] = column.numbers.moments.mean
    if now.numbers and now.numbers.moments.count:
        found["far"] = sum(pair.far) / now.numbers.moments.count
    if now.texts and now.texts.count and pair.unseen:
        found["unseen"] = pair.unseen.rows / now.texts.count
    return found


def _family(column: Column) -> str | None:
    if column.kind.temporal:
        return "time"
    return {"Integral": "number", "Fractional": "number", "String": "text"}.get(column.inferred_type)


def _wasserstein(now: Column, then: Column) -> float | None:
    if not (now.numbers and then.numbers and now.numbers.moments.count and then.numbers.moments.std):
        return None
    mine, theirs = _weighted(now.numbers), _weighted(then.numbers)
    # by parts of the mean: a sum of differences can be beyond the largest float
    parts = np.abs(quantiles(*mine, MIDDLES) / 40 - quantiles(*theirs, MIDDLES) / 40)
    apart = 2 * (float(parts.sum()) / then.numbers.moments.std)
    return apart if isfinite(apart) else sys.float_info.max


def _far(now: Column, limits: Limits) -> tuple[int, int]:
    numbers = now.numbers
    if numbers is None or limits.low is None or limits.high is None or not numbers.moments.count:
        return 0, 0
    if limits.low <= numbers.moments.low and numbers.moments.high <= limits.high:
        return 0, 0
    return int(numbers.below(np.array([limits.low]))[0]), int(numbers.above(np.array([limits.high]))[0])


@lru_cache(maxsize=256)
def _weighted(numbers: Numbers) -> tuple[Floats, Counts]:
    """A baseline's numbers are asked for in every check: a summary is a frozen value."""
    return numbers.weighted()


def _unseen(now: Column, then: Column, domain: tuple[str, ...] | None) -> Unseen | None:
    if now.texts is None or then.texts is None or not (domain or then.texts.exact):
        return None
    known = pa.array(domain, pa.string()) if domain else then.texts.values
    strange = pc.invert(pc.is_in(now.texts.values, value_set=known)).to_numpy(zero_copy_only=False)
    if not strange.any():
        return Unseen()
    counts = np.where(strange, now.texts.counts, 0)
    return Unseen(int(counts.sum()), now.texts.values[int(np.argmax(counts))].as_py())


def _between_numbers(now: Numbers, then: Numbers) -> Distance:
    mine, theirs = _weighted(now), _weighted(then)
    bounds = np.unique(quantiles(*theirs, TENTHS))
    cells, others = (_cells(values, counts, bounds) for values, counts in (mine, theirs))
    apart = linf(*mine, *theirs)
    return Distance(
        apart,
        robust(apart, now.moments.count, then.moments.count),
        psi(cells, others),
        jensen_shannon(cells, others),
    )


def _between_texts(now: Texts, then: Texts) -> Distance:
    _, rows, others = align(now, then)
    # a share is too small by 1 in 32,769 at most where counts are not exact
    apart = linf_categories(rows, others, size=now.count, other_size=then.count)
    exact = now.exact and then.exact
    return Distance(
        apart,
        robust(apart, now.count, then.count),
        psi(rows, others) if exact else None,
        jensen_shannon(rows, others) if exact else None,
    )


def _cells(values: Floats, counts: Counts, bounds: Floats) -> Counts:
    """Rows at or below the first bound, then up to the next, ..., then above the last."""
    running = np.concatenate([[0], np.cumsum(counts)])
    up_to = running[np.searchsorted(values, bounds, side="right")]
    cells: Counts = np.diff(np.concatenate([[0], up_to, running[-1:]]))
    return cells
