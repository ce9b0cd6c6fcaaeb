"""Model Monitor's ``constraint_violations.json``: what a monitor found, in its words."""

from dataclasses import dataclass
from pathlib import Path

from spalje.monitor.verdict import Violation
from spalje.sagemaker.filled import Filled, dumps
from spalje.sagemaker.record import OURS, Record

#: How the file is spelled by the service's code, and in one table of its documentation.
FILES = ("constraint_violations.json", "constraints_violations.json")

#: Keys of an entry's name: of data quality, model quality and attribution.
_NAMES = ("feature_name", "metric_name", "label")


@dataclass(frozen=True, slots=True)
class ViolationsFile:
    """The file; ``source`` is the object it was read from, for what is not understood."""

    violations: tuple[Violation, ...]
    source: Record = Record(FILES[0])  # noqa: RUF009  a frozen value


def find(folder: Path) -> Path | None:
    """The file in a folder, in either spelling; None when there is none."""
    return next((folder / name for name in FILES if (folder / name).is_file()), None)


def read(data: bytes, name: str = FILES[0]) -> ViolationsFile:
    """The violations that a file holds: of data quality, model quality or attribution.

    Raises:
        BadInput: it is not JSON, or not of this form.

    Example:
        >>> file = read(b'{"violations": [{"feature_name": "a", "constraint_check_type": "data_type_check"}]}')
        >>> file.violations[0].check, file.violations[0].column
        ('data_type_check', 'a')
    """
    record = Record.parse(data, name)
    return ViolationsFile(tuple(_violation(part) for part in record.records("violations")), record)


def write(file: ViolationsFile) -> bytes:
    """The file's bytes; what was not understood of its source stays with the entry it was in.

    A drift's description ends in Model Monitor's own words, which programs parse.

    Example:
        >>> drift = Violation(check="baseline_drift_check", column="a", description="a has drifted.",
        ...                   value=0.31, threshold=0.1)
        >>> read(write(ViolationsFile((drift,)))).violations[0].description
        'a has drifted. Baseline drift distance: 0.31 exceeds threshold: 0.1'
    """
    sources: dict[Violation, list[Record]] = {}
    for record in file.source.records("violations"):
        sources.setdefault(_violation(record), []).append(record)
    entries = []
    for violation in file.violations:
        there = sources.get(violation)
        entries.append(_written(violation, there.pop(0) if there else None))
    return dumps(Filled({"violations": entries}, file.source.rest({"violations"})))


def _violation(record: Record) -> Violation:
    ours = record.record(OURS)
    return Violation(
        check=record.text("constraint_check_type") or "unknown",
        column=record.text(*_NAMES) or None,
        description=record.text("description") or "",
        breach=ours.plain("breach") is True,
        value=ours.number("value"),
        threshold=ours.number("threshold"),
    )


def _written(violation: Violation, source: Record | None) -> Filled:
    words = f"distance: {violation.value} exceeds threshold: {violation.threshold}"
    description = violation.description
    if violation.check == "baseline_drift_check" and violation.value is not None and words not in description:
        description += f" Baseline drift {words}"
    key = next((key for key in _NAMES if source and source.has(key)), _NAMES[0])
    fields = {
        key: violation.column or "",
        "constraint_check_type": violation.check,
        "description": description,
        OURS: {"breach": violation.breach, "value": violation.value, "threshold": violation.threshold},
    }
    return Filled(fields, source.rest(fields) if source else ())
