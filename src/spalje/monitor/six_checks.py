"""The six checks of SageMaker Model Monitor's data quality, each a small function.

Names are those of ``constraint_violations.json``. Columns are compared by name (Model Monitor only
counts them, so that it misses a renamed one). With ``strict`` they decide as Model Monitor's do;
otherwise completeness and categories have the margins of ``Limits``, and distributions are only
compared when there are enough rows.
"""

from collections.abc import Callable, Iterator

import numpy as np

from spalje.monitor.comparison import Case, Pair
from spalje.monitor.renamed import renamed
from spalje.monitor.verdict import Violation
from spalje.monitor.wording import number, part, percent
from spalje.profile.column import Column
from spalje.profile.text import align


def missing_column_check(case: Case) -> Iterator[Violation]:
    """A column of training that the batch does not have: the model cannot be run as it was trained."""
    there = {*case.batch.columns, *case.batch.refused}
    for name in case.constraints.columns:
        if name not in there and case.constraints.monitoring_of(name).evaluate:
            near = renamed(case, name)
            perhaps = f" Perhaps it is called {near} now, which is new and much like it." if near else ""
            yield Violation(
                check="missing_column_check",
                column=name,
                description=f"{name} is missing: training had it, the batch does not.{perhaps}",
                breach=True,
            )


def extra_column_check(case: Case) -> Iterator[Violation]:
    """A column that training did not have."""
    known = {
        *case.constraints.columns,
        *case.constraints.other_columns,
        *case.baseline.columns,
        *case.baseline.refused,
    }
    for name in [*case.batch.columns, *case.batch.refused]:
        if name not in known:
            yield Violation(
                check="extra_column_check",
                column=name,
                description=f"{name} is new: training did not have this column.",
            )


def data_type_check(case: Case) -> Iterator[Violation]:
    """The share of values that are of the column's type is below the threshold."""
    for pair in case.pairs:
        share = _of_type(pair.now, pair.constraints.inferred_type)
        if share is not None and share < pair.monitoring.datatype_threshold:
            yield Violation(
                check="data_type_check",
                column=pair.name,
                description=(
                    f"{pair.name} should be {pair.constraints.inferred_type}: only {percent(share)} of its "
                    f"values are, and {percent(pair.monitoring.datatype_threshold)} must be."
                ),
                value=share,
                threshold=pair.monitoring.datatype_threshold,
            )


def completeness_check(case: Case) -> Iterator[Violation]:
    """The share of rows that have a value is below training's (less a margin unless strict)."""
    for pair in case.pairs:
        margin = 0.0 if case.strict else pair.constraints.limits.null_margin
        least = max(0.0, pair.constraints.completeness - margin)
        if case.batch.rows and pair.now.completeness < least:
            yield Violation(
                check="completeness_check",
                column=pair.name,
                description=(
                    f"{pair.name}: {percent(1 - pair.now.completeness)} of the rows have no value, up from "
                    f"{percent(1 - pair.constraints.completeness)} in training."
                ),
                value=pair.now.completeness,
                threshold=least,
            )


def categorical_values_check(case: Case) -> Iterator[Violation]:
    """The share of values in the domain is below the threshold; unless strict, new values have a margin."""
    for pair in case.pairs:
        if pair.unseen is None or pair.now.texts is None or not pair.now.texts.count:
            continue
        limits, domains = pair.constraints.limits, pair.constraints.domains
        wanted = [pair.monitoring.domain_threshold] if domains else []
        if not case.strict:
            wanted.append(0.0 if limits.unseen_margin is None else 1.0 - limits.unseen_margin)
        share = 1.0 - pair.unseen.rows / pair.now.texts.count
        if wanted and share < min(wanted):
            yield Violation(
                check="categorical_values_check",
                column=pair.name,
                description=(
                    f"{pair.name}: {part(pair.unseen.rows, pair.now.texts.count)} were never seen in "
                    f"training, most often {pair.unseen.example!r}."
                ),
                value=share,
                threshold=min(wanted),
            )


def baseline_drift_check(case: Case) -> Iterator[Violation]:
    """The distance between the distributions of batch and training is above the threshold."""
    for pair in case.pairs:
        if pair.distance is None or pair.now.kind.temporal or not case.comparable(pair):
            continue
        if not pair.monitoring.perform_comparison:
            continue
        method, threshold = pair.monitoring.comparison_method, _threshold(pair)
        value = pair.distance.robust if method == "Robust" else pair.distance.simple
        if value > threshold:
            yield Violation(
                check="baseline_drift_check",
                column=pair.name,
                description=(
                    f"{pair.name} has drifted from training: {what_moved(pair)} "
                    f"({method} distance {value:.3f}, allowed {threshold:g})."
                ),
                value=value,
                threshold=threshold,
            )


#: In the order in which they are reported.
SIX_CHECKS: tuple[Callable[[Case], Iterator[Violation]], ...] = (
    missing_column_check,
    extra_column_check,
    data_type_check,
    completeness_check,
    categorical_values_check,
    baseline_drift_check,
)

#: Those that are about which columns there are and what they hold: they decide under any policy.
SCHEMA_CHECKS = (missing_column_check, extra_column_check, data_type_check)
#: Those with fixed margins: they decide where good batches cannot say what is usual.
MARGIN_CHECKS = (completeness_check, categorical_values_check)


def _of_type(column: Column, wanted: str) -> float | None:
    """Share of a column's values that are of a type; whole numbers are fractional numbers as well."""
    values = column.rows - column.nulls
    if wanted == "Unknown" or values == 0 or column.inferred_type == "Unknown":
        return None
    if wanted == column.inferred_type or (wanted == "Fractional" and column.inferred_type == "Integral"):
        return 1.0
    if wanted == "Integral" and column.numbers is not None:
        return column.numbers.integral / values
    return 0.0


def _threshold(pair: Pair) -> float:
    special = pair.monitoring.categorical_threshold
    return pair.monitoring.comparison_threshold if pair.now.texts is None or special is None else special


def what_moved(pair: Pair) -> str:
    """What of a column is otherwise than in training, in words."""
    if pair.now.texts and pair.then.texts:
        values, counts, others = align(pair.now.texts, pair.then.texts)
        shares, before = counts / pair.now.texts.count, others / pair.then.texts.count
        place = int(np.argmax(np.abs(shares - before)))
        return f"{values[place].as_py()!r} went from {percent(before[place])} to {percent(shares[place])}"
    if pair.now.numbers and pair.then.numbers:
        now, then = pair.now.numbers.moments, pair.then.numbers.moments
        return f"its mean went from {number(then.mean)} to {number(now.mean)}"
    return "its values lie otherwise"
