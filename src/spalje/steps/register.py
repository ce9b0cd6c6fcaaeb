"""The register step: a new version of the project's model, pending, with everything it was made of."""

from spalje.registry.baseline import resolve
from spalje.registry.version import NewVersion
from spalje.steps.context import StepContext, StepResult
from spalje.steps.evaluate import read_metrics


def execute(context: StepContext) -> StepResult:
    """Register the model; the version becomes real in the transaction that ends this step.

    Settings: ``skip_check`` and ``register_new_baseline`` as in the four-row matrix of
    ``spalje.registry.baseline`` (default: the first-run row, both true: this version's own
    baselines are what later batches are held against).

    Raises:
        Refused: the previous version's baselines are to be kept, and there is none.
    """
    calculated = {
        port.removeprefix("baseline_"): digest
        for port, digest in context.input_digests.items()
        if port.startswith("baseline_")
    }
    plan = resolve(
        skip_check=bool(context.settings.get("skip_check", True)),
        register_new_baseline=bool(context.settings.get("register_new_baseline", True)),
        calculated=calculated,
        previous=context.facts["previous_baselines"],
    )
    run = context.run
    version = NewVersion(
        project=run.project,
        run=run.id,
        model=context.input_digests["model"],
        evaluation=context.input_digests["evaluation"],
        metrics=read_metrics(context.inputs["evaluation"]),
        baselines=plan.drift_check,
        own_baselines=plan.own,
        data=dict(run.inputs),
        repository=run.repository,
        commit=run.commit,
        environment=context.facts["environment"],
        author=run.author,
        cost=context.facts["cost"],
    )
    return StepResult(effects=(version,), outcome="pending", metrics=version.metrics)
