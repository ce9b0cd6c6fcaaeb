"""The truth of a row as it is kept: a number for a regression, else what its class is called."""

import re

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from spalje.errors import BadInput
from spalje.pipeline.problem import Problem
from spalje.steps.judged_rows import text

#: How text spells that a value is not known: as Arrow's CSV reader has it.
UNKNOWN = tuple(pacsv.ConvertOptions().null_values)

#: A number as nobody writes a name: 007 is one.
_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)(\.\d*)?([eE][+-]?\d+)?", re.ASCII)


def kind(problem: Problem) -> pa.DataType:
    """The type that the truth of a problem is kept in."""
    return pa.float64() if problem.type == "regression" else pa.string()


def values(column: pa.ChunkedArray, problem: Problem, *, typed: bool = True) -> pa.ChunkedArray:
    """The truth as it is kept; null where it is not known yet, which NaN says too.

    The same truth is kept in the same way, whatever types and files it comes in.

    Args:
        column: the target of some rows.
        problem: says whether the target is a number.
        typed: False where it comes as text that says nothing of types: then classes that are all numbers, or
            all true and false, are read as such.

    Raises:
        BadInput: the target of a regression is not a number, or is infinite.

    Example:
        >>> churn = Problem(type="binary", target="churned", features=("x",), keys=("id",))
        >>> values(pa.chunked_array([[True, None, False]]), churn).to_pylist()
        ['1', None, '0']
        >>> values(pa.chunked_array([["1.0", "", "0"]]), churn, typed=False).to_pylist()
        ['1', None, '0']
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not typed:
        unknown = pc.is_in(column, pa.array(UNKNOWN, column.type))
        column = pc.if_else(unknown, pa.scalar(None, column.type), column)
    found = _numbers(column, problem) if problem.type == "regression" else _names(column, typed=typed)
    return found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found])


def _numbers(column: pa.ChunkedArray, problem: Problem) -> pa.ChunkedArray:
    try:
        numbers = column.cast(pa.float64())
    except pa.ArrowException as error:
        raise BadInput(
            f"'{problem.target}' of the ground truth holds {column.type}, and the truth of a regression is a number: "
            f"{str(error).splitlines()[0]}",
            do="Write it as a number, or correct target and type under [problem] in spalje.toml.",
        ) from error
    infinite = pc.sum(pc.is_inf(numbers)).as_py() or 0
    if infinite:
        raise BadInput(
            f"'{problem.target}' of the ground truth is infinite in {infinite:,} of {len(numbers):,} rows.",
            do="Leave it empty where it is not known.",
        )
    return pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers)


def _names(column: pa.ChunkedArray, *, typed: bool) -> pa.ChunkedArray:
    if len(column) == 0:
        return pa.chunked_array([], pa.string())
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    encoded = column.dictionary_encode().combine_chunks()
    seen = encoded.dictionary.to_pylist()
    names = pa.array([_name(value) for value in (seen if typed else _read(seen))], pa.string())
    return pa.chunked_array([names.take(encoded.indices)])


def _name(value: object) -> str | None:
    return None if value is None or value != value else text(value)  # noqa: PLR0124  NaN


def _read(words: list[str | None]) -> list[object]:
    """Words that are all numbers as numbers, or all true and false as those; others as they are."""
    said = [word for word in words if word is not None]
    if all(_NUMBER.fullmatch(word) for word in said):
        return [None if word is None else float(word) for word in words]
    if all(word.lower() in ("true", "false") for word in said):
        return [None if word is None else word.lower() == "true" for word in words]
    return list(words)
