"""Rows of predictions as the steps about model quality read them, and the features that belong to them."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from spalje.errors import BadInput
from spalje.pipeline.problem import Problem
from spalje.steps.judged_rows import prediction_columns
from spalje.steps.quality_details import segment_columns
from spalje.storage import table


def read_rows(
    predictions: Path, problem: Problem, by: Sequence[str], data: Path | None, *, truth: bool
) -> pa.Table:
    """The columns that matter: keys, group, predictions, those to group by and, if asked for, the target.

    Args:
        predictions: the table.
        problem: which columns those are.
        by: columns to group by; one that the predictions lack is taken from the data.
        data: the table that was predicted; None: there is none.
        truth: whether the target is wanted.

    Raises:
        BadInput: a table cannot be read, lacks a column, or the data is of other rows.
    """
    names = table.schema(predictions).names
    group = [problem.group] if problem.group in names else []
    target = [problem.target] if truth else []
    ours, more = segment_columns(by, names, data)
    columns = [*problem.keys, *group, *target, *prediction_columns(names, problem), *ours]
    rows = table.read(predictions, list(dict.fromkeys(name for name in columns if name is not None)))
    if more and data is not None:
        features = table.read(data, [*problem.keys, *more])
        same_rows(features, rows, problem)
        for name in more:
            rows = rows.append_column(name, features[name])
    return rows


def bare(rows: pa.Table, problem: Problem, by: Sequence[str]) -> pa.Table:
    """Without the columns that are only there to group by: what is left beside keys and truth are predictions."""
    needed = {*problem.keys, problem.group, problem.target, problem.prediction}
    return rows.drop_columns([name for name in by if name in rows.column_names and name not in needed])


def features_of(data: Path, predictions: pa.Table, problem: Problem) -> pa.Table:
    """The features of the rows that were predicted, in their order.

    Raises:
        BadInput: the data is of other rows.
    """
    there = set(table.schema(data).names)
    names = [name for name in dict.fromkeys([*problem.keys, *problem.features]) if name in there]
    features = table.read(data, names)
    same_rows(features, predictions, problem)
    return features


def known(rows: pa.Table, target: str) -> pa.Table:
    """The rows whose truth is known."""
    return rows.filter(is_known(rows, target))


def is_known(rows: pa.Table, target: str) -> pa.ChunkedArray:
    """Whether each row has a truth: neither null nor NaN."""
    return pc.invert(pc.is_null(rows[target], nan_is_null=True))


def same_rows(features: pa.Table, predictions: pa.Table, problem: Problem) -> None:
    """Refuse features that are not those of the predictions, row by row.

    Raises:
        BadInput: they are of other rows, or in another order.
    """
    for name in problem.keys:
        same = features.num_rows == predictions.num_rows and features[name].cast(
            predictions[name].type
        ).equals(predictions[name])
        if not same:
            raise BadInput(
                f"The rows of data and predictions are not the same: '{name}' differs.",
                do="Give the step the very table that was predicted as data.",
            )
