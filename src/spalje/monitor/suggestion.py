"""Constraints that the training data suggests."""

import sys
from collections.abc import Iterable

import numpy as np

from spalje.monitor.constraints import ColumnConstraints, Constraints, Limits
from spalje.profile.column import Column
from spalje.profile.number import Numbers
from spalje.profile.profile import Profile
from spalje.profile.text import Texts

#: A domain is suggested for at most this many values (deequ, ``ColumnProfiler.scala``) of which at
#: most this share occurs only once (``CategoricalRangeRule.scala``).
DOMAIN = (120, 0.1)

#: The tails: one number in a thousand may be anything on each side.
TAIL = 0.001
#: How far beyond the tails, in units of the distance between them, is far outside training.
#: On Complete Journey (produce, 2017: trained on weeks 6 to 26, then every week of 27 to 52) at
#: most 0.05 % of a week's numbers are far outside; with the lags and rolling features of a third of
#: the stores multiplied by ten, at least 1.1 % of every such feature: the limit is 0.5 %.
REACH = 1.0

#: Share of unseen values beyond what training itself makes likely, before a warning and a breach.
UNSEEN = (0.005, 0.05)


def suggest(baseline: Profile, *, other_columns: Iterable[str] = (), duplicates: float = 0.0) -> Constraints:
    """What a good batch looks like, going by a training table.

    Args:
        baseline: profile of the training table's monitored columns.
        other_columns: its other columns, which are not monitored.
        duplicates: share of its rows whose business keys another row has too.

    Example:
        >>> from spalje.profile.kind import Kind
        >>> column = Column("x", Kind.INTEGER, 3, numbers=Numbers(whole=True).add(np.array([0, 1, 9])))
        >>> limits = suggest(Profile(3, {"x": column})).columns["x"].limits
        >>> limits.low, limits.high, limits.negative
        (-9.0, 18.0, 0.0)
    """
    return Constraints(
        columns={name: _column(column) for name, column in baseline.columns.items()},
        other_columns=tuple(other_columns),
        duplicates=duplicates,
    )


def _column(column: Column) -> ColumnConstraints:
    not_finite = (column.nan + column.infinite) / column.rows if column.rows else 0.0
    constraints = ColumnConstraints(
        inferred_type=column.inferred_type,
        completeness=column.completeness,
        limits=Limits(not_finite=not_finite),
    )
    if column.numbers is not None and column.numbers.moments.count and not column.kind.temporal:
        return _of_numbers(constraints, column.numbers)
    if column.texts is not None and column.texts.count:
        return _of_texts(constraints, column.texts)
    return constraints


def _of_numbers(constraints: ColumnConstraints, numbers: Numbers) -> ColumnConstraints:
    low, high = fences(numbers)
    limits = constraints.limits.model_copy(
        update={
            "low": low,
            "high": high,
            "negative": 0.0 if numbers.moments.low >= 0 else None,
        }
    )
    return constraints.model_copy(update={"is_non_negative": numbers.moments.low >= 0, "limits": limits})


def fences(numbers: Numbers) -> tuple[float | None, float | None]:
    """Below and above which a number is far outside anything seen in training.

    The quantiles at ``TAIL`` and ``1 - TAIL``, each moved out by ``REACH`` times the distance
    between them: 9.3 standard deviations from the middle of a normal distribution, twice the
    99.9 % quantile of counts that are mostly 0, one more training range for numbers that only
    grow. When the two are equal, smallest and largest stand in; a constant has no fences.
    """
    ends = numbers.quantile(TAIL), numbers.quantile(1.0 - TAIL)
    if ends[0] == ends[1]:
        ends = float(numbers.moments.low), float(numbers.moments.high)
    if ends[0] == ends[1]:
        return None, None
    # by halves: the range of numbers near the largest float is beyond it
    half = sys.float_info.max / 2
    width = REACH * (ends[1] / 2 - ends[0] / 2)
    return 2 * max(-half, ends[0] / 2 - width), 2 * min(half, ends[1] / 2 + width)


def _of_texts(constraints: ColumnConstraints, texts: Texts) -> ColumnConstraints:
    if not texts.exact:
        return constraints
    once = int(np.count_nonzero(texts.counts == 1))
    values = len(texts.values)
    # the chance that the next row has a value not seen before, Good (1953)
    likely = once / texts.count
    limits = constraints.limits.model_copy(
        update={
            "unseen_margin": min(1.0, likely + UNSEEN[0]),
            "unseen_breach": min(1.0, likely + UNSEEN[1]),
        }
    )
    small = values <= DOMAIN[0] and once <= DOMAIN[1] * values
    return constraints.model_copy(
        update={"domains": tuple(texts.values.to_pylist()) if small else None, "limits": limits}
    )
