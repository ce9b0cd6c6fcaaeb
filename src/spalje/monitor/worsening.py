"""Whether a batch's predictions are worse than those of the baseline, beyond what good batches differ."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spalje.quality.bootstrap import drawn
from spalje.quality.conformal import p_values
from spalje.quality.prediction_bound import LEAST, upper_bound
from spalje.quality.tally import Tally, bias, score

#: Draws of the bootstrap; they settle a 5 % quantile to within 0.7 points.
DRAWS = 1000
#: The least unit in which score (as a share of the baseline's) and bias are compared with their
#: usual variation: a tenth of a percent.
TRIFLE = 0.001


@dataclass(frozen=True, slots=True)
class Evidence:
    """One figure of a batch beside the baseline.

    Attributes:
        name: the score's name, or ``bias``.
        now: its value in the batch.
        then: its value in the baseline, or in the periods of its season.
        worse_by: how much worse: of a score the share by which it grew, of the bias by how much it
            is further from 0; negative: better.
        low: the end of the bootstrap interval of ``worse_by``: with the stated confidence it is at
            least this.
        high: with the same confidence it is at most this.
        p: share of periods, this batch included, that are as bad; None when there are too few
            periods for the false-alarm rate asked for.
        rank: of how many periods it is worse.
        periods: how many there are.
        sure: whether it is worse beyond what good batches differ.
        likely: whether it is about to be: worse than nearly every period, and not by sampling alone.
        usual: whether ``then`` is that of the periods of its season.
    """

    name: str
    now: float
    then: float
    worse_by: float
    low: float
    high: float
    p: float | None
    rank: int
    periods: int
    sure: bool
    likely: bool
    usual: bool = False


def compare(
    name: str,
    batch: Tally,
    baseline: Tally,
    periods: Tally,
    *,
    seasonal: bool = False,
    alpha: float,
    rng: np.random.Generator,
) -> tuple[Evidence, ...]:
    """Score and bias of a batch beside the baseline's.

    With at least ``1 / alpha - 1`` periods the p-value decides and keeps the false-alarm rate. With
    fewer the figure must be worse than every one of them and above their prediction bound, and in any
    case the bootstrap interval of the difference must lie above 0.

    Args:
        name: the score's.
        batch: shape (clusters, 4), the batch's tallies by cluster.
        baseline: shape (clusters, 4), the baseline's.
        periods: shape (periods, 4), those of good stretches that are as long as the batch.
        seasonal: whether the periods are of the batch's season only (its weekday): the batch is then
            held against all of them together, and the baseline only says how sure that is.
        alpha: the false-alarm rate, 0 to 1.
        rng: where chance comes from.

    Returns:
        One for the score, and one for the bias where there is one.
    """
    root = name == "rmse"
    usual = seasonal and len(periods) >= LEAST
    held = periods.sum(axis=0) if usual else baseline.sum(axis=0)
    now, then = _figures(batch.sum(axis=0), root), _figures(held, root)
    there = np.flatnonzero(np.isfinite(now) & np.isfinite(then))
    history = _figures(periods, root)[:, there]
    history = history[np.isfinite(history).all(axis=1)]
    drawn_then = _like(
        _signed(drawn(baseline, DRAWS, rng), root), _signed(baseline.sum(axis=0), root), held, root
    )
    draws = _worse_by(_figures(drawn(batch, DRAWS, rng), root), np.abs(drawn_then))
    low = np.quantile(draws, alpha, axis=0, method="lower")[there]
    high = np.quantile(draws, 1.0 - alpha, axis=0, method="higher")[there]
    rank = (now[there] > history).sum(axis=0)
    unusual = _unusual(now[there], then[there], history, rank, alpha)
    worse_by = _worse_by(now, then)[there]
    signed_now, signed_then = _signed(batch.sum(axis=0), root), _signed(held, root)
    return tuple(
        Evidence(
            name="bias" if column else name,
            now=float(signed_now[column]),
            then=float(signed_then[column]),
            worse_by=float(worse_by[figure]),
            low=float(low[figure]),
            high=float(high[figure]),
            p=None if unusual.p is None else float(unusual.p[figure]),
            rank=int(rank[figure]),
            periods=len(history),
            sure=bool(unusual.sure[figure] and low[figure] > 0),
            likely=bool(unusual.likely[figure] and low[figure] > 0),
            usual=usual,
        )
        for figure, column in enumerate(there)
    )


class _Unusual(NamedTuple):
    p: NDArray[np.float64] | None
    sure: NDArray[np.bool_]
    likely: NDArray[np.bool_]


def _unusual(
    now: NDArray[np.float64],
    then: NDArray[np.float64],
    history: NDArray[np.float64],
    rank: NDArray[np.int64],
    alpha: float,
) -> _Unusual:
    """How the figures stand among those of the periods."""
    if len(history) + 1 >= 1.0 / alpha:
        trifle = TRIFLE * np.where(np.arange(len(now)) == 0, np.maximum(then, TRIFLE), 1.0)
        p = p_values(history, now, trifle)
        return _Unusual(p, p <= alpha, p <= 2 * alpha)
    worst = rank == len(history)
    if len(history) < LEAST:
        return _Unusual(None, worst, worst)
    return _Unusual(None, worst & (now > upper_bound(history, alpha)), worst)


def _like(
    draws: NDArray[np.float64], whole: NDArray[np.float64], held: Tally, root: bool
) -> NDArray[np.float64]:
    """Draws of the baseline's figures, moved to where those of the season are: the score by a factor."""
    wanted = _signed(held, root)
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(whole[0] > 0, wanted[0] / whole[0], 1.0)
    moved: NDArray[np.float64] = np.stack(
        [draws[..., 0] * factor, draws[..., 1] + (wanted[1] - whole[1])], axis=-1
    )
    return moved


def _signed(sums: Tally, root: bool) -> NDArray[np.float64]:
    return np.stack([score(sums, root=root), bias(sums)], axis=-1)


def _figures(sums: Tally, root: bool) -> NDArray[np.float64]:
    """Score and distance of the bias from 0, shape (..., 2): the higher, the worse."""
    return np.abs(_signed(sums, root))


def _worse_by(now: NDArray[np.float64], then: NDArray[np.float64]) -> NDArray[np.float64]:
    """By which share the score grew, and by how much the bias is further from 0, shape (..., 2)."""
    more = now - then
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(
            then[..., 0] > 0, more[..., 0] / then[..., 0], np.where(more[..., 0] > 0, np.inf, 0.0)
        )
    both: NDArray[np.float64] = np.stack([share, more[..., 1]], axis=-1)
    # where a draw has no bias, nothing says that it is worse
    both[np.isnan(both)] = -np.inf
    return both
