"""What other rules would say of a batch: shown for comparison, never deciding."""

from typing import Any

from spalje.drift.kolmogorov import p_value
from spalje.monitor.comparison import Case, Pair

#: Evidently calls a column drifted from this distance on, for references of more than 1,000 rows
#: (evidently 0.7, ``stattests/registry.py``), and a table from this share of its columns on.
EVIDENTLY, SHARE = 0.1, 0.5


def compared(case: Case) -> dict[str, Any]:
    """PSI and the p-value of a KS test by column, and what Evidently's rules would call drifted.

    Evidently takes the Wasserstein distance in standard deviations of numbers; here it is taken over the
    tenths of the baseline's values, which is what profiles hold.
    """
    usable = [pair for pair in case.pairs if pair.distance is not None]
    drifted = [pair.name for pair in usable if _evidently(pair)]
    return {
        "psi": {
            pair.name: pair.distance.psi for pair in usable if pair.distance and pair.distance.psi is not None
        },
        "ks": {
            pair.name: p_value(
                pair.distance.simple, pair.now.numbers.moments.count, pair.then.numbers.moments.count
            )
            for pair in usable
            if pair.distance and pair.now.numbers and pair.then.numbers
        },
        "evidently": {
            "columns": drifted,
            "dataset": bool(usable) and len(drifted) >= SHARE * len(usable),
        },
    }


def _evidently(pair: Pair) -> bool:
    if pair.distance is None:
        return False
    if pair.now.numbers and pair.then.numbers:
        return pair.distance.wasserstein is not None and pair.distance.wasserstein >= EVIDENTLY
    return pair.distance.jensen_shannon is not None and pair.distance.jensen_shannon >= EVIDENTLY
