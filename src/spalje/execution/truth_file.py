"""A delivered file of ground truth, whichever of its formats it is in: Parquet, CSV, or Model Monitor's JSON Lines."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa

from spalje.errors import BadInput, NotFound
from spalje.pipeline.problem import Problem
from spalje.sagemaker import ground_truth as records
from spalje.steps import truth_value
from spalje.steps.row_key import plain
from spalje.storage import csv_file, table

#: How the names of the files in a folder end.
_ENDINGS = {"parquet": (".parquet",), "csv": (".csv", ".csv.gz"), "jsonl": (records.ENDING,)}
_FORMS = "Parquet, CSV or Model Monitor's JSON Lines"


@dataclass(frozen=True, slots=True, eq=False)
class Brought:
    """What a file says.

    Attributes:
        rows: the columns that name a row, and the target as it is kept, see ``truth_value``.
        names: those columns: the business keys, or the inference id.
        later_wins: whether a later row about the same takes the place of an earlier one.
    """

    rows: pa.Table
    names: tuple[str, ...]
    later_wins: bool = False


def read(file: Path, problem: Problem, predicted: pa.Schema) -> Brought:
    """Read a delivery.

    Args:
        file: a file or a folder; a folder of JSON Lines is read with all folders in it.
        problem: which columns are the keys, the inference id and the target.
        predicted: columns of predictions: what text is read as.

    Raises:
        BadInput: it is not there, is none of the formats, lacks a column, or a value cannot be read.
    """
    if not file.exists():
        raise BadInput(f"There is no file or folder {file}.", do="Check the path.")
    form = _form_of_folder(file) if file.is_dir() else _form_of_file(file)
    if form == "parquet":
        return _parquet(file, problem)
    if form == "csv":
        return _csv(file, problem, predicted)
    return _jsonl(file, problem, predicted)


def _parquet(file: Path, problem: Problem) -> Brought:
    names = _names(problem, table.schema(file).names)
    rows = plain(table.read(file, [*names, problem.target]), [*names, problem.target])
    return Brought(_with_target(rows, rows[problem.target], problem), names)


def _csv(file: Path, problem: Problem, predicted: pa.Schema) -> Brought:
    files = [file] if file.is_file() else sorted(_inside(file, "csv"))
    header = csv_file.names(files[0])
    if len(header) == 1:
        raise BadInput(
            f"{files[0]} has one column, {header[0]!r}; ground truth has more than one.",
            do="Separate the columns with commas.",
        )
    names = _names(problem, header)
    types = {name: _wide(_predicted(predicted, name)) for name in names}
    types[problem.target] = truth_value.kind(problem)
    rows = pa.concat_tables([csv_file.read(each, types) for each in files])
    return Brought(_with_target(rows, rows[problem.target], problem, typed=False), names)


def _jsonl(file: Path, problem: Problem, predicted: pa.Schema) -> Brought:
    names = problem.keys if problem.inference_id is None else (problem.inference_id,)
    found = records.read(file)
    types = pa.schema([(name, _wide(_predicted(predicted, name))) for name in names])
    regression = problem.type == "regression"
    values = records.numbers(found, problem.target) if regression else found.values
    return Brought(
        _with_target(records.keys(found, types), values, problem, typed=regression), names, later_wins=True
    )


def _with_target(
    rows: pa.Table, values: pa.ChunkedArray, problem: Problem, *, typed: bool = True
) -> pa.Table:
    target = truth_value.values(values, problem, typed=typed or problem.type == "regression")
    there = [name for name in rows.column_names if name != problem.target]
    return rows.select(there).append_column(problem.target, target)


def _names(problem: Problem, there: Sequence[str]) -> tuple[str, ...]:
    """What the rows of a table are joined on: all business keys, else the inference id."""
    wanted = f"{', '.join(problem.keys)} and {problem.target}"
    if problem.inference_id is not None:
        wanted += f", or {problem.inference_id} and {problem.target}"
    missing = [key for key in problem.keys if key not in there]
    by_id = bool(missing) and problem.inference_id in there
    for column in ([] if by_id else missing) or [problem.target]:
        if column not in there:
            raise BadInput(str(NotFound("column", column, there)), do=f"Deliver {wanted}.")
    return (str(problem.inference_id),) if by_id else problem.keys


def _predicted(predicted: pa.Schema, name: str) -> pa.DataType:
    if name not in predicted.names:
        raise BadInput(
            f"The predictions have no column '{name}' to join the ground truth on; they have "
            f"{', '.join(predicted.names)}.",
            do="Batches have it that are predicted after it was named under [problem]. Deliver the business keys.",
        )
    return predicted.field(name).type


def _wide(kind: pa.DataType) -> pa.DataType:
    """A type that holds all values of a key, also those that were not predicted."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_integer(kind) and not pa.types.is_uint64(kind):
        return pa.int64()
    return kind


def _inside(folder: Path, form: str) -> Iterator[Path]:
    every = folder.rglob("*") if form == "jsonl" else folder.glob("*")
    return (each for each in every if each.name.endswith(_ENDINGS[form]) and each.is_file())


def _form_of_folder(folder: Path) -> str:
    forms = [form for form in _ENDINGS if any(True for _ in _inside(folder, form))]
    if len(forms) == 1:
        return forms[0]
    endings = " and ".join(f"*{_ENDINGS[form][0]}" for form in forms)
    there = sorted(each.name for each in folder.iterdir())[:5]
    raise BadInput(
        f"{folder} has files of several formats: {endings}."
        if forms
        else f"{folder} has no file of ground truth: none ends in *.parquet, *.csv, *.csv.gz or *{records.ENDING}; "
        + (f"it has: {', '.join(there)}." if there else "it is empty."),
        do="Deliver one format at a time." if forms else f"Deliver {_FORMS}.",
    )


def _form_of_file(file: Path) -> Literal["parquet", "csv", "jsonl"]:
    """By its first bytes; by its name where those could be of several."""
    with table.readable(file), file.open("rb") as raw:
        first = raw.read(4096)
    if not first:
        raise BadInput(f"{file} is empty (0 bytes).", do="Write it again, and to its end.")
    if first.startswith(table.MAGIC) or file.suffix == ".parquet":
        return "parquet"
    if first.startswith(csv_file.GZIP) and not file.name.endswith((".jsonl.gz", ".json.gz")):
        return "csv"
    if first.startswith(csv_file.GZIP) or b"\x00" in first:
        raise BadInput(
            f"{file} is not ground truth: it begins with {first[:8]!r}, as no file of {_FORMS} does.",
            do=f"Deliver {_FORMS}; only CSV may be compressed, with gzip.",
        )
    if file.suffix == records.ENDING or first.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return "jsonl"
    return "csv"
