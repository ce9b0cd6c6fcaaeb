"""Rows with predictions and truth, read from a table as what the monitor measures."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from spalje.errors import BadInput, NotFound
from spalje.monitor.measurement import Judged
from spalje.monitor.segment import Segmentation
from spalje.pipeline.problem import Problem
from spalje.quality.loss import Codes, Floats
from spalje.quality.period import Days

#: A segment column that is made from the time column, and its groups.
WEEKDAY = "weekday"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
#: Groups of a column that are told apart, those with most rows.
SEGMENTS = 1000
#: With fewer clusters the bootstrap comes out too narrow; rows then stand for themselves.
LEAST_CLUSTERS = 10

_NUMBERED = re.compile(r"(?P<name>.*)_(?P<number>\d+)")


@dataclass(frozen=True, slots=True)
class Labels:
    """How the truth of a classification is to be read.

    Attributes:
        classes: what the classes are called, in the order of the prediction columns; of a binary
            problem no and yes; empty for a regression, and where they are still to be found out.
        threshold: from which probability on yes is predicted.
    """

    classes: tuple[str, ...] = ()
    threshold: float = 0.5


def judge(table: pa.Table, problem: Problem, labels: Labels) -> tuple[Judged, Labels]:
    """The rows of a table, each with its truth.

    Args:
        table: keys, target and predictions; the target is never null.
        problem: says which columns those are.
        labels: as in the baseline; without classes they are found out.

    Returns:
        The rows, and the classes.

    Raises:
        BadInput: a column is missing or holds what it cannot.
    """
    columns = prediction_columns(table.column_names, problem)
    predictions = [_numbers(table, name, "predictions") for name in columns]
    clusters, clustered_by = _clusters(table, problem)
    if problem.type == "regression":
        wanted = max(1, len(problem.quantiles))
        if len(columns) != wanted:
            what = (
                f"{wanted} quantiles have as many columns"
                if problem.quantiles
                else "A regression has one column"
            )
            raise BadInput(
                f"{what} of predictions; there are {', '.join(columns)}.",
                do="Let predict_fn give one number a row, or one for each of quantiles under [problem].",
            )
        truth, known = _numbers(table, problem.target, "truth"), Labels()
        prediction = np.stack(predictions, axis=-1) if problem.quantiles else predictions[0]
    else:
        for name, values in zip(columns, predictions, strict=True):
            single_label = problem.type == "multiclass" and len(columns) == 1
            if not single_label and len(values) and not (values.min() >= 0 and values.max() <= 1):
                raise BadInput(
                    f"'{name}' goes from {values.min():g} to {values.max():g}; probabilities go from 0 to 1.",
                    do="Let predict_fn give probabilities, or 0 and 1.",
                )
        truth, prediction, known = _classified(table, problem, columns, predictions, labels)
    judged = Judged(
        type=problem.type,
        truth=truth,
        prediction=prediction,
        days=_days(table, problem.time),
        clusters=clusters,
        clustered_by=clustered_by,
        threshold=labels.threshold,
        quantiles=problem.quantiles,
    )
    return judged, known


def segmentations(table: pa.Table, problem: Problem, names: Sequence[str]) -> dict[str, Segmentation]:
    """Which group of each of some columns the rows of a table belong to.

    Args:
        table: with these columns.
        problem: says which column is the time.
        names: of columns; ``weekday`` is made from the time column where there is none of that name.

    Raises:
        NotFound: a column is not there; says which are.
    """
    found: dict[str, Segmentation] = {}
    for name in names:
        if name == WEEKDAY and name not in table.column_names:
            days = _days(table, problem.time)
            if days is None:
                raise BadInput(
                    "Segments by weekday need a time column with dates.",
                    do="Name it with time under [problem].",
                )
            found[name] = Segmentation((days + 3) % 7, DAYS)
            continue
        if name not in table.column_names:
            raise NotFound("column", name, table.column_names)
        column = table[name].combine_chunks()
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode(null_encoding="encode")
        codes = column.indices.to_numpy().astype(np.int64)
        sizes = np.bincount(codes, minlength=len(column.dictionary))
        order = np.argsort(-sizes, kind="stable")[:SEGMENTS]
        place = np.full(len(sizes), -1, np.int64)
        place[order] = np.arange(len(order))
        words = [text(value) if value is not None else "no value" for value in column.dictionary.to_pylist()]
        found[name] = Segmentation(
            place[codes], tuple(words[number] for number in order), len(sizes) - len(order)
        )
    return found


def predicted(table: pa.Table, problem: Problem) -> tuple[NDArray[np.float64], Days | None]:
    """The predictions of a table without truth, and the day of each row.

    Returns:
        Shape (rows,), or (rows, columns of predictions); of two probabilities of yes and no that of the yes.

    Raises:
        BadInput: there is no column of predictions, or it holds what is no number.
    """
    columns = prediction_columns(table.column_names, problem)
    values = [_numbers(table, name, "predictions") for name in columns]
    days = _days(table, problem.time)
    if problem.type == "binary" or (len(values) == 1 and not problem.quantiles):
        return values[-1], days
    return np.stack(values, axis=-1), days


def prediction_columns(names: Sequence[str], problem: Problem) -> list[str]:
    """The columns with predictions: the problem's, or its numbered ones, or all that are nothing else.

    Raises:
        BadInput: there is none.

    Example:
        >>> problem = Problem(type="binary", target="churned", features=("x",), keys=("id",))
        >>> prediction_columns(["id", "prediction_1", "prediction_0", "churned"], problem)
        ['prediction_0', 'prediction_1']
    """
    if problem.prediction in names:
        return [problem.prediction]
    numbered = {
        int(match["number"]): name
        for name in names
        if (match := _NUMBERED.fullmatch(name)) and match["name"] == problem.prediction
    }
    if numbered:
        return [numbered[number] for number in sorted(numbered)]
    known = (*problem.keys, problem.inference_id, problem.group, problem.target)
    others = [name for name in names if name not in known]
    if not others:
        raise BadInput(
            f"There is no column of predictions among {', '.join(names)}.",
            do=f"Write them to '{problem.prediction}', or name the column with prediction under [problem].",
        )
    return others


def text(value: Any) -> str:
    """What a class is called, however its value is stored: yes and 1 are ``1``, 2.0 is ``2``.

    Example:
        >>> [text(value) for value in (True, 2.0, 2, "ripe")]
        ['1', '2', '2', 'ripe']
    """
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _classified(
    table: pa.Table, problem: Problem, columns: Sequence[str], predictions: Sequence[Floats], labels: Labels
) -> tuple[Floats, NDArray[np.float64], Labels]:
    came = table[problem.target].combine_chunks().dictionary_encode()
    names = [text(value) for value in came.dictionary.to_pylist()]
    classes = labels.classes or _found_classes(problem, columns, predictions, names)
    strange = [name for name in names if name not in classes]
    if strange:
        raise BadInput(
            f"The truth in '{problem.target}' is {strange[0]!r} in some rows; the classes are {', '.join(classes)}.",
            do="Correct the truth, or name the classes in the settings of the baseline step: classes.",
        )
    number = np.array([classes.index(name) for name in names], np.int64)
    truth = number[came.indices.to_numpy()].astype(np.float64)
    known = Labels(classes, labels.threshold)
    if problem.type == "binary":
        # of two columns the second is that of yes, as in scikit-learn's predict_proba
        return truth, predictions[-1], known
    if len(columns) > 1:
        return truth, np.stack(predictions, axis=-1), known
    predicted = [text(float(value)) for value in np.unique(predictions[0])]
    unknown = [name for name in predicted if name not in classes]
    if unknown:
        raise BadInput(
            f"'{columns[0]}' predicts the class {unknown[0]!r}; the classes are {', '.join(classes)}.",
            do="Name the classes in the settings of the baseline step: classes.",
        )
    place = np.array([classes.index(name) for name in predicted], np.int64)
    chosen = place[np.searchsorted(np.unique(predictions[0]), predictions[0])]
    return truth, np.eye(len(classes))[chosen], known


def _found_classes(
    problem: Problem, columns: Sequence[str], predictions: Sequence[Floats], came: Sequence[str]
) -> tuple[str, ...]:
    if problem.type == "binary":
        return ("0", "1")
    if len(columns) == 1:
        found = {*came, *(text(float(value)) for value in np.unique(predictions[0]))}
        return tuple(
            sorted(found, key=lambda name: (not name.isdigit(), len(name) if name.isdigit() else 0, name))
        )
    numbered = all(name.startswith(f"{problem.prediction}_") for name in columns)
    return tuple(str(number) for number in range(len(columns))) if numbered else tuple(columns)


def _numbers(table: pa.Table, name: str, what: str) -> Floats:
    column = table[name]
    try:
        values: Floats = column.cast(pa.float64()).to_numpy()
    except (pa.ArrowException, ValueError) as error:
        raise BadInput(
            f"'{name}' holds {column.type}, and {what} of this problem are numbers.",
            do="Write it as a number, or correct target and type under [problem] in spalje.toml.",
        ) from error
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        value = "missing" if np.isnan(values[bad[0]]) else f"{values[bad[0]]}"
        raise BadInput(
            f"'{name}' is not a finite number in {bad.size:,} of {len(values):,} rows; the first is {value}.",
            do="Look at where the column is written.",
        )
    return values


def _days(table: pa.Table, time: str | None) -> Days | None:
    if time is None:
        return None
    column = table[time]
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        days = column.cast(pa.date32(), safe=False) if pa.types.is_temporal(column.type) else None
        days = column.cast(pa.date32()) if pa.types.is_string(column.type) else days
    except pa.ArrowException:
        return None
    if days is None or days.null_count:
        return None
    numbered: Days = days.cast(pa.int32()).to_numpy().astype(np.int64)
    return numbered


def _clusters(table: pa.Table, problem: Problem) -> tuple[Codes | None, str]:
    """Which rows err together: those of a group, else those about the same thing at different times."""
    group = [problem.group] if problem.group is not None and problem.group in table.column_names else []
    for columns in (group, [key for key in problem.keys if key != problem.time]):
        if columns:
            codes, count = _coded(table, columns)
            if LEAST_CLUSTERS <= count < table.num_rows:
                return codes, ", ".join(columns)
    return None, "rows"


def _coded(table: pa.Table, columns: Sequence[str]) -> tuple[Codes, int]:
    codes = np.zeros(table.num_rows, np.int64)
    count = 1
    for name in columns:
        column = table[name].combine_chunks()
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode(null_encoding="encode")
        width = len(column.dictionary) + 1
        own = pc.fill_null(column.indices, width - 1).to_numpy().astype(np.int64)
        different, codes = np.unique(codes * width + own, return_inverse=True)
        count = len(different)
    return codes, count
