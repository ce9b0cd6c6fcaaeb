"""A batch beside its baseline, column by column."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from spalje.monitor.constraints import ColumnConstraints, Constraints, Limits, Monitoring
from spalje.monitor.distance import Distance, distances
from spalje.profile.column import Column
from spalje.profile.profile import Profile


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
        far: rows below the column's lower and above its upper limit; exact with point masses.
        unseen: None where training's values are not all known.
    """

    name: str
    now: Column
    then: Column
    constraints: ColumnConstraints
    monitoring: Monitoring
    distance: Distance | None
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
    names = [
        name
        for name in constraints.columns
        if name in batch.columns and name in baseline.columns and constraints.monitoring_of(name).evaluate
    ]
    apart = distances([(batch.columns[name], baseline.columns[name]) for name in names])
    return tuple(
        _pair(name, batch.columns[name], baseline.columns[name], constraints, far)
        for name, far in zip(names, apart, strict=True)
    )


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


def _pair(name: str, now: Column, then: Column, constraints: Constraints, apart: Distance | None) -> Pair:
    column = constraints.columns[name]
    return Pair(
        name,
        now,
        then,
        column,
        constraints.monitoring_of(name),
        distance=apart,
        far=_far(now, column.limits),
        unseen=_unseen(now, then, column.domains),
    )


def _far(now: Column, limits: Limits) -> tuple[int, int]:
    numbers = now.numbers
    if numbers is None or limits.low is None or limits.high is None or not numbers.moments.count:
        return 0, 0
    if limits.low <= numbers.moments.low and numbers.moments.high <= limits.high:
        return 0, 0
    return int(numbers.below(np.array([limits.low]))[0]), int(numbers.above(np.array([limits.high]))[0])


@lru_cache(maxsize=2048)
def _values(domain: tuple[str, ...]) -> pa.StringArray:
    return pa.array(domain, pa.string())


def _unseen(now: Column, then: Column, domain: tuple[str, ...] | None) -> Unseen | None:
    if now.texts is None or then.texts is None or not (domain or then.texts.exact):
        return None
    places = pc.index_in(now.texts.values, value_set=_values(domain) if domain else then.texts.values)
    if not places.null_count:
        return Unseen()
    counts = np.where(places.is_null().to_numpy(zero_copy_only=False), now.texts.counts, 0)
    return Unseen(int(counts.sum()), now.texts.values[int(np.argmax(counts))].as_py())
