"""The files of the data quality monitor: a baseline from a training table, a verdict on a batch."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args

import pyarrow as pa
import pyarrow.compute as pc

from spalje.errors import BadInput, NotFound
from spalje.monitor import data_quality
from spalje.monitor.constraints import Constraints
from spalje.monitor.suggestion import suggest
from spalje.monitor.verdict import Verdict
from spalje.pipeline.problem import Problem
from spalje.profile.document import from_dict, to_dict
from spalje.profile.profile import Profile
from spalje.profile.scan import profile_batches
from spalje.sagemaker import constraints as constraints_file
from spalje.sagemaker import statistics as statistics_file
from spalje.sagemaker.constraints import ConstraintsFile
from spalje.sagemaker.profile import of_profile, to_profile
from spalje.sagemaker.violations import FILES as VIOLATIONS
from spalje.sagemaker.violations import ViolationsFile
from spalje.sagemaker.violations import write as written_violations
from spalje.storage import table

PROFILE, STATISTICS, CONSTRAINTS, VERDICT = (
    "profile.json",
    "statistics.json",
    "constraints.json",
    "verdict.json",
)


def write_baseline(data: Path, problem: Problem, out: Path, settings: Mapping[str, Any]) -> None:
    """Write what a good batch looks like, going by a training table.

    ``profile.json`` and ``statistics.json`` describe the features, and the target if it is there;
    ``constraints.json`` is about the features and may be edited. The table may span many batches.

    Args:
        data: the training table.
        problem: which columns are features, keys and target.
        out: an existing folder.
        settings: see ``Constraints.edited``; ``monitor`` and ``policy`` are let be.

    Raises:
        BadInput: the table cannot be read, has no rows or lacks a feature.
        NotFound: a setting names something that there is not.
    """
    names = table.schema(data).names
    target = [problem.target] if problem.target in names else []
    profile = _profile(data, [*problem.features, *target], problem.categorical)
    if profile.rows == 0:
        raise BadInput(
            f"{data} has no rows: a baseline is made of good data.", do="Give it the training table."
        )
    features = {name: column for name, column in profile.columns.items() if name in problem.features}
    keys = [name for name in problem.keys if name in names]
    duplicated = _keys(data, keys)[0] if len(keys) == len(problem.keys) else 0
    constraints = suggest(
        Profile(profile.rows, features, profile.refused),
        other_columns=[name for name in names if name not in problem.features],
        duplicates=duplicated / profile.rows,
    ).edited(_own(settings))
    _write_json(out / PROFILE, to_dict(profile))
    (out / STATISTICS).write_bytes(statistics_file.write(of_profile(profile)))
    (out / CONSTRAINTS).write_bytes(constraints_file.write(ConstraintsFile(constraints)))


def check(data: Path, baseline: Path, problem: Problem, out: Path, settings: Mapping[str, Any]) -> Verdict:
    """Hold a batch against a baseline; writes verdict, violations and the batch's profile.

    Args:
        data: the batch's table.
        baseline: a folder from ``write_baseline``, or with only ``statistics.json`` (and
            ``constraints.json``) of Model Monitor.
        problem: which columns are features, keys and target.
        out: an existing folder.
        settings: ``policy`` (calibrated or sagemaker), and what ``Constraints.edited`` takes.

    Raises:
        BadInput: the table or the baseline cannot be read.
        NotFound: a setting names something that there is not.
    """
    policy = str(settings.get("policy", "calibrated"))
    if policy not in get_args(data_quality.Policy):
        raise NotFound("policy", policy, get_args(data_quality.Policy))
    training = read_baseline(baseline)
    constraints = read_constraints(baseline, training, problem).edited(_own(settings))
    names = table.schema(data).names
    known = {*training.columns, *training.refused, *constraints.other_columns, *problem.keys}
    known |= {problem.target, problem.prediction} - set(problem.features)
    wanted = [name for name in names if name in problem.features or name not in known]
    # Model Monitor knows categories by their type only: numbers stay numbers where training has them so
    numeric = {name for name, column in training.columns.items() if column.kind.numeric}
    profile = _profile(data, wanted, set(problem.categorical) - numeric)
    missing = [name for name in problem.keys if name not in names]
    duplicated, null = (0, 0) if missing else _keys(data, problem.keys)
    verdict = data_quality.check(
        profile,
        training,
        constraints,
        policy=cast("data_quality.Policy", policy),
        keys_duplicated=duplicated,
        keys_null=null,
        keys_missing=missing,
    )
    _write_json(out / PROFILE, to_dict(profile))
    (out / VERDICT).write_text(verdict.model_dump_json(indent=2) + "\n", encoding="utf-8")
    (out / VIOLATIONS[0]).write_bytes(written_violations(ViolationsFile(verdict.violations)))
    return verdict


def read_baseline(folder: Path) -> Profile:
    """The profile of the training table: ours, or as far as Model Monitor's statistics go.

    Raises:
        BadInput: neither is there, or it cannot be read.
    """
    if (folder / PROFILE).is_file():
        try:
            document = json.loads((folder / PROFILE).read_bytes())
        except (ValueError, RecursionError) as error:
            raise BadInput(
                f"{folder / PROFILE} is not JSON: {error}.", do="Make the baseline again."
            ) from error
        if not isinstance(document, dict):
            raise BadInput(f"{folder / PROFILE} is not a profile.", do="Make the baseline again.")
        return from_dict(document)
    if (folder / STATISTICS).is_file():
        path = folder / STATISTICS
        return to_profile(statistics_file.read(path.read_bytes(), str(path)))
    raise BadInput(
        f"{folder} is no data quality baseline: it has neither {PROFILE} nor {STATISTICS}.",
        do="Make one with a Baseline step, or copy Model Monitor's statistics.json and constraints.json there.",
    )


def read_constraints(folder: Path, training: Profile, problem: Problem) -> Constraints:
    """The constraints of the features; what the file does not say, as training suggests.

    Raises:
        BadInput: the file cannot be read.
    """
    suggested = suggest(training)
    path = folder / CONSTRAINTS
    said = suggested
    if path.is_file():
        said = constraints_file.read(path.read_bytes(), str(path)).constraints.completed(suggested)
    features = {name: said.columns[name] for name in problem.features if name in said.columns}
    others = [*said.other_columns, *(name for name in said.columns if name not in features)]
    return said.model_copy(update={"columns": features, "other_columns": tuple(others)})


def _profile(data: Path, columns: Sequence[str], categorical: Collection[str]) -> Profile:
    return profile_batches(table.read_batches(data, columns, dictionary=True), categorical)


def _keys(data: Path, keys: Sequence[str]) -> tuple[int, int]:
    """Rows whose business keys an earlier row has too, and rows with a null in one."""
    rows = table.read(data, keys)
    try:
        different = rows.group_by(list(keys)).aggregate([]).num_rows
    except pa.ArrowException as error:
        raise BadInput(
            f"The business keys {', '.join(keys)} of {data} cannot be compared: {error}.",
            do="Use numbers, text or dates as keys.",
        ) from error
    null = pc.is_null(rows[keys[0]])
    for key in keys[1:]:
        null = pc.or_(null, pc.is_null(rows[key]))
    return rows.num_rows - different, pc.sum(null).as_py() or 0


def _own(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in ("monitor", "policy")}


def _write_json(path: Path, document: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
