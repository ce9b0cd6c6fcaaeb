"""The baseline step: what a good batch looks like, for one monitor."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from spalje.errors import BadInput, NotFound
from spalje.steps import attribution, data_quality, quality_baseline
from spalje.steps.context import StepContext, StepResult


def _data_quality(context: StepContext, out: Path) -> None:
    data_quality.write_baseline(input_of(context, "data"), context.problem, out, context.settings)


def _model_quality(context: StepContext, out: Path) -> None:
    quality_baseline.write(
        input_of(context, "predictions"),
        context.problem,
        out,
        context.settings,
        data=context.inputs.get("data"),
    )


def _attribution(context: StepContext, out: Path) -> None:
    attribution.write_baseline(
        input_of(context, "model"),
        input_of(context, "data"),
        context.problem,
        out,
        context.settings,
        scripts=context.scripts,
        log=context.log,
    )


#: monitor -> what writes its baseline
WRITERS: Mapping[str, Callable[[StepContext, Path], None]] = MappingProxyType(
    {"data_quality": _data_quality, "model_quality": _model_quality, "attribution": _attribution}
)


def execute(context: StepContext) -> StepResult:
    """Write the baseline of the monitor that the step's settings name.

    Raises:
        NotFound: there is no such monitor.
        BadInput: an input that the monitor needs was not given.
    """
    monitor = str(context.settings.get("monitor"))
    if monitor not in WRITERS:
        raise NotFound("monitor", monitor, WRITERS)
    WRITERS[monitor](context, context.output("baseline"))
    return StepResult()


def input_of(context: StepContext, port: str) -> Path:
    """The folder at a port.

    Raises:
        BadInput: the recipe gives the step no such input.
    """
    if port not in context.inputs:
        raise BadInput(
            f"Step '{context.spec.name}' ({context.spec.where}) has no input '{port}', which its monitor needs; "
            f"it has: {', '.join(sorted(context.inputs))}.",
            do=f"Give it {port}=… in the recipe.",
        )
    return context.inputs[port]
