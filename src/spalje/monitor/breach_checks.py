"""Faults of a delivery: such a batch must not be predicted from. Each check is a small function."""

from collections.abc import Callable, Iterator

import numpy as np

from spalje.monitor.comparison import Case, Pair
from spalje.monitor.verdict import Violation
from spalje.monitor.wording import number, part, percent, rows

#: Fewer nulls or numbers far outside than this are a curiosity, not a fault.
FEW = 5


def volume_check(case: Case) -> Iterator[Violation]:
    """No rows at all, or far from as many as a batch should have."""
    found, expected = case.batch.rows, case.constraints.rows
    if found == 0:
        yield Violation(
            check="volume_check", description="The batch has no rows.", breach=True, value=0.0, threshold=1.0
        )
    elif expected is not None and not expected.low <= found <= expected.high:
        yield Violation(
            check="volume_check",
            description=(
                f"The batch has {rows(found)} rows; about {rows(expected.expected)} are expected, and from "
                f"{number(expected.low)} to {number(expected.high)} are allowed."
            ),
            breach=True,
            value=float(found),
            threshold=expected.low if found < expected.low else expected.high,
        )


def key_check(case: Case) -> Iterator[Violation]:
    """Business keys that are missing, null or name several rows."""
    for name in case.keys_missing:
        yield Violation(
            check="key_check", column=name, description=f"{name}, a business key, is missing.", breach=True
        )
    if case.keys_null:
        yield Violation(
            check="key_check",
            description=f"A business key is null in {rows(case.keys_null)} of {rows(case.batch.rows)} rows.",
            breach=True,
            value=case.keys_null / case.batch.rows,
            threshold=0.0,
        )
    share = case.keys_duplicated / case.batch.rows if case.batch.rows else 0.0
    if share > case.constraints.duplicates:
        yield Violation(
            check="key_check",
            description=(
                f"{rows(case.keys_duplicated)} of {rows(case.batch.rows)} rows ({percent(share)}) repeat the "
                f"business keys of an earlier row; in training {percent(case.constraints.duplicates)} did."
            ),
            breach=True,
            value=share,
            threshold=case.constraints.duplicates,
        )


def type_check(case: Case) -> Iterator[Violation]:
    """A column that holds another kind of thing than in training, or nothing that can be read."""
    for name, type_name in case.batch.refused.items():
        if name in case.constraints.columns and case.constraints.monitoring_of(name).evaluate:
            yield Violation(
                check="type_check",
                column=name,
                description=f"{name} is {type_name} now, which cannot be read as numbers or text.",
                breach=True,
            )
    for pair in case.pairs:
        if pair.retyped:
            yield Violation(
                check="type_check",
                column=pair.name,
                description=f"{pair.name} is {pair.now.kind} now and was {pair.then.kind} in training.",
                breach=True,
            )


def null_check(case: Case) -> Iterator[Violation]:
    """Far more nulls than in training."""
    for pair in case.pairs:
        before, now = 1.0 - pair.constraints.completeness, 1.0 - pair.now.completeness
        allowed = before + pair.constraints.limits.null_breach
        if now > allowed and pair.now.nulls >= FEW:
            yield Violation(
                check="null_check",
                column=pair.name,
                description=(
                    f"{pair.name}: {part(pair.now.nulls, pair.now.rows)} are null, up from {percent(before)} "
                    f"in training; up to {percent(allowed)} are allowed."
                ),
                breach=True,
                value=now,
                threshold=allowed,
            )


def not_finite_check(case: Case) -> Iterator[Violation]:
    """NaN or infinity where training had none, or far more of them."""
    for pair in case.pairs:
        found, limit = pair.now.nan + pair.now.infinite, pair.constraints.limits.not_finite
        allowed = limit + (pair.constraints.limits.null_breach if limit else 0.0)
        if found and found / pair.now.rows > allowed:
            before = f"{percent(limit)} were" if limit else "none was"
            yield Violation(
                check="not_finite_check",
                column=pair.name,
                description=(
                    f"{pair.name}: {part(found, pair.now.rows)} are NaN or infinite; in training {before}."
                ),
                breach=True,
                value=found / pair.now.rows,
                threshold=allowed,
            )


def negative_check(case: Case) -> Iterator[Violation]:
    """Numbers below 0 where training had none."""
    for pair in case.pairs:
        numbers, allowed = pair.now.numbers, pair.constraints.limits.negative
        if numbers is None or allowed is None or not numbers.moments.count:
            continue
        share = numbers.negative / numbers.moments.count
        if share > allowed:
            yield Violation(
                check="negative_check",
                column=pair.name,
                description=(
                    f"{pair.name}: {part(numbers.negative, numbers.moments.count)} are below 0; in training "
                    f"none was, and the lowest is now {number(numbers.moments.low)}."
                ),
                breach=True,
                value=share,
                threshold=allowed,
            )


def range_check(case: Case) -> Iterator[Violation]:
    """A share of the numbers that is far outside anything seen in training."""
    for pair in case.pairs:
        found, numbers, allowed = sum(pair.far), pair.now.numbers, pair.constraints.limits.far_share
        if numbers is None or found < FEW or found / numbers.moments.count <= allowed:
            continue
        yield Violation(
            check="range_check",
            column=pair.name,
            description=f"{pair.name}: {part(found, numbers.moments.count)} are {_where(pair)}.",
            breach=True,
            value=found / numbers.moments.count,
            threshold=allowed,
        )


def unseen_check(case: Case) -> Iterator[Violation]:
    """A large share of values that training never had."""
    for pair in case.pairs:
        texts, allowed = pair.now.texts, pair.constraints.limits.unseen_breach
        if texts is None or pair.unseen is None or allowed is None or not pair.unseen.rows:
            continue
        share = pair.unseen.rows / texts.count
        if share > allowed:
            yield Violation(
                check="unseen_check",
                column=pair.name,
                description=(
                    f"{pair.name}: {part(pair.unseen.rows, texts.count)} were never seen in training, most "
                    f"often {pair.unseen.example!r}; up to {percent(allowed)} are allowed."
                ),
                breach=True,
                value=share,
                threshold=allowed,
            )


#: In the order in which they are reported.
BREACH_CHECKS: tuple[Callable[[Case], Iterator[Violation]], ...] = (
    volume_check,
    key_check,
    type_check,
    null_check,
    not_finite_check,
    negative_check,
    range_check,
    unseen_check,
)


def _where(pair: Pair) -> str:
    numbers, limits, then = pair.now.numbers, pair.constraints.limits, pair.then.numbers
    if numbers is None or then is None or limits.low is None or limits.high is None:
        return "far outside training"
    all_then = max(1, then.moments.count)
    sides = []
    if pair.far[1]:
        before = percent(float(then.above(np.array([limits.high]))[0]) / all_then)
        largest, now = number(then.moments.high), number(numbers.moments.high)
        sides.append(
            f"above {number(limits.high)} (in training {before} were; its largest is {largest}, now {now})"
        )
    if pair.far[0]:
        before = percent(float(then.below(np.array([limits.low]))[0]) / all_then)
        smallest, now = number(then.moments.low), number(numbers.moments.low)
        sides.append(
            f"below {number(limits.low)} (in training {before} were; its smallest is {smallest}, now {now})"
        )
    return " or ".join(sides)
