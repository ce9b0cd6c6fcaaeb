"""How far attributions move when nothing has changed: by chance, and from day to day."""

import numpy as np
import numpy.typing as npt

from spalje.attribution.attributions import Floats
from spalje.attribution.drift import total_variation

#: Batches that are made up to take the quantile from.
DRAWS = 1000

#: Periods shift a feature if the variance between their means exceeds what chance gives it by so many
#: of its standard errors, ``sqrt(2 / (periods - 1))`` of itself.
EVIDENT = 3.0


def noise(
    magnitudes: Floats,
    periods: npt.NDArray[np.intp],
    rows: int,
    span: int,
    rng: np.random.Generator,
    *,
    quantile: float = 0.99,
) -> tuple[float, float]:
    """The total variation and the ranking score that one in a hundred batches like the baseline's goes beyond.

    Batches are made up: some ``span`` consecutive periods of the baseline shift the features as they
    did there, and the mean of ``rows`` rows varies about that as rows vary within a period (by the
    central limit theorem); each is compared with the baseline, whose own mean varies too.

    The mean of a period's few rows differs from the whole by chance as well. It is drawn towards
    the whole, feature by feature, until the periods' means vary as much as a one-way random-effects
    model says that periods do (Searle, Casella and McCulloch 1992, "Variance components", section 3.6);
    all the way where the means vary no more than chance would have it, by ``EVIDENT``.

    Args:
        magnitudes: of the baseline's rows, shape (rows, features), non-negative.
        periods: which period (day, say) each of them belongs to, numbered in order of time from 0
            without gaps; all 0 where there is no time.
        rows: explained rows of the batch, 1 or more.
        span: periods of the batch, 1 or more.
        rng: makes up the batches.
        quantile: 0 to 1.

    Returns:
        Total variation, 0 to 1, of which more is further; nDCG, of which less is.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> baseline, one_day = rng.gamma(2.0, size=(2000, 5)), np.zeros(2000, dtype=int)
        >>> few, many = (noise(baseline, one_day, rows, 1, rng) for rows in (100, 10_000))
        >>> 0 < many[0] < few[0] < 0.1, 0.9 < few[1] < many[1] < 1
        (True, True)
    """
    if len(magnitudes) < 2 * (periods.max() + 1):  # next to no two rows share a period
        periods = np.zeros_like(periods)
    whole = magnitudes.mean(axis=0)
    shifts, within = _split(magnitudes, periods)
    starts = range(max(1, len(shifts) - span + 1))
    windows = np.stack([shifts[start : start + span].mean(axis=0) for start in starts])
    none = np.zeros_like(whole)
    again = whole + rng.multivariate_normal(none, within / len(magnitudes), DRAWS)
    batch = whole + rng.multivariate_normal(none, within / rows, DRAWS)
    batch += windows[rng.integers(len(windows), size=DRAWS)]
    again, batch = np.maximum(again, 0), np.maximum(batch, 0)
    return (
        float(np.quantile(total_variation(again, batch), quantile)),
        float(np.quantile(_scores(again, batch), 1 - quantile)),
    )


def _scores(baseline: Floats, live: Floats) -> Floats:
    """The ranking scores of many batches, each with its baseline; numbers that were made up are never equal."""
    discount = 1 / np.log2(np.arange(baseline.shape[1]) + 2)
    gains = np.take_along_axis(baseline, np.argsort(-live, axis=1), axis=1) @ discount
    ideal = -np.sort(-baseline, axis=1) @ discount
    return np.asarray(np.divide(gains, ideal, out=np.ones_like(gains), where=ideal > 0))


def _split(magnitudes: Floats, periods: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    """How each period shifts the features, shape (periods, features), and the covariance within periods."""
    sizes = np.bincount(periods).astype(np.float64)
    sums = np.stack([np.bincount(periods, weights=column) for column in magnitudes.T], axis=1)
    means = sums / sizes[:, None]
    rest = magnitudes - means[periods]
    freedom = max(1, len(magnitudes) - len(sizes))
    within = rest.T @ rest / freedom
    shifts = means - magnitudes.mean(axis=0)
    if len(sizes) < 2:
        return shifts, within
    chance = np.diag(within)
    between = (sizes[:, None] * shifts**2).sum(axis=0) / (len(sizes) - 1)
    typical = (sizes.sum() - (sizes**2).sum() / sizes.sum()) / (len(sizes) - 1)
    evident = between > chance * (1 + EVIDENT * np.sqrt(2 / (len(sizes) - 1)))
    own = np.where(evident, (between - chance) / typical, 0.0)
    total = own + chance / sizes[:, None]
    return shifts * np.sqrt(np.divide(own, total, out=np.zeros_like(total), where=total > 0)), within
