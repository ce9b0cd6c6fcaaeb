"""One column of a report, with everything that is known of it, and how much it matters."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from spalje.monitor.verdict import Violation
from spalje.profile.column import Column
from spalje.report.figures import ColumnDrift, Figures
from spalje.report.report import Report


@dataclass(frozen=True, eq=False)
class Subject:
    """A column.

    Attributes:
        name: the column's.
        then: in the baseline; None where it does not have it.
        now: in the batch.
        figures: numbers about it, by name.
        drift: how far it is from the batches it is held against; None where that is not known.
        findings: what was found in it, worst first.
        attribution: its share of all attributions, 0 to 1; None where not known.
    """

    name: str
    then: Column | None
    now: Column | None
    figures: Mapping[str, Any]
    drift: ColumnDrift | None
    findings: tuple[Violation, ...]
    attribution: float | None

    @cached_property
    def blocks(self) -> bool:
        """Whether it is a reason for the batch not to be published."""
        return any(finding.breach for finding in self.findings)

    @cached_property
    def found(self) -> bool:
        """Whether anything was found in it."""
        return bool(self.findings) or (self.drift is not None and self.drift.found)

    @cached_property
    def distance(self) -> float | None:
        """From the baseline or the batches it is held against, 0 to 1."""
        if self.drift is not None:
            return self.drift.distance
        known = self.figures.get("distance")
        return None if known is None else float(known)

    @cached_property
    def strength(self) -> float:
        """How strongly it has drifted: z, or the distance by its threshold, or the bare distance."""
        if self.drift is not None and self.drift.z is not None:
            return max(0.0, self.drift.z)
        if self.distance is None:
            return 0.0
        threshold = self.drift.threshold if self.drift is not None else None
        return self.distance / threshold if threshold else self.distance

    @cached_property
    def importance(self) -> float:
        """Drift times attribution, or drift alone where attributions are not known."""
        return self.strength if self.attribution is None else self.strength * self.attribution

    @cached_property
    def kind(self) -> str:
        """What it holds; what it held and holds where that has changed."""
        kinds = [str(column.kind) for column in (self.then, self.now) if column is not None]
        return " → ".join(dict.fromkeys(kinds)) or "not readable"


def subjects(report: Report, figures: Figures) -> tuple[Subject, ...]:
    """The columns of a report: what blocks first, then what was found, then the others.

    Each of these by importance, then by how strongly it has drifted, then as in the table.
    """
    drift = figures.drift.columns if figures.drift else {}
    findings: dict[str, list[Violation]] = {}
    for violation in report.verdict.violations:
        if violation.column is not None:
            findings.setdefault(violation.column, []).append(violation)
    attributions = _attributions(report.attributions)
    all_ = [
        Subject(
            name,
            report.baseline.columns.get(name),
            report.batch.columns.get(name),
            figures.columns.get(name, {}),
            drift.get(name),
            tuple(findings.get(name, ())),
            None if attributions is None else attributions.get(name, 0.0),
        )
        for name in dict.fromkeys([*figures.columns, *drift, *findings])
    ]
    return tuple(
        sorted(all_, key=lambda each: (not each.blocks, not each.found, -each.importance, -each.strength))
    )


def _attributions(known: Mapping[str, float] | None) -> Mapping[str, float] | None:
    total = sum(abs(part) for part in known.values()) if known else 0.0
    return {name: abs(part) / total for name, part in known.items()} if known and total else None
