"""Which baselines a new version gets: the four-row matrix of SageMaker's check steps."""

from collections.abc import Mapping
from dataclasses import dataclass

from spalje.errors import Refused


@dataclass(frozen=True, slots=True)
class BaselinePlan:
    """What follows from the two flags.

    Attributes:
        check: whether the new baselines are held against the previous ones.
        own: monitor -> what this version measured (``CalculatedBaseline*``).
        drift_check: monitor -> what later batches are held against (``BaselineUsedForDriftCheck*``).
    """

    check: bool
    own: Mapping[str, str]
    drift_check: Mapping[str, str]


def resolve(
    *,
    skip_check: bool,
    register_new_baseline: bool,
    calculated: Mapping[str, str],
    previous: Mapping[str, str] | None,
) -> BaselinePlan:
    """Two flags, the baselines just calculated and the previous bar, into what is checked and kept.

    ========== ===================== ===== ========== ===========
    skip_check register_new_baseline check own        drift_check
    ========== ===================== ===== ========== ===========
    False      False                 yes   calculated previous
    False      True                  yes   calculated calculated
    True       False                 no    calculated previous
    True       True                  no    calculated calculated
    ========== ===================== ===== ========== ===========

    Source: Amazon SageMaker Developer Guide, "Baseline calculation, drift detection and lifecycle
    with ClarifyCheck and QualityCheck steps".

    Args:
        skip_check: do not hold the new baselines against the previous ones.
        register_new_baseline: make the new baselines the bar.
        calculated: monitor -> artifact digest, what this build calculated.
        previous: monitor -> artifact digest, the bar of the latest approved version (or one given
            by hand); None when there is none.

    Raises:
        Refused: a previous baseline is needed for a monitor and there is none: every row but the last.

    Example:
        >>> resolve(skip_check=True, register_new_baseline=False, calculated={"data_quality": "new"},
        ...         previous={"data_quality": "old"})
        BaselinePlan(check=False, own={'data_quality': 'new'}, drift_check={'data_quality': 'old'})
    """
    bar = previous or {}
    missing = sorted(set(calculated) - set(bar))
    if missing and not (skip_check and register_new_baseline):
        raise Refused(
            f"skip_check={skip_check} with register_new_baseline={register_new_baseline} needs a previous "
            f"baseline of '{missing[0]}', and no approved version of the project has one.",
            do="Register a version with skip_check=True and register_new_baseline=True, and approve it.",
        )
    kept = calculated if register_new_baseline else {monitor: bar[monitor] for monitor in calculated}
    return BaselinePlan(check=not skip_check, own=dict(calculated), drift_check=dict(kept))
