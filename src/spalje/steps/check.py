"""The check step: a monitor holds a batch against a baseline and concludes."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from spalje.errors import NotFound
from spalje.monitor.verdict import Verdict
from spalje.steps import attribution, data_quality, estimated_quality, model_quality
from spalje.steps.baseline import input_of
from spalje.steps.context import StepContext, StepResult


def _data_quality(context: StepContext, out: Path) -> Verdict:
    return data_quality.check(
        input_of(context, "data"),
        input_of(context, "baseline"),
        context.problem,
        out,
        context.settings,
        earlier=context.inputs.get("history"),
    )


def _model_quality(context: StepContext, out: Path) -> Verdict:
    return model_quality.check(
        input_of(context, "predictions"),
        input_of(context, "ground_truth"),
        input_of(context, "baseline"),
        context.problem,
        out,
        context.settings,
        earlier=context.inputs.get("history"),
        data=context.inputs.get("data"),
        estimated=context.inputs.get("estimated"),
        page=True,
    )


def _estimated_quality(context: StepContext, out: Path) -> Verdict:
    return estimated_quality.check(
        input_of(context, "data"),
        input_of(context, "predictions"),
        input_of(context, "baseline"),
        context.problem,
        out,
        context.settings,
        earlier=context.inputs.get("history"),
    )


def _attribution(context: StepContext, out: Path) -> Verdict:
    return attribution.check(
        input_of(context, "model"),
        input_of(context, "data"),
        input_of(context, "baseline"),
        context.problem,
        out,
        context.settings,
        scripts=context.scripts,
        log=context.log,
        earlier=context.inputs.get("history"),
    )


#: monitor -> what checks with it
CHECKS: Mapping[str, Callable[[StepContext, Path], Verdict]] = MappingProxyType(
    {
        "data_quality": _data_quality,
        "model_quality": _model_quality,
        "attribution": _attribution,
        "estimated_quality": _estimated_quality,
    }
)


def execute(context: StepContext) -> StepResult:
    """Check with the monitor that the step's settings name; the verdict is the output.

    An alarm does not fail the step: what follows from verdicts is the decide step's to say.

    Raises:
        NotFound: there is no such monitor.
        BadInput: an input that the monitor needs was not given or cannot be read.
    """
    monitor = str(context.settings.get("monitor"))
    if monitor not in CHECKS:
        raise NotFound("monitor", monitor, CHECKS)
    verdict = CHECKS[monitor](context, context.output("verdict"))
    context.say(f"{verdict.outcome}: {verdict.summary}")
    return StepResult(outcome=verdict.outcome)
