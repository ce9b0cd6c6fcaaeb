"""The figures of a data quality verdict, read into values."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spalje.errors import BadInput
from spalje.monitor.verdict import Verdict


class _Form(BaseModel):
    # a later version may know more figures than these
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class ColumnDrift(_Form):
    """How far one column is from the batches it is held against.

    Attributes:
        distance: from them, 0 to 1; None where it could not be had.
        expected: the usual distance, a median; None without a history.
        spread: how much the distance usually varies; None without a history.
        z: how many spreads the distance is above the usual one; None without a history.
        threshold: a distance above this is found; None where there is none.
        margin: a distance below this is too small to matter.
        found: whether it has drifted.
        since: the first batch of the present run of findings.
        history: the distances of past batches, see ``Drift.past``; empty where it is not listed.
    """

    distance: float | None
    expected: float | None = None
    spread: float | None = None
    z: float | None = None
    threshold: float | None
    margin: float | None
    found: bool
    since: str | None = None
    history: tuple[float, ...] = ()


class PairDrift(_Form):
    """Two columns and how they go together.

    Attributes:
        columns: the two.
        then, now: their rank correlation in the good batches and in this one, -1 to 1.
        z: how unusual that is; None without a history.
        found: whether it has drifted.
    """

    columns: tuple[str, str]
    then: float
    now: float
    z: float | None = None
    found: bool


class Slow(_Form):
    """Evidence of slow drift, added up over batches, and from where on it is an alarm."""

    value: float
    alarm_at: float


class Evidently(_Form):
    """Columns that Evidently's rules would call drifted, and whether it would call the table so."""

    columns: tuple[str, ...]
    dataset: bool


class Compared(_Form):
    """What other rules would say: PSI and the p-value of KS by column; Evidently's findings."""

    psi: Mapping[str, float | None] = Field(default_factory=dict)
    evidently: Evidently | None = None
    ks: Mapping[str, float | None] = Field(default_factory=dict)


class Drift(_Form):
    """The calibrated monitor's figures.

    Attributes:
        calibrated: whether past batches set the thresholds.
        batches: how many did.
        season: after what batches differ: none, weekday or month.
        season_key: the batch's season, such as Monday.
        alpha: share of good batches that may be found.
        p: share of good batches that are as unusual as this one; None where not known.
        critical: the z above which a column is unusual.
        slow: evidence of slow drift.
        past: names of the batches that set the thresholds, the oldest first.
        columns: name -> figures.
        pairs: the pairs that moved most.
        compared: what other rules would say.
    """

    calibrated: bool
    batches: int
    season: str = "none"
    season_key: str | None = None
    alpha: float
    p: float | None
    critical: float | None = None
    slow: Slow | None = None
    past: tuple[str, ...] = ()
    columns: Mapping[str, ColumnDrift]
    pairs: tuple[PairDrift, ...] = ()
    compared: Compared | None = None


class SageMaker(_Form):
    """What Model Monitor's six checks say: outcome, and check and column of each finding."""

    outcome: str
    violations: tuple[tuple[str, str | None], ...]


class Figures(_Form):
    """All of them.

    Attributes:
        policy: whose rules decided.
        columns: name -> figures by name, of every column that was checked.
        sagemaker: what Model Monitor would have said.
        drift: None in verdicts that were made without the calibrated monitor.
    """

    policy: str = "calibrated"
    columns: Mapping[str, Mapping[str, Any]]
    sagemaker: SageMaker
    drift: Drift | None = None

    @classmethod
    def of(cls, verdict: Verdict) -> "Figures":
        """Of a verdict.

        Raises:
            BadInput: it is another monitor's, or lacks a figure that a report needs.

        Example:
            >>> from spalje.monitor.verdict import Outcome
            >>> bare = {"columns": {}, "sagemaker": {"outcome": "ok", "violations": []}}
            >>> verdict = Verdict(monitor="data_quality", outcome=Outcome.OK, summary="", figures=bare)
            >>> Figures.of(verdict).drift is None
            True
        """
        if verdict.monitor != "data_quality":
            raise BadInput(
                f"This is a verdict of the monitor {verdict.monitor}; the report is about data_quality.",
                do="Give the verdict of a data quality check.",
            )
        try:
            return cls.model_validate(verdict.figures)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part)[:60] for part in first["loc"])
            raise BadInput(
                f"The verdict's figures are not those of a data quality check: at {place}: {first['msg']}.",
                do="Check the batch again.",
            ) from error
