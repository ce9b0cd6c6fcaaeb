"""What a monitor concluded about a batch, and the things it found."""

from collections.abc import Mapping
from enum import StrEnum
from math import isfinite
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Outcome(StrEnum):
    """From best to worst; ``insufficient`` means that nothing could be concluded, which is not ``ok``."""

    OK = "ok"
    WARNING = "warning"
    ALARM = "alarm"
    INSUFFICIENT = "insufficient"


class Violation(BaseModel):
    """One thing a monitor found.

    Attributes:
        check: the rule's name, as in ``constraint_violations.json`` where SageMaker has one.
        column: the column it is about, or None when it is about the whole table.
        description: one sentence in plain words: what, by how much, from what to what.
        breach: True when it is a fault of the delivery (schema, volume, nulls, unseen values,
            values far outside): such a batch is blocked. Drift alone is never a breach.
        value: the figure measured, in the check's own unit, or None.
        threshold: what it was held against, in the same unit, or None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    check: str
    column: str | None = None
    description: str
    breach: bool = False
    value: float | None = None
    threshold: float | None = None


class Verdict(BaseModel):
    """What one monitor concluded about one batch.

    Attributes:
        monitor: ``data_quality``, ``attribution_drift`` or ``model_quality``.
        outcome: the conclusion.
        summary: one sentence a person reads first.
        violations: what was found, worst first.
        figures: numbers behind it (strict JSON: finite floats, ints, strings, lists, maps).

    Example:
        >>> Verdict(monitor="data_quality", outcome=Outcome.OK, summary="Nothing found.").blocks
        False
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    monitor: str
    outcome: Outcome
    summary: str
    violations: tuple[Violation, ...] = ()
    figures: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def blocks(self) -> bool:
        """Whether the batch must not be published: some violation is a breach."""
        return any(violation.breach for violation in self.violations)


def finite(figures: Mapping[str, Any]) -> dict[str, Any]:
    """Those figures that strict JSON has a word for.

    Example:
        >>> finite({"rmse": 0.7, "auc": float("nan"), "p": None, "periods": []})
        {'rmse': 0.7, 'periods': []}
    """
    return {
        name: value
        for name, value in figures.items()
        if value is not None and not (isinstance(value, float) and not isfinite(value))
    }
