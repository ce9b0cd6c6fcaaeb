"""Truth joined to predictions on what names a row, and laid over what was known before."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spalje.errors import BadInput
from spalje.pipeline.problem import Problem
from spalje.registry.truth import Correction
from spalje.steps import truth_value
from spalje.steps.row_key import alike, numbered, places, plain, spelled


@dataclass(frozen=True, slots=True)
class Joined:
    """Predictions with their truth.

    Attributes:
        table: the predictions in their order, with the target where it is known, else null.
        unknown: rows of truth about the dates of the predictions that no prediction was made for.
        elsewhere: rows of truth about other dates.
    """

    table: pa.Table
    unknown: int
    elsewhere: int


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """Truth laid over what was known of some predictions.

    Attributes:
        table: keys and target of all that is known now, each key once, in the order of the keys; of the same
            knowledge always the same table.
        rows: how many predictions there are.
        known: how many of them have truth now.
        new, corrected, unchanged: rows of the truth by what they did to what was known.
        largest: the correction by most; of classes the first.
        strange: which rows of the truth no prediction was made for.
    """

    table: pa.Table
    rows: int
    known: int
    new: int
    corrected: int
    unchanged: int
    largest: Correction | None
    strange: NDArray[np.bool_]


def join(predictions: pa.Table, truth: pa.Table, problem: Problem) -> Joined:
    """Add the target to the predictions.

    Args:
        predictions: with the business keys; a target among its columns is replaced.
        truth: business keys and target; rows whose target is null say nothing.
        problem: says which columns those are.

    Raises:
        BadInput: a key's types do not fit together, or the truth has different values for a key.
    """
    keys = list(problem.keys)
    predictions = plain(predictions, [name for name in predictions.column_names if name != problem.target])
    truth = plain(truth, [*keys, problem.target])
    truth, lacking = with_keys(with_value(truth, problem.target), keys)
    truth = settled(truth, keys, problem.target)
    left, right = alike([predictions, truth], keys)
    ours, theirs = numbered([left, right], keys)
    target = _taken(truth[problem.target], places(theirs, ours))
    unmatched = right.filter(pa.array(places(np.unique(ours), theirs) < 0))
    here = _about_the_same_dates(unmatched, left, problem.time)
    return Joined(
        predictions.append_column(problem.target, target),
        unknown=here + lacking.num_rows,
        elsewhere=unmatched.num_rows - here,
    )


def lay(predictions: pa.Table, known: pa.Table | None, truth: pa.Table, problem: Problem) -> Laid:
    """Lay truth over what was known of a batch: where both say something, the truth does.

    Args:
        predictions: of the batch, with the business keys.
        known: business keys and target, each key once; None: nothing was known. What is not about these predictions
            is left out.
        truth: business keys and target, each key once, every target known; see ``settled``.
        problem: says which columns those are.

    Raises:
        BadInput: a key's types do not fit together.
    """
    keys = list(problem.keys)
    predictions = plain(predictions, keys)
    held = truth.slice(0, 0) if known is None else known
    ours, before, now = numbered(alike([predictions, held, truth], keys), keys)
    distinct, first, whose = np.unique(ours, return_index=True, return_inverse=True)
    said = pa.chunked_array(
        [*held[problem.target].chunks, *truth[problem.target].chunks], truth_value.kind(problem)
    )
    source = np.full(len(distinct), -1, np.int64)  # where in `said` the truth about each key stands
    at = places(distinct, before)
    source[at[at >= 0]] = np.flatnonzero(at >= 0)
    earlier = source.copy()
    at = places(distinct, now)
    source[at[at >= 0]] = held.num_rows + np.flatnonzero(at >= 0)
    again = np.flatnonzero((source != earlier) & (earlier >= 0))
    changed = again[_differ(_taken(said, earlier[again]), _taken(said, source[again]))]
    rows = np.flatnonzero(source >= 0)
    table = predictions.take(pa.array(first[rows]))
    return Laid(
        table=table.append_column(problem.target, _taken(said, source[rows])).combine_chunks(),
        rows=predictions.num_rows,
        known=int((source >= 0)[whose].sum()),
        new=int((at >= 0).sum()) - len(again),
        corrected=len(changed),
        unchanged=len(again) - len(changed),
        largest=_largest(
            predictions.take(pa.array(first[changed])),
            keys,
            _taken(said, earlier[changed]),
            _taken(said, source[changed]),
        ),
        strange=at < 0,
    )


def settled(truth: pa.Table, names: Sequence[str], target: str, *, later_wins: bool = False) -> pa.Table:
    """Each name once: rows that say the same are one.

    Args:
        truth: with the columns that name a row, none of them null, and the target.
        names: those columns.
        target: the column with the truth.
        later_wins: of rows that differ take the last; else they are refused.

    Raises:
        BadInput: rows with the same name differ; says which.
    """
    (numbers,) = numbered([truth], names)
    order = np.argsort(numbers, kind="stable")
    again = numbers[order][1:] == numbers[order][:-1]
    if not again.any():
        return truth
    if not later_wins:
        _refuse_different(truth, names, target, order, again)
    last = np.append(~again, True)
    return truth.take(pa.array(np.sort(order[last])))


def resolved(
    predictions: pa.Table, truth: pa.Table, problem: Problem, inference_id: str
) -> tuple[pa.Table, NDArray[np.int64]]:
    """The business keys that inference ids stand for.

    Args:
        predictions: with business keys and inference id.
        truth: inference id and target.
        problem: says which columns are the keys and the target.
        inference_id: the column of that name in both.

    Returns:
        Business keys and target of the rows of truth whose id is among the predictions, in their order; and
        which rows those are.

    Raises:
        BadInput: the types of the ids do not fit together, or an id names several predictions.
    """
    ids = alike([predictions, truth], [inference_id], noun="inference id")
    ours, theirs = numbered(ids, [inference_id])
    ordered = np.sort(ours[ours >= 0])
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if len(twice):
        row = int(np.flatnonzero(ours == twice[0])[0])
        raise BadInput(
            f"An inference id names one prediction, and {spelled(predictions, [inference_id], row)} names several.",
            do="Deliver the business keys, or name a column under inference_id that is different in every row.",
        )
    at = places(ours, theirs)
    rows = np.flatnonzero(at >= 0)
    keys = plain(predictions, problem.keys).take(pa.array(at[rows]))
    return keys.append_column(problem.target, truth[problem.target].take(pa.array(rows))), rows


def with_value(truth: pa.Table, target: str) -> pa.Table:
    """The rows whose truth is known: neither null nor NaN."""
    return truth.filter(pc.invert(pc.is_null(truth[target], nan_is_null=True)))


def with_keys(truth: pa.Table, keys: Sequence[str]) -> tuple[pa.Table, pa.Table]:
    """The rows that have all keys, and those that have not."""
    lacking = pc.is_null(truth[keys[0]], nan_is_null=True)
    for key in keys[1:]:
        lacking = pc.or_(lacking, pc.is_null(truth[key], nan_is_null=True))
    return truth.filter(pc.invert(lacking)), truth.filter(lacking)


def _taken(column: pa.ChunkedArray, rows: NDArray[np.int64]) -> pa.ChunkedArray:
    """The values in those rows; null for -1."""
    return column.take(pa.array(rows, mask=rows < 0))


def _differ(one: pa.ChunkedArray, other: pa.ChunkedArray) -> NDArray[np.bool_]:
    return np.asarray(pc.not_equal(one, other).to_numpy(), np.bool_)


def _largest(
    rows: pa.Table, keys: Sequence[str], before: pa.ChunkedArray, after: pa.ChunkedArray
) -> Correction | None:
    if rows.num_rows == 0:
        return None
    row = 0
    if pa.types.is_floating(before.type):
        row = int(np.argmax(np.abs(after.to_numpy() - before.to_numpy())))
    return Correction(spelled(rows, keys, row), before[row].as_py(), after[row].as_py())


def _refuse_different(
    truth: pa.Table,
    names: Sequence[str],
    target: str,
    order: NDArray[np.int64],
    again: NDArray[np.bool_],
) -> None:
    """Refuse rows that follow one of the same name and differ from it."""
    one, other = order[:-1][again], order[1:][again]
    differ = _differ(_taken(truth[target], one), _taken(truth[target], other))
    if not differ.any():
        return
    one, other = one[differ], other[differ]
    first = np.argsort(one, kind="stable")[:3]
    said = [
        f"{spelled(truth, names, row)} is {_shown(truth, target, row)} and {_shown(truth, target, then)}"
        for row, then in zip(one[first].tolist(), other[first].tolist(), strict=True)
    ]
    more = len(one) - len(said)
    raise BadInput(
        f"The ground truth says different things about the same row: {'; '.join(said)}"
        + (f"; and {more:,} more." if more else "."),
        do="Deliver one value for each row.",
    )


def _shown(truth: pa.Table, target: str, row: int) -> str:
    value = truth[target][row].as_py()
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _about_the_same_dates(rows: pa.Table, predictions: pa.Table, time: str | None) -> int:
    if time is None or rows.num_rows == 0 or predictions.num_rows == 0:
        return int(rows.num_rows)
    ends = pc.min_max(predictions[time])
    inside = pc.and_(
        pc.greater_equal(rows[time], ends["min"]),
        pc.less_equal(rows[time], ends["max"]),
    )
    return int(pc.sum(inside).as_py() or 0)
