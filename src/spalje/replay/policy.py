"""Rules by which a model is built anew, ours and those that others go by."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from spalje.monitor.decision import Action
from spalje.monitor.verdict import Outcome
from spalje.pipeline.definition import Definition

#: Days after which ``monthly`` builds a new model.
MONTH = 28
#: The level of the Kolmogorov-Smirnov test of ``ks``.
LEVEL = 0.05


class Policy(StrEnum):
    """When a new model is built.

    ``calibrated``: when a decision of the project's own pipelines says so, by Spaljé's rules.
    ``sagemaker``: when Model Monitor's constraints, as it suggests them, are violated: of data quality,
    model quality or attribution. ``ks``: when a Kolmogorov-Smirnov test of any numeric column
    against the training data has p < 0.05. ``monthly``: every four weeks. ``always``: before every batch.
    ``never``: not at all.
    """

    CALIBRATED = "calibrated"
    SAGEMAKER = "sagemaker"
    KS = "ks"
    MONTHLY = "monthly"
    ALWAYS = "always"
    NEVER = "never"

    @property
    def watches(self) -> bool:
        """Whether it goes by what monitors find, so that it can be wrong about a week."""
        return self in (Policy.CALIBRATED, Policy.SAGEMAKER, Policy.KS)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the latest batch when a policy is asked.

    Attributes:
        outcomes: monitor -> its outcome, before the batch went out; ``model_quality`` when the truth is known.
        actions: what was decided, before it went out and when the truth was known.
        p: numeric column -> p-value of the Kolmogorov-Smirnov test against the training data, 0 to 1.
        days: since the serving model was built.
    """

    outcomes: Mapping[str, Outcome]
    actions: tuple[Action, ...]
    p: Mapping[str, float]
    days: int


def alarm(policy: Policy, evidence: Evidence) -> str | None:
    """Why a policy finds that something is wrong with a batch; None when it does not.

    Example:
        >>> drifted = Evidence({"data_quality": Outcome.ALARM}, (Action.INVESTIGATE,), {"price": 0.2}, 7)
        >>> alarm(Policy.SAGEMAKER, drifted), alarm(Policy.KS, drifted), alarm(Policy.CALIBRATED, drifted)
        ('data_quality', None, None)
    """
    if policy is Policy.CALIBRATED:
        return "the decision to retrain" if Action.RETRAIN in evidence.actions else None
    if policy is Policy.SAGEMAKER:
        found = [name for name, outcome in evidence.outcomes.items() if outcome is Outcome.ALARM]
        return ", ".join(sorted(found)) or None
    if policy is Policy.KS:
        low = sorted(name for name, p in evidence.p.items() if p < LEVEL)
        return f"{len(low)} of {len(evidence.p)} columns" if low else None
    return None


def builds(policy: Policy, evidence: Evidence) -> str | None:
    """Why a policy has a new model built now; None when it does not."""
    if policy is Policy.ALWAYS:
        return "always"
    if policy is Policy.MONTHLY:
        return f"{evidence.days} days old" if evidence.days >= MONTH else None
    return alarm(policy, evidence)


def revised(policy: Policy, definition: Definition) -> Definition:
    """A pipeline as it runs under a policy: under ``sagemaker`` its checks decide by Model Monitor's rules."""
    if policy is not Policy.SAGEMAKER:
        return definition
    steps = []
    for step in definition.steps:
        settings = dict(step.settings)
        if step.kind == "check" and "policy" in settings:
            settings["policy"] = "sagemaker"
        if step.kind == "baseline" and settings.get("monitor") == "model_quality":
            settings["constraint_margin"] = 0.0
        steps.append(step.model_copy(update={"settings": settings}))
    return definition.model_copy(update={"steps": tuple(steps)})
