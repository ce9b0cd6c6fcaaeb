"""Predictions and the truth about the same business keys, side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from spalje.errors import BadInput
from spalje.pipeline.problem import Problem

#: Columns that the join adds; no key is called so.
_PLACE, _COUNT = "__place__", "__count__"


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


def join(predictions: pa.Table, truth: pa.Table, problem: Problem) -> Joined:
    """Add the target to the predictions.

    Args:
        predictions: with the business keys; a target among its columns is replaced.
        truth: business keys and target.
        problem: says which columns those are.

    Raises:
        BadInput: a key's types do not fit together, or the truth has more than one row for a key.
    """
    keys = list(problem.keys)
    left = (
        predictions.drop_columns([problem.target])
        if problem.target in predictions.column_names
        else predictions
    )
    left, right = _alike(left, truth.select([*keys, problem.target]), keys)
    right = right.filter(_all_valid(right, keys))
    _refuse_duplicates(right, keys)
    left = left.append_column(_PLACE, pa.array(range(left.num_rows), pa.int64()))
    found = left.select([*keys, _PLACE]).join(right, keys, join_type="left outer")
    target = found.sort_by(_PLACE)[problem.target]
    unmatched = right.select(keys).join(left.select(keys), keys, join_type="left anti")
    here = _about_the_same_dates(unmatched, left, problem.time)
    nulls = truth.num_rows - right.num_rows
    return Joined(
        left.drop_columns([_PLACE]).append_column(problem.target, target),
        unknown=here + nulls,
        elsewhere=unmatched.num_rows - here,
    )


def _alike(predictions: pa.Table, truth: pa.Table, keys: Sequence[str]) -> tuple[pa.Table, pa.Table]:
    """Both tables with keys of the same types, none of which has lost anything."""
    for key in keys:
        ours, theirs = _plain(predictions[key]), _plain(truth[key])
        if pa.types.is_integer(ours.type) and pa.types.is_integer(theirs.type) and ours.type != theirs.type:
            ours, theirs = (
                _converted(ours, pa.int64(), key, ours.type),
                _converted(theirs, pa.int64(), key, ours.type),
            )
        elif ours.type != theirs.type:
            theirs = _converted(theirs, ours.type, key, ours.type)
        predictions = _replaced(predictions, key, ours)
        truth = _replaced(truth, key, theirs)
    return predictions, truth


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Without dictionaries, and strings of one kind."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        column = column.cast(pa.string())
    return column


def _converted(column: pa.ChunkedArray, wanted: pa.DataType, key: str, said: pa.DataType) -> pa.ChunkedArray:
    """The column in another type, and still the same values.

    Raises:
        BadInput: that cannot be; names the column and both types.
    """
    if _family(column.type) is None or _family(column.type) != _family(wanted):
        raise _differ(column.type, key, said)
    try:
        converted = column.cast(wanted)
        back = converted.cast(column.type)
    except pa.ArrowException as error:
        raise _differ(column.type, key, said, str(error).splitlines()[0]) from error
    changed = pc.fill_null(pc.not_equal(column, back), False)
    if pc.any(changed).as_py():
        raise _differ(column.type, key, said, f"{column.filter(changed)[0]} would be changed")
    return converted


def _differ(found: pa.DataType, key: str, wanted: pa.DataType, why: str = "") -> BadInput:
    return BadInput(
        f"The business key '{key}' is {found} in the ground truth and {wanted} in the predictions"
        + (f", and cannot be converted: {why}." if why else "; the two cannot be compared."),
        do=f"Deliver '{key}' as {wanted}.",
    )


def _family(kind: pa.DataType) -> str | None:
    """What a type is about; values of the same family may be the same in another type."""
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return "number"
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return "time" if getattr(kind, "tz", None) is None else f"time in {kind.tz}"
    return None


def _replaced(table: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)


def _all_valid(table: pa.Table, keys: Sequence[str]) -> pa.ChunkedArray:
    valid = pc.is_valid(table[keys[0]])
    for key in keys[1:]:
        valid = pc.and_(valid, pc.is_valid(table[key]))
    return valid


def _refuse_duplicates(truth: pa.Table, keys: Sequence[str]) -> None:
    placed = truth.select(keys).append_column(_PLACE, pa.array(range(truth.num_rows), pa.int64()))
    counted = placed.group_by(list(keys)).aggregate([(_PLACE, "count"), (_PLACE, "min")])
    counted = counted.filter(pc.greater(counted[f"{_PLACE}_count"], 1)).sort_by(f"{_PLACE}_min")
    if counted.num_rows:
        first = counted.slice(0, 1).to_pylist()[0]
        named = ", ".join(f"{key}={first[key]}" for key in keys)
        more = counted.num_rows - 1
        raise BadInput(
            f"The ground truth has {first[f'{_PLACE}_count']} rows for {named}"
            + (f", and {more:,} more business keys with several rows." if more else "; a key names one row."),
            do="Deliver one row for each business key.",
        )


def _about_the_same_dates(rows: pa.Table, predictions: pa.Table, time: str | None) -> int:
    if time is None or rows.num_rows == 0 or predictions.num_rows == 0:
        return int(rows.num_rows)
    ends = pc.min_max(predictions[time])
    inside = pc.and_(
        pc.greater_equal(rows[time], ends["min"]),
        pc.less_equal(rows[time], ends["max"]),
    )
    return int(pc.sum(inside).as_py() or 0)
