"""Model Monitor's ``constraints.json``: what a good batch looks like, in its words.

What Model Monitor has no word for stands under the key ``spalje``, at the top and in each feature.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from spalje.errors import BadInput
from spalje.monitor.constraints import ColumnConstraints, Constraints, Limits, Monitoring, checked
from spalje.profile.column import InferredType
from spalje.sagemaker.filled import Filled, document
from spalje.sagemaker.record import OURS, Record
from spalje.sagemaker.statistics import inferred_type

#: Where a feature's own thresholds stand: documented, and as the SDK writes it (sagemaker-python-sdk#2745).
OVERRIDES = ("monitoringConfigOverrides", "monitoring_config_overrides")

_SWITCHES = {"evaluate_constraints": "evaluate", "emit_metrics": "emit_metrics"}
_NUMBERS = {"datatype_check_threshold": "datatype_threshold", "domain_content_threshold": "domain_threshold"}
_DISTANCES = {
    "comparison_threshold": "comparison_threshold",
    "categorical_comparison_threshold": "categorical_threshold",
}
#: ``comparion_method`` is the misspelling of an older page, which survives in files.
_METHODS = ("comparison_method", "comparion_method")
_METHOD = {"simple": "Simple", "robust": "Robust", "linf_simple": "Simple", "linf_robust": "Robust"}
_DRIFT = {"linfinity": "LInfinity", "chisquared": "ChiSquared"}
_DISTRIBUTION = frozenset({"perform_comparison", "categorical_drift_method", *_DISTANCES, *_METHODS})


@dataclass(frozen=True, slots=True)
class ConstraintsFile:
    """The file.

    Attributes:
        constraints: what it says; what it does not say has not been set (``model_fields_set``).
        source: the object it was read from, for what is not understood.
    """

    constraints: Constraints
    source: Record = Record("constraints.json")  # noqa: RUF009  a frozen value


def read(data: bytes, name: str = "constraints.json") -> ConstraintsFile:
    """The constraints that a file holds, in any spelling that the service has used.

    A threshold that is "NaN" is taken as not there; so is one for strings that is the one for numbers.
    Where the file has no limits of ours, ``is_non_negative`` is one: numbers below 0 are not allowed.

    Raises:
        BadInput: it is not JSON, or a value is not allowed; says which.

    Example:
        >>> file = read(b'{"features": [{"name": "units", "inferred_type": "Integral"}]}')
        >>> file.constraints.columns["units"].completeness, file.constraints.monitoring.comparison_threshold
        (1.0, 0.1)
    """
    record = Record.parse(data, name)
    if not record.has("features"):
        raise BadInput(
            f"{name} is not about data quality: it has no features; it has {record.names}.",
            do="Give the constraints.json of a data quality baseline, not of another monitor's.",
        )
    monitoring = _monitoring(record.record("monitoring_config"))
    limit = monitoring.get("comparison_threshold", Monitoring().comparison_threshold)
    if monitoring.get("categorical_threshold") == limit:
        del monitoring["categorical_threshold"]
    columns: dict[str, ColumnConstraints] = {}
    for feature in record.records("features"):
        column = feature.text("name")
        if column is None or column in columns:
            problem = "has no name" if column is None else f"is the second named {column!r}"
            raise BadInput(f"{feature.where} {problem}.", do="Correct the file.")
        columns[column] = _column(feature, monitoring)
    values = {
        **_ours(record, {"rows", "min_rows", "duplicates", "other_columns"}),
        "columns": columns,
        "monitoring": monitoring,
    }
    return ConstraintsFile(checked(Constraints, values, name), record)


def write(file: ConstraintsFile) -> bytes:
    """The file's bytes, every threshold written out; what was not understood of its source stays."""
    constraints, source = file.constraints, file.source
    features = {record.text("name"): record for record in source.records("features")}
    monitoring = _fields(constraints.monitoring)
    return document(
        {
            "features": [
                _written_column(name, column, features.get(name, Record(name)), monitoring)
                for name, column in constraints.columns.items()
            ],
            "monitoring_config": _written_monitoring(
                _explicit(monitoring), [source.record("monitoring_config")]
            ),
            OURS: {
                key: value
                for key, value in constraints.model_dump(mode="json").items()
                if key not in ("columns", "monitoring")
            },
        },
        source,
    )


def _column(record: Record, everywhere: Mapping[str, Any]) -> ColumnConstraints:
    numbers, strings = record.record("num_constraints"), record.record("string_constraints")
    guess: InferredType = "Fractional" if numbers.members else "String" if strings.members else "Unknown"
    values: dict[str, Any] = {"inferred_type": inferred_type(record, guess)}
    completeness = record.number("completeness")
    if completeness is not None:
        values["completeness"] = completeness
    limits: dict[str, Any] = {}
    if numbers.has("is_non_negative"):
        values["is_non_negative"] = _switch(numbers, "is_non_negative")
        limits["negative"] = 0.0 if values["is_non_negative"] else None
    if strings.has("domains"):
        values["domains"] = strings.texts("domains")
    monitoring: dict[str, Any] = {}
    for place in _overrides(record):
        monitoring |= _monitoring(place)
    if everywhere.get("categorical_threshold") is None and monitoring.get(
        "comparison_threshold"
    ) == monitoring.get("categorical_threshold"):
        monitoring.pop("categorical_threshold", None)
    if monitoring:
        values["monitoring"] = monitoring
    limits |= _ours(record, Limits.model_fields)
    if limits:
        values["limits"] = limits
    return checked(ColumnConstraints, values, record.where)


