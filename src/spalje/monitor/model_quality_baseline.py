"""How good a model was when it was built: what the predictions of later batches are held against."""

from collections.abc import Mapping
from datetime import date
from typing import Literal, Self, TypeAlias

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from spalje.monitor.measurement import Measurement, ProblemType, ScoreName
from spalje.monitor.metric_constraint import MetricConstraint, suggest
from spalje.quality.period import Days, periods
from spalje.quality.tally import Tally

Season: TypeAlias = Literal["weekday", "month", "none"]
#: Sums of loss, weight, error and size, see ``spalje.quality.tally``.
Sums: TypeAlias = tuple[float, float, float, float]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DayTally(_Frozen):
    """The tally of a day's rows."""

    day: date
    sums: Sums


class ModelQualityBaseline(_Frozen):
    """How good the model was when it was built.

    Attributes:
        format: of this value, as JSON.
        type: of the problem.
        score: the proper score that is watched.
        season: what makes batches comparable.
        rows: rows it was measured on.
        metrics: every figure by its name; null where one is not defined.
        constraints: Model Monitor's bounds.
        days: the tally of each day; empty without a time column. Any stretch of them adds up to what
            a batch of that length scored.
        clusters: tallies of clusters of rows, for the bootstrap.
        clustered_by: the column that makes the clusters, or ``rows``.
        classes: what the classes are called, in the order of their numbers; empty for a regression.
        threshold: from which probability on yes is predicted.
    """

    format: Literal[1] = 1
    type: ProblemType
    score: ScoreName
    season: Season
    rows: int = Field(ge=1)
    metrics: Mapping[str, float | None]
    constraints: tuple[MetricConstraint, ...]
    days: tuple[DayTally, ...]
    clusters: tuple[Sums, ...] = Field(min_length=1)
    clustered_by: str
    classes: tuple[str, ...] = ()
    threshold: float = 0.5

    @classmethod
    def of(
        cls,
        measured: Measurement,
        *,
        season: Season = "none",
        margin: float = 0.15,
        classes: tuple[str, ...] = (),
        threshold: float = 0.5,
    ) -> Self:
        """The baseline that a measurement makes.

        Args:
            measured: on predictions that the model was not trained on.
            season: what makes batches comparable.
            margin: of the suggested constraints, see ``spalje.monitor.metric_constraint.suggest``.
            classes: what the classes are called.
            threshold: from which probability on yes is predicted.

        Example:
            >>> from spalje.monitor.measurement import Judged, measure
            >>> rows = Judged("regression", np.array([1.0, 3.0]), np.array([1.5, 2.0]), days=np.array([17_000, 17_001]))
            >>> found = ModelQualityBaseline.of(measure(rows, "rmse", np.random.default_rng(7)))
            >>> found.days[0].day.isoformat(), found.days[0].sums
            ('2016-07-18', (0.25, 1.0, 0.5, 1.0))
        """
        days = measured.days.astype("datetime64[D]").tolist()
        return cls(
            type=measured.type,
            score=measured.score,
            season=season,
            rows=measured.rows,
            metrics={name: value if np.isfinite(value) else None for name, value in measured.metrics.items()},
            constraints=suggest(measured.metrics, margin),
            days=tuple(
                DayTally(day=day, sums=tuple(sums))
                for day, sums in zip(days, measured.by_day.tolist(), strict=True)
            ),
            clusters=tuple(tuple(sums) for sums in measured.by_cluster.tolist()),
            clustered_by=measured.clustered_by,
            classes=classes,
            threshold=threshold,
        )

    def stretches(self, batch: Days) -> tuple[tuple[date, ...], Tally]:
        """The first day and the tally of each stretch of the baseline that is as long as a batch.

        Where the season is the weekday they begin on the batch's weekday.

        Args:
            batch: the batch's different days, rising; empty: there are no stretches.
        """
        if not self.days or len(batch) == 0:
            return (), np.empty((0, 4))
        history = np.array([tally.day for tally in self.days], "datetime64[D]").astype(np.int64)
        places = periods(history, batch, weekday=self.season == "weekday")
        sums = np.array([tally.sums for tally in self.days])
        first = tuple(self.days[int(stretch[0])].day for stretch in places)
        return first, np.array([sums[stretch].sum(axis=0) for stretch in places]).reshape(-1, 4)
