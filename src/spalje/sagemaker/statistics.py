"""Model Monitor's ``statistics.json``: what a table looks like, in its words."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, get_args

from spalje.errors import BadInput
from spalje.profile.column import InferredType
from spalje.sagemaker import numerical
from spalje.sagemaker.filled import Filled, document
from spalje.sagemaker.numerical import NumericalStatistics
from spalje.sagemaker.record import OURS, Record

#: Our counts of what Model Monitor has no place for.
ODD = ("nan", "positive_infinity", "negative_infinity")
#: A document that was not read from a file.
_NOWHERE = Record("statistics.json")


@dataclass(frozen=True, slots=True)
class StringStatistics:
    """Of the values of a column of strings: how many are different, and (value, rows) of some or all."""

    distinct: float | None = None
    buckets: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class FeatureStatistics:
    """One column.

    Attributes:
        present: rows with a value; in our own files, and nobody else's, a finite one.
        missing: the other rows.
        numerical: for Integral and Fractional.
        string: for String.
        ours: rows with NaN and infinity (see ``ODD``) among the missing; in our own files only.
        source: the object it was read from.
    """

    name: str
    inferred_type: InferredType
    present: int = 0
    missing: int = 0
    numerical: NumericalStatistics | None = None
    string: StringStatistics | None = None
    ours: dict[str, int] = field(default_factory=dict)
    source: Record = _NOWHERE


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """The file; ``items`` is the number of rows, ``source`` the object it was read from."""

    items: int
    features: tuple[FeatureStatistics, ...]
    source: Record = _NOWHERE


def read(data: bytes, name: str = "statistics.json") -> Statistics:
    """The statistics that a file holds, in any spelling that the service has used.

    Raises:
        BadInput: it is not JSON, lacks what cannot be left out, or a sketch does not add up.

    Example:
        >>> read(b'{"version": 0.0, "dataset": {"item_count": 3}, "features": []}').items
        3
    """
    record = Record.parse(data, name)
    if not record.has("features"):
        raise BadInput(
            f"{name} is not about data quality: it has no features; it has {record.names}.",
            do="Give the statistics.json of a data quality baseline, not of another monitor's.",
        )
    items = (
        record.record("dataset").count("item_count") if record.record("dataset").has("item_count") else None
    )
    features = tuple(_feature(part, items) for part in record.records("features"))
    names = Counter(feature.name for feature in features)
    twice = next((name for name, times in names.items() if times > 1), None)
    if twice is not None:
        raise BadInput(f"{name} has the feature {twice!r} twice.", do="Correct the file.")
    most = max((feature.present + feature.missing for feature in features), default=0)
    return Statistics(most if items is None else items, features, record)


def write(statistics: Statistics) -> bytes:
    """The file's bytes; whatever was in the one it was read from and is not understood stays."""
    source = statistics.source
    return document(
        {
            "dataset": Filled(
                {"item_count": statistics.items}, source.record("dataset").rest({"item_count"})
            ),
            "features": [_written(feature) for feature in statistics.features],
        },
        source,
    )


def inferred_type(record: Record, guess: InferredType = "Unknown") -> InferredType:
    """What a feature holds, by its entry in a file.

    Args:
        record: the entry.
        guess: what it is taken to hold where the entry does not say.

    Raises:
        BadInput: it says something that there is not.
    """
    said = record.text("inferred_type")
    if said is None:
        return guess
    known: InferredType
    for known in get_args(InferredType):
        if said.lower() == known.lower():
            return known
    raise BadInput(
        f"{record.where}: inferred_type is {said!r}; it can be {', '.join(get_args(InferredType))}.",
        do="Correct the file.",
    )


def _feature(record: Record, items: int | None) -> FeatureStatistics:
    name = record.text("name")
    if name is None:
        raise BadInput(f"{record.where} has no name.", do="Correct the file.")
    numbers, strings = record.record("numerical_statistics"), record.record("string_statistics")
    ours = record.record(OURS)
    numeric = numerical.read(numbers) if numbers.members else None
    text = _string(strings) if strings.members else None
    guess: InferredType = "Fractional" if numeric else "String" if text else "Unknown"
    common = (numbers if numeric else strings).record("common")
    found = numeric.weight if numeric else sum(rows for _, rows in text.buckets) if text else None
    present = _present(common, items, found)
    if numeric and numeric.levels is not None and numeric.weight != present:
        raise BadInput(
            f"{numbers.where}: the items of its sketch stand for {numeric.weight or 0:,} numbers, but "
            f"num_present is {present:,}.",
            do="The file is damaged or was edited: fetch it again, or make the baseline again.",
        )
    return FeatureStatistics(
        name,
        inferred_type(record, guess),
        present,
        common.count("num_missing", 0 if items is None else max(0, items - present)),
        numeric,
        text,
        ours={key: ours.count(key) for key in ODD if ours.has(key)},
        source=record,
    )


def _present(common: Record, items: int | None, found: int | None) -> int:
    """Rows with a value: as the file says, else what its distribution adds up to, else all not missing."""
    if common.has("num_present"):
        return common.count("num_present")
    if found:
        return found
    return max(0, items - common.count("num_missing")) if items and common.has("num_missing") else 0


def _string(record: Record) -> StringStatistics:
    buckets = record.record("distribution").record("categorical").records("buckets")
    return StringStatistics(
        record.number("distinct_count"),
        tuple((part.scalar("value") or "", part.count("count")) for part in buckets),
    )


def _written(feature: FeatureStatistics) -> Filled:
    source = feature.source
    fields: dict[str, Any] = {"name": feature.name, "inferred_type": feature.inferred_type}
    if feature.numerical is not None:
        numbers = source.record("numerical_statistics")
        fields["numerical_statistics"] = numerical.written(
            feature.numerical, _common(feature, numbers), numbers
        )
    if feature.string is not None:
        fields["string_statistics"] = _written_string(feature, feature.string)
    if feature.ours:
        fields[OURS] = Filled(feature.ours, source.record(OURS).rest(feature.ours))
    return Filled(fields, source.rest(fields))


def _common(feature: FeatureStatistics, source: Record) -> Filled:
    fields = {"num_present": feature.present, "num_missing": feature.missing}
    return Filled(fields, source.record("common").rest(fields))


def _written_string(feature: FeatureStatistics, strings: StringStatistics) -> Filled:
    source = feature.source.record("string_statistics")
    distribution = source.record("distribution")
    categorical = distribution.record("categorical")
    fields: dict[str, Any] = {"common": _common(feature, source)}
    if strings.distinct is not None:
        fields["distinct_count"] = strings.distinct
    same = categorical.has("buckets") and _string(source).buckets == strings.buckets
    buckets: Any = [{"value": value, "count": rows} for value, rows in strings.buckets]
    filled = Filled(
        {"buckets": categorical.raw("buckets") if same else buckets}, categorical.rest({"buckets"})
    )
    fields["distribution"] = Filled({"categorical": filled}, distribution.rest({"categorical"}))
    return Filled(fields, source.rest(fields))
