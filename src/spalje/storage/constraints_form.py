"""The keys of the readable constraints file: what they are called, what they mean, what they may be."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, TypeAlias

from pydantic import BaseModel

from spalje.monitor.constraints import ColumnConstraints, Constraints, Limits, Monitoring, Rows
from spalje.storage.allowed import ANY, NotAllowed, allowed, known, nothing, table_of, value_of

#: Tables of plain values, as ``tomllib`` reads them.
Plain: TypeAlias = dict[str, Any]

#: The file's tables: of the batch as a whole, of every column, and of single columns.
BATCH, EVERY, COLUMNS = "batch", "every_column", "columns"
#: Our name of a field -> the file's.
NAMES = MappingProxyType({"inferred_type": "type", "domains": "domain"})

_NUMERIC = ("not_finite", "negative", "low", "high", "far_share")
_TEXT = ("domains", "unseen_margin", "unseen_breach")

#: What each key means; written beside it or above the columns when the file is made.
NOTES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        BATCH: {
            "rows": 'about how many rows a batch has; "any": not checked',
            "factor": "fewer than rows / factor, or more than rows * factor, block the batch",
            "min_rows": "with fewer rows, distributions are not compared",
            "duplicates": "share of rows allowed that repeat the keys of an earlier row; 0: keys are unique",
            "other_columns": "columns that may be there and are not checked",
        },
        EVERY: {
            "evaluate": "whether columns are checked at all",
            "emit_metrics": "kept for Model Monitor; no effect here",
            "perform_comparison": "whether distributions are compared, under Model Monitor's rules",
            "datatype_threshold": "share of values that must be of the column's type",
            "domain_threshold": "share of values that must be in the domain",
            "comparison_method": "Robust takes off what sampling could explain; or Simple",
            "comparison_threshold": "largest distance allowed, under Model Monitor's rules",
            "categorical_threshold": "the same for categories, a number",
            "categorical_method": "LInfinity; ChiSquared is kept, and LInfinity used",
        },
        COLUMNS: {
            "type": "Integral, Fractional, String or Unknown",
            "completeness": "share of rows that had a value in training",
            "null_margin": "how much larger the share of nulls may be before a warning",
            "null_breach": "how much larger before the batch is blocked",
            "not_finite": "share of NaN and infinity allowed",
            "negative": "share of numbers below 0 allowed",
            "low, high": "numbers beyond these are far outside training",
            "far_share": "share of numbers far outside allowed before the batch is blocked",
            "domain": "all values there may be",
            "unseen_margin": "share of values never seen in training before a warning",
            "unseen_breach": "share of them before the batch is blocked",
            "drift_margin": "share of rows that may lie otherwise than in good batches: less is a trifle",
        },
    }
)


def to_plain(constraints: Constraints) -> Plain:
    """The file's tables.

    Example:
        >>> column = ColumnConstraints(inferred_type="String", domains=("a",))
        >>> to_plain(Constraints(columns={"x": column}))["columns"]["x"]["domain"]
        ['a']
    """
    rows = constraints.rows
    batch: Plain = {"rows": None} if rows is None else {"rows": rows.expected, "factor": rows.factor}
    return {
        BATCH: _written({**batch, **{name: getattr(constraints, name) for name in _BATCH}}),
        EVERY: _written(_fields(constraints.monitoring)),
        COLUMNS: {name: _written_column(column) for name, column in constraints.columns.items()},
    }


def of_plain(plain: Plain, suggested: Constraints) -> Constraints:
    """The constraints that the file's tables say; what they leave out is as suggested.

    A column that they leave out is not checked.

    Raises:
        NotAllowed: a key or a value is not allowed.

    Example:
        >>> suggested = Constraints(columns={"x": ColumnConstraints(inferred_type="Integral")})
        >>> of_plain({"columns": {"x": {"far_share": 0.02}}}, suggested).columns["x"].limits.far_share
        0.02
    """
    known((), plain, (BATCH, EVERY, COLUMNS))
    batch, every, columns = (table_of((name,), plain.get(name, {})) for name in (BATCH, EVERY, COLUMNS))
    known((BATCH,), batch, ("rows", "factor", *_BATCH))
    known((EVERY,), every, Monitoring.model_fields)
    found = {name: _column(name, table, suggested) for name, table in columns.items()}
    for name in found:
        _no_slip(name, found, suggested)
    own = {key: _read(Constraints, key, value, (BATCH, key)) for key, value in batch.items() if key in _BATCH}
    monitoring = {key: _read(Monitoring, key, value, (EVERY, key)) for key, value in every.items()}
    return suggested.model_copy(
        update={
            **own,
            "columns": found,
            "rows": _rows(batch, suggested.rows),
            "monitoring": suggested.monitoring.model_copy(update=monitoring),
        }
    )


def _rows(batch: Plain, suggested: Rows | None) -> Rows | None:
    expected = None if suggested is None else suggested.expected
    factor = Rows(expected=1).factor if suggested is None else suggested.factor
    if "rows" in batch:
        said = batch["rows"]
        try:
            expected = None if said == ANY else _read(Rows, "expected", said, (BATCH, "rows"))
        except NotAllowed as error:
            raise NotAllowed(error.place, f'{str(error)[:-1]} or "{ANY}".') from error
    if "factor" in batch:
        factor = _read(Rows, "factor", batch["factor"], (BATCH, "factor"))
    return None if expected is None else Rows(expected=expected, factor=factor)


def _written_column(column: ColumnConstraints) -> Plain:
    kind, values = column.inferred_type, _flat(column)
    usual = _usual(kind, values["negative"])
    own = Monitoring.model_validate(dict(column.monitoring))
    shown = {key: value for key, value in values.items() if _speaks(key, kind) or value != usual[key]}
    return _written({**shown, **{key: getattr(own, key) for key in column.monitoring}})


def _column(name: str, table: Any, suggested: Constraints) -> ColumnConstraints:
    place = (COLUMNS, name)
    table = table_of(place, table)
    field = {NAMES.get(key, key): key for key in _COLUMN}
    known(place, table, (*field, *Monitoring.model_fields))
    said = {
        field[key]: _read(_COLUMN[field[key]], field[key], value, (*place, key))
        for key, value in table.items()
        if key in field
    }
    other = _flat(suggested.columns[name]) if name in suggested.columns else {}
    kind = said.get("inferred_type", other.get("inferred_type"))
    if kind is None:
        words = allowed(ColumnConstraints, "inferred_type")
        raise NotAllowed(place, f"has no type, and the baseline has no such column; it can be {words}.")
    heard = {key: value for key, value in other.items() if _speaks(key, kind)} | said
    values = _usual(kind, heard.get("negative")) | heard
    limits = {key: value for key, value in values.items() if _COLUMN[key] is Limits}
    return ColumnConstraints(
        **{key: value for key, value in values.items() if key not in limits},
        limits=Limits(**limits),
        monitoring={
            key: _read(Monitoring, key, value, (*place, key))
            for key, value in table.items()
            if key in Monitoring.model_fields
        },
    )


def _no_slip(name: str, found: Iterable[str], suggested: Constraints) -> None:
    """A name that the baseline does not have, while it has one much like it that the file lacks."""
    if name in suggested.columns:
        return
    lacking = [other for other in suggested.columns if other not in found]
    near = get_close_matches(name, lacking, n=1)
    if near:
        raise NotAllowed(
            (COLUMNS, name),
            f"is no column of the baseline. Did you mean {near[0]!r}, which is not in the file?",
        )


def _flat(column: ColumnConstraints) -> Plain:
    """Everything about a column but its overrides, in the order of the file."""
    values = {**_fields(column), **_fields(column.limits)}
    return {key: values[key] for key in _COLUMN}


def _usual(kind: str, negative: float | None) -> Plain:
    """What a key is taken to be that says nothing about a kind of column."""
    sign = None if kind not in ("Integral", "Fractional") else negative == 0.0
    usual = {
        key: model.model_fields[key].get_default(call_default_factory=True) for key, model in _COLUMN.items()
    }
    return {**usual, "inferred_type": kind, "is_non_negative": sign}


def _speaks(key: str, kind: str) -> bool:
    """Whether a key says something about a kind of column, and so is always written."""
    if key in _NUMERIC:
        return kind in ("Integral", "Fractional")
    return kind == "String" if key in _TEXT else key != "is_non_negative"


def _read(model: type[BaseModel], field: str, value: Any, place: tuple[str, ...]) -> Any:
    return value_of(model, field, value, place, _REQUIRED.get(model, {}))


def _written(values: Plain) -> Plain:
    return {
        NAMES.get(key, key): nothing(key)
        if value is None
        else (list(value) if isinstance(value, tuple) else value)
        for key, value in values.items()
    }


def _fields(model: BaseModel) -> Plain:
    return {name: getattr(model, name) for name in type(model).model_fields}


#: Fields of the batch as a whole, but ``rows``.
_BATCH = tuple(name for name in Constraints.model_fields if name not in ("columns", "monitoring", "rows"))
#: Every key of a column but its overrides, in the order of the file -> the model that it is a field of.
_COLUMN: Mapping[str, type[BaseModel]] = MappingProxyType(
    {
        "inferred_type": ColumnConstraints,
        "completeness": ColumnConstraints,
        **{key: Limits for key in Limits.model_fields if key not in _TEXT},
        **{key: ColumnConstraints for key in ColumnConstraints.model_fields if key in _TEXT},
        **{key: Limits for key in Limits.model_fields if key in _TEXT},
        **{
            key: ColumnConstraints
            for key in ColumnConstraints.model_fields
            if key not in ("limits", "monitoring")
        },
    }
)
#: What a model needs beside the field that is looked at.
_REQUIRED: Mapping[type[BaseModel], Plain] = MappingProxyType(
    {ColumnConstraints: {"inferred_type": "Unknown"}, Constraints: {"columns": {}}, Rows: {"expected": 1}}
)
