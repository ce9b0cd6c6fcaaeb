"""Hold a table against a baseline: the data quality monitor, for whoever has a file and a folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, cast, get_args

from spalje.analysis.baseline import Baseline, read_baseline
from spalje.analysis.parts import span
from spalje.errors import BadInput, NotFound
from spalje.monitor import data_quality
from spalje.monitor.history import History, PastBatch
from spalje.monitor.verdict import Verdict
from spalje.profile.profile import Profile
from spalje.profile.uniqueness import KeyCounts, count_keys
from spalje.storage import history as files
from spalje.storage.batch_file import checked_name
from spalje.storage.scan import Told, profile_table
from spalje.storage.source import Table, read_batches, schema


@dataclass(frozen=True, slots=True, eq=False)
class Checked:
    """A batch that was held against a baseline.

    Attributes:
        verdict: what was concluded.
        profile: of the batch.
        baseline: what it was held against.
        batch: what a history keeps of it.
    """

    verdict: Verdict
    profile: Profile
    baseline: Baseline
    batch: PastBatch


def check(
    table: Table,
    baseline: Baseline,
    *,
    earlier: Sequence[PastBatch] = (),
    name: str = "",
    at: date | None = None,
    policy: str = "calibrated",
    settings: Mapping[str, Any] | None = None,
    progress: Told | None = None,
) -> Checked:
    """Hold a batch against a baseline.

    Args:
        table: the batch.
        baseline: see ``read_baseline``.
        earlier: batches checked against the same baseline before; one of this name is left out.
        name: what the batch is called. Default: its first day, else the name of its file.
        at: the day it is for. Default: its first day.
        policy: ``calibrated``, or ``sagemaker``: Model Monitor's rules decide.
        settings: ``alpha`` (false alarms allowed, a share of good batches), and what
            ``Constraints.edited`` takes.
        progress: told how many parts of the table are read, and how many there are.

    Raises:
        BadInput: the table cannot be read.
        NotFound: there is no such policy or setting.
    """
    if policy not in get_args(data_quality.Policy):
        raise NotFound("policy", policy, get_args(data_quality.Policy))
    own = dict(settings or {})
    alpha = _alpha(own.pop("alpha", None))
    constraints = baseline.constraints.edited(own)
    roles, training = baseline.roles, baseline.profile
    names = schema(table).names
    known = {*training.columns, *training.refused, *constraints.other_columns, *roles.keys, *roles.others}
    known |= {role for role in (roles.group, roles.time) if role} - set(constraints.columns)
    wanted = [each for each in names if each in constraints.columns or each not in known]
    time = [roles.time] if roles.time and roles.time in names and roles.time not in wanted else []
    # Model Monitor knows categories by their type only: numbers stay numbers where training has them so
    numeric = {each for each, column in training.columns.items() if column.kind.numeric}
    whole = profile_table(
        table, [*wanted, *time], set(roles.categorical) - numeric, baseline.grids, progress=progress
    )
    profile = replace(
        whole, columns={each: column for each, column in whole.columns.items() if each not in time}
    )
    days = span(read_batches(table, [roles.time]), roles.time) if roles.time and roles.time in names else None
    at = at or (days[0] if days else None)
    name = name or (at.isoformat() if at else _stem(table))
    missing = [key for key in roles.keys if key not in names]
    keys = KeyCounts(0, 0)
    if roles.keys and not missing:
        keys = count_keys(lambda: read_batches(table, roles.keys), roles.keys, whole.rows)
    batches = [*baseline.batches, *(batch for batch in earlier if batch.name != name)]
    verdict = data_quality.check(
        profile,
        training,
        constraints,
        policy=cast("data_quality.Policy", policy),
        history=History(tuple(batches), roles.season),
        name=name,
        at=at,
        alpha=alpha,
        keys_duplicated=keys.duplicated,
        keys_null=keys.null,
        keys_missing=missing,
    )
    return Checked(verdict, profile, baseline, _left(verdict, profile, name, at))


def check_data_quality(
    table: Table,
    baseline: Path | str,
    *,
    history: Path | str | None = None,
    record: bool = True,
    name: str = "",
    at: date | None = None,
    policy: str = "calibrated",
    **settings: Any,
) -> Verdict:
    """Hold a table against a baseline, and remember it in a history.

    Args:
        table: a path (file, folder or pattern; Parquet, CSV or Arrow), or any table with the Arrow C
            stream interface: pandas, Polars, PyArrow, DuckDB.
        baseline: a folder made by ``data_quality_baseline`` or ``spalje monitor baseline``, or one of
            Model Monitor's with ``statistics.json`` and ``constraints.json``.
        history: a folder with what was checked before; the more good batches are in it (20 or more),
            the better thresholds hold what they promise. None: no history.
        record: add this batch to the history.
        name: what the batch is called, one file in the history. Default: its first day.
        at: the day it is for: which season it belongs to, and its place in the history.
        policy: ``calibrated``, or ``sagemaker``: Model Monitor's rules decide.
        **settings: ``alpha``, ``rows``, ``columns`` and the other settings of ``Constraints.edited``.

    Returns:
        The verdict; ``verdict.outcome`` is ok, warning, alarm or insufficient.

    Raises:
        BadInput: the table, the baseline or the history cannot be read.
        NotFound: there is no such policy or setting.
        UsageError: the name cannot be a file's.

    Example:
        >>> import tempfile, pyarrow as pa
        >>> from spalje.analysis.baseline import data_quality_baseline
        >>> good = pa.table({"price": [1.0, 2.0, 3.0] * 100})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = data_quality_baseline(good, folder)
        ...     bad = good.set_column(0, "price", pa.array([-9.0, 2.0, 3.0] * 100))
        ...     str(check_data_quality(good, folder).outcome), str(check_data_quality(bad, folder).outcome)
        ('ok', 'alarm')
    """
    folder = Path(history) if history is not None else None
    if folder is not None and name:
        checked_name(name)
    checked = check(
        table,
        read_baseline(Path(baseline)),
        earlier=files.read(folder) if folder else (),
        name=name,
        at=at,
        policy=policy,
        settings=settings,
    )
    if folder is not None and record:
        files.write(folder, checked.batch)
    return checked.verdict


def _left(verdict: Verdict, profile: Profile, name: str, at: date | None) -> PastBatch:
    if profile.sketch is None:
        raise BadInput("The table was counted into no cells.", do="Make the baseline again.")
    return PastBatch.of(name, at, profile.sketch, verdict)


def _stem(table: Table) -> str:
    return Path(table).stem if isinstance(table, str | Path) else "batch"


def _alpha(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1:
        return float(value)
    raise BadInput(f"alpha is {value!r}.", do="Give a share of good batches between 0 and 1, such as 0.05.")
