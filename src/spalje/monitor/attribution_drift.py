"""The attribution drift monitor: whether the model still predicts for the reasons it was approved with."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import numpy as np

from spalje.attribution.drift import ndcg, total_variation
from spalje.errors import BadInput
from spalje.monitor.attribution_baseline import AttributionBaseline, GlobalAttributions
from spalje.monitor.verdict import Outcome, Verdict, Violation
from spalje.monitor.wording import percent

Policy: TypeAlias = Literal["calibrated", "sagemaker"]

#: Below this score SageMaker raises a violation (developer guide, "Feature attribution drift").
SAGEMAKER_NDCG = 0.90

#: The part of the explanation that may change place whatever the noise (measured on real weeks without
#: a change of the model's world: 0.058 at most, 0.021 in one case of a hundred).
MARGIN = 0.05

#: Rows that have to be explained, unless the batch has fewer: at 200 chance alone moves 5 % of the
#: explanation in one case of a hundred, at 1,000 2 %.
MIN_ROWS = 1000

#: Good batches from which on their own spread is known at this level: one in twenty is further.
ENOUGH, LEVEL = 19, 0.05
#: So many batches without a finding make one before them an exception.
QUIET = 3

#: How many of the features that moved most are named, if their share changed by so much.
MOVERS = 3
VISIBLE = 0.01


def check(
    baseline: AttributionBaseline,
    live: GlobalAttributions,
    *,
    batch_rows: int,
    span: int = 1,
    past: Sequence[Verdict] = (),
    policy: Policy = "calibrated",
    margin: float = MARGIN,
    min_rows: int = MIN_ROWS,
) -> Verdict:
    """Hold the attributions of a batch against the baseline's.

    A warning: the part of the explanation that changed place (total variation of the shares) is
    more than the margin and more than good batches reach by chance. An alarm: it is more than twice
    the margin, too. Under the policy ``sagemaker`` an alarm is a ranking score (nDCG) below 0.90 for
    any output, and nothing else counts; otherwise the score is among the figures. Drift of
    attributions is never a breach.

    Args:
        baseline: of the same model.
        live: of the batch.
        batch_rows: rows of the batch, explained or not.
        span: periods (days, as a rule) that the batch's rows are about.
        past: verdicts on earlier batches that went out, the oldest first; those by another baseline are
            let be. With ``ENOUGH`` good ones their own spread replaces the noise that the baseline expects.
        policy: whose rules decide.
        margin: total variation, 0 to 1.
        min_rows: rows that have to be explained, unless the batch has fewer.

    Raises:
        BadInput: the baseline is of other features or outputs.

    Example:
        >>> from spalje.monitor.attribution_baseline import Noise
        >>> def explained(mailer, price):
        ...     parts = {"mailer": mailer, "price": price}
        ...     return GlobalAttributions(
        ...         rows=2000, aggregate="mean_abs", values={"label0": parts}, expected={"label0": 0.0}, shares=parts
        ...     )
        >>> noise = (Noise(rows=1, span=1, tv=0.3), Noise(rows=1000, span=1, tv=0.02))
        >>> baseline = AttributionBaseline(explained=explained(0.04, 0.96), noise=noise, settings={})
        >>> print(check(baseline, explained(0.19, 0.81), batch_rows=8000).summary)
        15 % of the explanation changed place (5 % allowed): mailer 4 % → 19 %, price 96 % → 81 %.
    """
    _same(baseline.explained, live)
    if live.rows == 0 or live.rows < min(min_rows, batch_rows):
        needed = f"at least {min(min_rows, batch_rows):,} are needed" if batch_rows else "the batch has none"
        return Verdict(
            monitor="attribution_drift",
            outcome=Outcome.INSUFFICIENT,
            summary=f"Too few rows to tell: {live.rows:,} were explained, {needed}.",
            figures={"policy": policy, "rows": live.rows, "batch_rows": batch_rows},
        )
    noise = baseline.noise_of(live.rows, span)
    usual = _usual(past, baseline.identity)
    before, now = (np.array(list(each.shares.values())) for each in (baseline.explained, live))
    moved = float(total_variation(before, now))
    scores = {
        label: _score(values, live.values[label]) for label, values in baseline.explained.values.items()
    }
    theirs = [_their_violation(label, score) for label, score in scores.items() if score < SAGEMAKER_NDCG]
    allowed = max(margin, noise.tv if usual is None else usual)
    if policy == "sagemaker":
        found, outcome = theirs, Outcome.ALARM if theirs else Outcome.OK
    else:
        found = _our_violations(baseline.explained.shares, live.shares, moved, allowed)
        outcome = _outcome(moved, allowed, margin)
    return Verdict(
        monitor="attribution_drift",
        outcome=outcome,
        summary=found[0].description if found else _fine(live, moved, allowed, scores, policy),
        violations=tuple(found),
        figures={
            "policy": policy,
            "rows": live.rows,
            "batch_rows": batch_rows,
            "span": span,
            "baseline": baseline.identity,
            "tv": moved,
            "allowed": allowed,
            "margin": margin,
            "noise": noise.tv,
            "usual": usual,
            "ndcg": scores,
            "ndcg_usual": noise.ndcg,
            "shares": {
                name: {"baseline": share, "batch": live.shares[name]}
                for name, share in baseline.explained.shares.items()
            },
            "sagemaker": {
                "outcome": str(Outcome.ALARM if theirs else Outcome.OK),
                "threshold": SAGEMAKER_NDCG,
                "labels": [label for label, score in scores.items() if score < SAGEMAKER_NDCG],
            },
        },
    )


def _usual(past: Sequence[Verdict], baseline: str) -> float | None:
    """The total variation that one good batch in twenty exceeds, at most; None when there are too few.

    A batch with a finding is no good one until ``QUIET`` without have followed it; an alarm never is. The
    level is that of conformal prediction: the new batch among the others.
    """
    known = [
        verdict for verdict in past if verdict.figures.get("baseline") == baseline and "tv" in verdict.figures
    ]
    quiet, good = 0, []
    for verdict in reversed(known):
        fine = verdict.outcome is Outcome.OK
        quiet += fine
        if fine or (verdict.outcome is Outcome.WARNING and quiet >= QUIET):
            good.append(float(verdict.figures["tv"]))
    if len(good) < ENOUGH:
        return None
    return sorted(good)[-int(LEVEL * (len(good) + 1))]


def _outcome(moved: float, allowed: float, margin: float) -> Outcome:
    if moved <= allowed:
        return Outcome.OK
    return Outcome.ALARM if moved > 2 * margin else Outcome.WARNING


def _same(baseline: GlobalAttributions, live: GlobalAttributions) -> None:
    """Refuse to compare what is of other features or outputs."""
    if list(baseline.shares) != list(live.shares) or list(baseline.values) != list(live.values):
        only = sorted(set(baseline.shares) ^ set(live.shares))
        what = f"feature '{only[0]}' is in one of the two only" if only else "order or outputs differ"
        raise BadInput(
            f"The attribution baseline is of another model than the one that predicts: {what}.",
            do="Use the baseline that was registered with the model's version.",
        )


def _score(baseline: Mapping[str, float], live: Mapping[str, float]) -> float:
    return ndcg(np.array(list(baseline.values())), np.array(list(live.values())))


def _our_violations(
    before: Mapping[str, float], now: Mapping[str, float], moved: float, allowed: float
) -> list[Violation]:
    """The whole first, then the features that moved most."""
    if moved <= allowed:
        return []
    change = {name: now[name] - share for name, share in before.items()}
    first, *others = sorted(change, key=lambda name: -abs(change[name]))[:MOVERS]
    movers = [first, *(name for name in others if abs(change[name]) >= VISIBLE)]
    words = [f"{name} {percent(before[name])} → {percent(now[name])}" for name in movers]
    whole = Violation(
        check="attribution_share_check",
        description=f"{percent(moved)} of the explanation changed place ({percent(allowed)} allowed): "
        f"{', '.join(words)}.",
        value=moved,
        threshold=allowed,
    )
    parts = [
        Violation(
            check="attribution_share_check",
            column=name,
            description=f"{name}: share of the explanation {percent(before[name])} → {percent(now[name])}.",
            value=change[name],
        )
        for name in movers
    ]
    return [whole, *parts]


def _their_violation(label: str, score: float) -> Violation:
    return Violation(
        check="feature_attribution_drift_check",
        description=f"The features' order of importance changed: nDCG {score:.3f} is below "
        f"{SAGEMAKER_NDCG:.2f} ({label}).",
        value=score,
        threshold=SAGEMAKER_NDCG,
    )


def _fine(
    live: GlobalAttributions, moved: float, allowed: float, scores: Mapping[str, float], policy: Policy
) -> str:
    rows = f"{live.rows:,} rows explained"
    if policy == "sagemaker":
        return f"The features' order of importance held: nDCG {min(scores.values()):.3f} ({rows})."
    return f"{percent(moved)} of the explanation changed place, {percent(allowed)} is allowed ({rows})."
