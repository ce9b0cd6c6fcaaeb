"""The kinds of step, one module each; the module's name is the kind's name in the recipe."""

from collections.abc import Callable
from importlib import import_module

from spalje.errors import NotFound
from spalje.pipeline.kind import KINDS
from spalje.steps.context import StepContext, StepResult

#: What a step does.
StepFunction = Callable[[StepContext], StepResult]


def step_function(kind: str) -> StepFunction:
    """The function that executes steps of a kind; its module is loaded now, not before.

    Raises:
        NotFound: there is no such kind.
    """
    if kind not in KINDS:
        raise NotFound("kind of step", kind, KINDS)
    function: StepFunction = import_module(f"spalje.steps.{kind}").execute
    return function