def _overrides(record: Record) -> list[Record]:
    """A feature's own thresholds, in both spellings, at both levels; a later one wins."""
    levels = record.record("num_constraints"), record.record("string_constraints"), record
    return [level.record(key) for level in levels for key in OVERRIDES if level.has(key)]


def _monitoring(record: Record) -> dict[str, Any]:
    """What a monitoring_config, or a feature's part of one, sets; by our names."""
    found: dict[str, Any] = {}
    for key, name in _SWITCHES.items():
        if record.has(key):
            found[name] = _switch(record, key)
    found |= _numbers(record, _NUMBERS)
    # in a feature's overrides people write these a level too high
    return found | _distribution(record) | _distribution(record.record("distribution_constraints"))


def _distribution(record: Record) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if record.has("perform_comparison"):
        found["perform_comparison"] = _switch(record, "perform_comparison")
    found |= _numbers(record, _DISTANCES)
    method, drift = record.text(*_METHODS), record.text("categorical_drift_method")
    if method is not None:
        found["comparison_method"] = _METHOD.get(method.lower(), method)
    if drift is not None:
        found["categorical_method"] = _DRIFT.get(drift.lower(), drift)
    return found


def _numbers(record: Record, names: Mapping[str, str]) -> dict[str, float]:
    values = {name: record.number(key) for key, name in names.items()}
    return {name: value for name, value in values.items() if value is not None}


def _switch(record: Record, key: str) -> bool:
    value = record.plain(key)
    word = str(value).lower()
    if word not in ("enabled", "disabled", "true", "false"):
        raise BadInput(
            f"{record.where}: {key} is {value!r}; it can be Enabled or Disabled.", do="Correct the file."
        )
    return word in ("enabled", "true")


def _ours(record: Record, known: Any) -> dict[str, Any]:
    """Our own keys; one that there is not is an error, since a person may have misspelled it."""
    ours = record.record(OURS)
    found = {member.key: ours.plain(member.key) for member in ours.members}
    for key in found:
        if key not in known:
            raise BadInput(
                f"{ours.where} has no {key!r}; it can have {', '.join(sorted(known))}.",
                do="Correct the name.",
            )
    return found


def _fields(model: BaseModel) -> dict[str, Any]:
    return {name: getattr(model, name) for name in type(model).model_fields}


def _written_column(
    name: str, column: ColumnConstraints, source: Record, everywhere: Mapping[str, Any]
) -> Filled:
    fields: dict[str, Any] = {
        "name": name,
        "inferred_type": column.inferred_type,
        "completeness": column.completeness,
    }
    numbers, strings = source.record("num_constraints"), source.record("string_constraints")
    if column.is_non_negative is not None:
        kept = numbers.rest({"is_non_negative", *OVERRIDES})
        fields["num_constraints"] = Filled({"is_non_negative": column.is_non_negative}, kept)
    if column.domains is not None:
        kept = strings.rest({"domains", *OVERRIDES})
        fields["string_constraints"] = Filled({"domains": list(column.domains)}, kept)
    own = dict(column.monitoring)
    if "comparison_threshold" in own and everywhere["categorical_threshold"] is None:
        own = _explicit(own)
    overrides = _overrides(source)
    if own or any(place.members for place in overrides):
        fields[OVERRIDES[0]] = _written_monitoring(own, overrides)
    fields[OURS] = Filled(_fields(column.limits), source.record(OURS).rest(Limits.model_fields))
    return Filled(fields, source.rest({*fields, *OVERRIDES}))


def _explicit(monitoring: Mapping[str, Any]) -> dict[str, Any]:
    """With the threshold for strings, which is the one for numbers where there is none, written out."""
    own = monitoring.get("categorical_threshold")
    return {
        **monitoring,
        "categorical_threshold": monitoring["comparison_threshold"] if own is None else own,
    }


def _written_monitoring(values: Mapping[str, Any], sources: Sequence[Record]) -> Filled:
    """A monitoring_config of those of our values that are there, and what its sources had besides."""
    words = {True: "Enabled", False: "Disabled"}
    fields: dict[str, Any] = {key: words[values[name]] for key, name in _SWITCHES.items() if name in values}
    fields |= {key: values[name] for key, name in _NUMBERS.items() if name in values}
    distribution: dict[str, Any] = {}
    if "perform_comparison" in values:
        distribution["perform_comparison"] = words[values["perform_comparison"]]
    distribution |= {key: values[name] for key, name in _DISTANCES.items() if values.get(name) is not None}
    for key, name in (
        ("comparison_method", "comparison_method"),
        ("categorical_drift_method", "categorical_method"),
    ):
        if name in values:
            distribution[key] = values[name]
    inner = [pair for part in sources for pair in part.record("distribution_constraints").rest(_DISTRIBUTION)]
    if distribution or inner:
        fields["distribution_constraints"] = Filled(distribution, inner)
    known = {*_SWITCHES, *_NUMBERS, *_DISTRIBUTION, "distribution_constraints"}
    return Filled(fields, [pair for part in sources for pair in part.rest(known)])
