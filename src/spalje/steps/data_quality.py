"""The files of the data quality steps: a baseline from a training table, a verdict on a batch."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from spalje.analysis import data_quality
from spalje.analysis import parts as pieces
from spalje.analysis.baseline import read_baseline
from spalje.analysis.baseline import write_baseline as write_whole_baseline
from spalje.analysis.profile import write_profile
from spalje.analysis.roles import Roles
from spalje.errors import NotFound
from spalje.monitor.verdict import Verdict
from spalje.pipeline.problem import Problem
from spalje.report.data_quality import Report, html
from spalje.sagemaker.violations import FILES as VIOLATIONS
from spalje.sagemaker.violations import ViolationsFile
from spalje.sagemaker.violations import write as written_violations
from spalje.storage import history as files
from spalje.storage import table
from spalje.storage.batch_file import CHECKED

VERDICT, REPORT = "verdict.json", "report.html"


def write_baseline(data: Path, problem: Problem, out: Path, settings: Mapping[str, Any]) -> None:
    """Write what a good batch looks like, going by a training table; see ``analysis.baseline``.

    Args:
        data: the training table.
        problem: which columns are features, keys, time and target.
        out: an existing folder.
        settings: ``period`` (how long a batch is: day, week or month), and what
            ``Constraints.edited`` takes; ``monitor`` and ``policy`` are let be.

    Raises:
        BadInput: the table cannot be read, has no rows or lacks a feature.
        NotFound: a setting names something that there is not.
    """
    own = _own(settings)
    period = own.pop("period", None)
    if period not in (None, *pieces.MOST):
        raise NotFound("period", str(period), pieces.MOST)
    # an artifact is not edited, so there is no file to be edited
    write_whole_baseline(data, out, _roles(data, problem), own, period=period, readable=False)


def check(
    data: Path,
    baseline: Path,
    problem: Problem,
    out: Path,
    settings: Mapping[str, Any],
    *,
    earlier: Path | None = None,
) -> Verdict:
    """Hold a batch against a baseline; writes verdict, violations, profile and a report for people.

    What is written depends on what is given alone, whenever and wherever it is done.

    Args:
        data: the batch's table.
        baseline: a folder from ``write_baseline``, or with only ``statistics.json`` (and
            ``constraints.json``) of Model Monitor.
        problem: which columns are features, keys and time.
        out: an existing folder.
        settings: ``policy`` (calibrated or sagemaker), ``alpha``, and what ``Constraints.edited`` takes.
        earlier: a folder with what earlier checks left of their batches.

    Raises:
        BadInput: the table, the baseline or what earlier checks left cannot be read.
        NotFound: a setting names something that there is not.
    """
    known = read_baseline(baseline, problem.features)
    known = replace(known, roles=_roles(data, problem))
    checked = data_quality.check(
        data,
        known,
        earlier=files.read(earlier) if earlier is not None else (),
        policy=str(settings.get("policy", "calibrated")),
        settings=_own(settings),
    )
    write_profile(checked.profile, out)
    (out / VERDICT).write_text(checked.verdict.model_dump_json(indent=2) + "\n", encoding="utf-8")
    (out / VIOLATIONS[0]).write_bytes(written_violations(ViolationsFile(checked.verdict.violations)))
    files.write_file(out / CHECKED, checked.batch)
    title = f"Data quality: {checked.batch.name}"
    report = Report(title, checked.verdict, checked.profile, known.profile, None, None)
    (out / REPORT).write_text(html(report), encoding="utf-8")
    return checked.verdict


def _roles(data: Path, problem: Problem) -> Roles:
    """The problem's; a time column that holds no dates (but numbers of weeks, say) tells no days."""
    roles, known = Roles.of(problem), table.schema(data)
    kind = known.field(roles.time).type if roles.time in known.names else None
    dated = kind is not None and (
        pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_string(kind)
    )
    return roles if dated else roles.model_copy(update={"time": None})


def _own(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in ("monitor", "policy")}
