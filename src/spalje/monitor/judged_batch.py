"""Batches whose truth is known: what later batches of the same model version are held against."""

from collections.abc import Sequence
from datetime import date
from typing import Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from spalje.monitor.measurement import Measurement, ScoreName
from spalje.monitor.model_quality_baseline import ModelQualityBaseline, Season, Sums
from spalje.monitor.verdict import Outcome
from spalje.quality.period import FULL, Days
from spalje.quality.tally import Tally

#: With a season of months only stretches of the batch's month count, once they span so many days.
TWO_YEARS = 730


class JudgedBatch(BaseModel):
    """What the truth said about a batch, in so far as later batches need it.

    Attributes:
        score: the proper score it was judged by.
        sums: its tally.
        first, last: the first and the last day it is about; None without a time column.
        days: how many different days its rows are about.
        version: the model version that predicted it; None when it is not known.
        outcome: the verdict.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    score: ScoreName
    sums: Sums
    first: date | None = None
    last: date | None = None
    days: int = Field(default=0, ge=0)
    version: int | None = None
    outcome: Outcome | None = None

    @classmethod
    def of(cls, measured: Measurement) -> Self:
        """What a batch's measurement leaves for later batches.

        Example:
            >>> from spalje.monitor.measurement import Judged, measure
            >>> rows = Judged("regression", np.array([1.0, 3.0]), np.array([1.5, 2.0]), days=np.array([17_000, 17_001]))
            >>> left = JudgedBatch.of(measure(rows, "rmse", np.random.default_rng(7)))
            >>> left.first.isoformat(), left.days, left.sums
            ('2016-07-18', 2, (1.25, 2.0, -0.5, 4.0))
        """
        ends = measured.days[[0, -1]].astype("datetime64[D]").tolist() if len(measured.days) else (None, None)
        loss, weight, error, size = measured.total.tolist()
        return cls(
            score=measured.score,
            sums=(loss, weight, error, size),
            first=ends[0],
            last=ends[1],
            days=len(measured.days),
        )


def good_periods(
    baseline: ModelQualityBaseline, earlier: Sequence[JudgedBatch], batch: Days
) -> tuple[tuple[date | None, ...], Tally, bool]:
    """Good stretches as long as a batch, of its season: those of the baseline, and earlier batches.

    An earlier batch counts when it is as long, was judged by the same score, and was no alarm. The caller
    gives only those that the same model version predicted.

    Args:
        baseline: of the version that predicted the batch.
        earlier: batches that were judged before, the oldest first.
        batch: the batch's different days, rising; empty without a time column.

    Returns:
        The first day of each, their tallies of shape (stretches, 4), and whether all are of the
        batch's season.
    """
    first, sums = baseline.stretches(batch)
    days: list[date | None] = list(first)
    tallies = list(sums)
    for past in earlier:
        good = past.outcome in (Outcome.OK, Outcome.WARNING) and past.score == baseline.score
        if good and _alike(past, batch, baseline.season):
            days.append(past.first)
            tallies.append(np.array(past.sums))
    kept = list(range(len(days)))
    seasonal = baseline.season == "weekday" and len(batch) > 0 and _length(batch) < 7
    if baseline.season == "month" and len(batch):
        kept, seasonal = _of_month(days, batch)
    return (
        tuple(days[place] for place in kept),
        np.array([tallies[place] for place in kept]).reshape(-1, 4),
        seasonal,
    )


def _length(batch: Days) -> int:
    return int(batch[-1] - batch[0]) + 1


def _alike(past: JudgedBatch, batch: Days, season: Season) -> bool:
    """Whether an earlier batch is about as many days, and begins on the same weekday where that is the season."""
    if past.first is None or past.last is None or len(batch) == 0:
        return past.first is None and len(batch) == 0
    first = int(np.datetime64(past.first, "D").astype(np.int64))
    if (past.last - past.first).days + 1 != _length(batch) or past.days < FULL * len(batch):
        return False
    return season != "weekday" or (first - int(batch[0])) % 7 == 0


def _of_month(days: Sequence[date | None], batch: Days) -> tuple[list[int], bool]:
    """The places of the stretches of the batch's month, where the whole spans two years; else all."""
    known = [day for day in days if day is not None]
    month = batch[0].astype("datetime64[D]").astype(date).month
    if not known or (max(known) - min(known)).days < TWO_YEARS:
        return list(range(len(days))), False
    return [place for place, day in enumerate(days) if day is not None and day.month == month], True
