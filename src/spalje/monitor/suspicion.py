"""Whether a batch is suspicious before its truth is known: the model is estimated to be worse, on drifted inputs."""

from collections.abc import Mapping
from dataclasses import dataclass

from spalje.monitor.verdict import Outcome, Verdict
from spalje.monitor.wording import percent

#: The monitors it goes by.
ESTIMATED, DATA, ATTRIBUTION = "estimated_quality", "data_quality", "attribution"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Why a batch is suspicious.

    Attributes:
        share: of the attributions, that features which have drifted have together, 0 to 1.
        features: those features, the weightiest first.
        summary: what the estimate of quality said.
    """

    share: float
    features: tuple[str, ...]
    summary: str

    @property
    def sentence(self) -> str:
        """For a person."""
        named = ", ".join(self.features[:3]) + (" and others" if len(self.features) > 3 else "")
        return f"{self.summary} And {percent(self.share)} of what the model goes by has drifted: {named}."


def suspicion(verdicts: Mapping[str, Verdict], least: float) -> Suspicion | None:
    """Whether a batch is suspicious; None when it is not.

    It is when the estimate of quality is an alarm **and** features have drifted that have at least a share
    ``least`` of the attributions together. Each alone is no reason to build a model anew: an estimate
    assumes that only the inputs moved, and inputs that moved may not matter. Without a check of
    attributions nothing says what matters, and nothing is suspicious.

    Args:
        verdicts: monitor -> its verdict.
        least: share of the attributions, 0 to 1.

    Example:
        >>> worse = Verdict(monitor="estimated_quality", outcome=Outcome.ALARM, summary="Estimated RMSE 0.9.")
        >>> from spalje.monitor.verdict import Violation
        >>> moved = Violation(check="baseline_drift_check", column="price", description="price has drifted.")
        >>> drift = Verdict(monitor="data_quality", outcome=Outcome.ALARM, summary="Drift.", violations=(moved,))
        >>> shares = {"shares": {"price": {"baseline": 0.6, "batch": 0.5}, "size": {"baseline": 0.4, "batch": 0.5}}}
        >>> weights = Verdict(monitor="attribution_drift", outcome=Outcome.OK, summary="", figures=shares)
        >>> said = {"estimated_quality": worse, "data_quality": drift, "attribution": weights}
        >>> suspicion(said, 0.2).sentence
        'Estimated RMSE 0.9. And 60 % of what the model goes by has drifted: price.'
        >>> suspicion({"data_quality": drift, "attribution": weights}, 0.2) is None
        True
    """
    estimated = verdicts.get(ESTIMATED)
    if estimated is None or estimated.outcome is not Outcome.ALARM:
        return None
    shares = _shares(verdicts.get(ATTRIBUTION))
    drifted = {
        violation.column
        for violation in (verdicts[DATA].violations if DATA in verdicts else ())
        if violation.column in shares and violation.check.endswith("drift_check")
    }
    features = tuple(sorted((name for name in drifted if name), key=lambda name: -shares[name]))
    share = sum(shares[name] for name in features)
    if not features or share < least:
        return None
    return Suspicion(share, features, estimated.summary)


def _shares(attribution: Verdict | None) -> dict[str, float]:
    """Feature -> its share of the attributions when the model was built."""
    if attribution is None:
        return {}
    figures = attribution.figures.get("shares", {})
    return {str(name): float(share["baseline"]) for name, share in figures.items()}
