"""The baseline of the data quality monitor: what good data looks like, as a folder of files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from spalje.analysis import parts
from spalje.analysis.profile import CONSTRAINTS, PROFILE, STATISTICS, write_profile
from spalje.analysis.roles import Roles
from spalje.errors import BadInput
from spalje.monitor.constraints import Constraints
from spalje.monitor.history import PastBatch
from spalje.monitor.suggestion import suggest
from spalje.profile.document import from_dict
from spalje.profile.grid import Grids, freeze
from spalje.profile.profile import Profile
from spalje.profile.uniqueness import count_keys
from spalje.sagemaker import constraints as sagemaker_constraints
from spalje.sagemaker import statistics as sagemaker_statistics
from spalje.sagemaker.constraints import ConstraintsFile
from spalje.sagemaker.profile import of_profile, to_profile
from spalje.storage import constraints_file, history
from spalje.storage.batch_file import ENDING
from spalje.storage.scan import Told, profile_table
from spalje.storage.source import Table, read_batches, schema

#: The readable constraints, and the folder of batches cut from the training data.
READABLE, BATCHES = "constraints.toml", "batches"


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """What a batch is held against.

    Attributes:
        profile: of the good data.
        grids: the cells that it freezes.
        constraints: what a good batch looks like.
        roles: what its columns are.
        batches: good batches cut from the same data by time; empty without a time column.
    """

    profile: Profile
    grids: Grids
    constraints: Constraints
    roles: Roles
    batches: tuple[PastBatch, ...] = ()


def write_baseline(
    table: Table,
    out: Path,
    roles: Roles,
    settings: Mapping[str, Any] | None = None,
    *,
    period: parts.Period | None = None,
    readable: bool = True,
    progress: Told | None = None,
) -> Baseline:
    """Make a baseline of a table of good data, and write it into a folder.

    ``profile.json`` and ``statistics.json`` describe its columns; ``constraints.toml`` says what a good
    batch looks like and may be edited, ``constraints.json`` says the same in Model Monitor's form;
    ``batches/`` has the table cut by time into pieces like batches, from which a monitor learns how much
    good batches differ before there are any. Written over an earlier baseline, it keeps what a person
    has changed in ``constraints.toml``.

    Args:
        table: the good data, as a rule what a model was trained on.
        out: a folder, made if need be.
        roles: what its columns are.
        settings: on top of what the data suggests, see ``Constraints.edited``.
        period: how long a batch is; None: the roles' season says, or the data's length.
        readable: write ``constraints.toml``; without it ``constraints.json`` is what counts.
        progress: told how many parts of the table are read, and how many there are.

    Raises:
        BadInput: the table cannot be read, has no rows or lacks a column.
        NotFound: a role or a setting names something that there is not.
    """
    names = schema(table).names
    roles = roles.checked(names)
    monitored = roles.monitored(names)
    described = [*monitored, *(name for name in roles.others if name in names)]
    profile = profile_table(table, described, roles.categorical, progress=progress)
    if profile.rows == 0:
        raise BadInput(
            "The table has no rows: a baseline is made of good data.", do="Give it the training table."
        )
    features = Profile(
        profile.rows,
        {name: column for name, column in profile.columns.items() if name in monitored},
        profile.refused,
    )
    keys = [name for name in roles.keys if name in names]
    duplicated = 0
    if keys and len(keys) == len(roles.keys):
        duplicated = count_keys(lambda: read_batches(table, keys), keys, profile.rows).duplicated
    suggested = suggest(
        features,
        other_columns=[name for name in names if name not in monitored],
        duplicates=duplicated / profile.rows,
    ).edited(settings or {})
    grids = freeze(features)
    batches = parts.cut(table, grids, roles, period)
    out.mkdir(parents=True, exist_ok=True)
    constraints = _constraints(out, suggested) if readable else suggested
    write_profile(profile, out)
    (out / STATISTICS).write_bytes(sagemaker_statistics.write(of_profile(profile)))
    (out / CONSTRAINTS).write_bytes(sagemaker_constraints.write(ConstraintsFile(constraints)))
    roles.write(out)
    for old in (out / BATCHES).glob(f"*{ENDING}"):
        old.unlink()
    for batch in batches:
        history.write(out / BATCHES, batch)
    return Baseline(features, grids, constraints, roles, batches)


def read_baseline(folder: Path, features: tuple[str, ...] | None = None) -> Baseline:
    """The baseline in a folder: ours, or as far as Model Monitor's two files go.

    Args:
        folder: from ``write_baseline``, or with ``statistics.json`` (and ``constraints.json``).
        features: monitor only these; None: what the baseline says.

    Raises:
        BadInput: there is no baseline, or it cannot be read.
    """
    roles = Roles.read(folder)
    if features is not None:
        roles = roles.model_copy(update={"features": features})
    whole = _read_profile(folder)
    monitored = roles.monitored(list(whole.columns))
    profile = Profile(
        whole.rows,
        {name: column for name, column in whole.columns.items() if name in monitored},
        whole.refused,
    )
    return Baseline(
        profile,
        freeze(profile),
        _read_constraints(folder, whole, monitored),
        roles,
        history.read(folder / BATCHES),
    )


def _constraints(out: Path, suggested: Constraints) -> Constraints:
    """Write the readable constraints; what a person changed in an earlier file stays."""
    file = out / READABLE
    previous = None
    if file.is_file() and (out / PROFILE).is_file():
        earlier = _read_profile(out)
        previous = suggest(earlier)
    constraints_file.write(file, suggested, previous)
    return constraints_file.read(file, suggested)


def _read_profile(folder: Path) -> Profile:
    for name in (PROFILE, STATISTICS):
        file = folder / name
        if not file.is_file():
            continue
        if name == STATISTICS:
            return to_profile(sagemaker_statistics.read(file.read_bytes(), str(file)))
        try:
            document = json.loads(file.read_bytes())
        except (ValueError, RecursionError) as error:
            raise BadInput(f"{file} is not JSON: {error}.", do="Make the baseline again.") from error
        if not isinstance(document, dict):
            raise BadInput(f"{file} is not a profile.", do="Make the baseline again.")
        return from_dict(document)
    raise BadInput(
        f"{folder} is no data quality baseline: it has neither {PROFILE} nor {STATISTICS}.",
        do="Make one with `spalje monitor baseline TABLE --out DIR` or a Baseline step, or copy Model "
        "Monitor's statistics.json and constraints.json there.",
    )


def _read_constraints(folder: Path, training: Profile, monitored: tuple[str, ...]) -> Constraints:
    """The constraints of what is monitored; what the files do not say, as training suggests."""
    said = suggest(training)
    file = folder / CONSTRAINTS
    if file.is_file():
        said = sagemaker_constraints.read(file.read_bytes(), str(file)).constraints.completed(said)
    if (folder / READABLE).is_file():
        said = constraints_file.read(folder / READABLE, said)
    columns = {name: said.columns[name] for name in monitored if name in said.columns}
    others = [*said.other_columns, *(name for name in said.columns if name not in columns)]
    return said.model_copy(update={"columns": columns, "other_columns": tuple(others)})


def data_quality_baseline(
    table: Table,
    out: Path | str,
    *,
    keys: Sequence[str] = (),
    time: str | None = None,
    group: str | None = None,
    season: Literal["none", "weekday", "month"] = "none",
    categorical: Sequence[str] = (),
    ignore: Sequence[str] = (),
    period: parts.Period | None = None,
    **settings: Any,
) -> Baseline:
    """Make a data quality baseline of a table of good data; see ``write_baseline``.

    Args:
        table: a path (file, folder or pattern; Parquet, CSV or Arrow), or any table with the Arrow C
            stream interface: pandas, Polars, PyArrow, DuckDB.
        out: a folder, made if need be.
        keys: the columns that together name a row.
        time: the column with the date or time a row is about; with it the table is cut into pieces
            like batches, so that thresholds are calibrated from the first batch on.
        group: the column whose rows are not independent of each other (a store).
        season: what makes batches comparable.
        categorical: columns to be taken as categories even if they hold numbers.
        ignore: columns that are not monitored.
        period: how long a batch is: day, week or month. None: as the season and the data suggest.
        **settings: see ``Constraints.edited``.

    Raises:
        BadInput: the table cannot be read or has no rows.
        NotFound: a column or a setting that there is not.

    Example:
        >>> import tempfile, pyarrow as pa
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     baseline = data_quality_baseline(pa.table({"id": [1, 2], "price": [2.5, 3.5]}), folder, keys=["id"])
        >>> list(baseline.profile.columns), baseline.constraints.columns["price"].completeness
        (['price'], 1.0)
    """
    roles = Roles(
        keys=tuple(keys),
        time=time,
        group=group,
        season=season,
        categorical=tuple(categorical),
        others=tuple(ignore),
    )
    return write_baseline(table, Path(out), roles, settings, period=period)
