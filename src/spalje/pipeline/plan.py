"""The plan: in which order the steps of a definition can run, and which can run now."""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from spalje.errors import BadInput
from spalje.pipeline.definition import Definition, StepSpec

#: States after which a step will not succeed any more.
_LOST = frozenset({"failed", "skipped", "cancelled"})


def order(definition: Definition) -> tuple[StepSpec, ...]:
    """All steps, each after those that it needs; otherwise as the recipe lists them.

    Raises:
        BadInput: steps need each other in a loop, or a step needs one that is not there.
    """
    waiting, done, planned = list(definition.steps), set[str](), list[StepSpec]()
    while waiting:
        following = next((step for step in waiting if step.needs <= done), None)
        if following is None:
            stuck = " -> ".join(loop(definition)) or f"'{waiting[0].name}' needs a step that is not there"
            raise BadInput(
                f"The steps of pipeline '{definition.name}' cannot be put in an order: {stuck}.",
                do="Compile the recipe again; it says where.",
            )
        waiting.remove(following)
        done.add(following.name)
        planned.append(following)
    return tuple(planned)


def loop(definition: Definition) -> tuple[str, ...]:
    """Names of steps of which each is needed by the next, the first again at the end; empty: no loop."""
    try:
        TopologicalSorter({step.name: sorted(step.needs) for step in definition.steps}).prepare()
    except CycleError as error:
        return tuple(error.args[1])
    return ()


def ready(definition: Definition, states: Mapping[str, str]) -> tuple[StepSpec, ...]:
    """The waiting steps that can start now: every step they need has succeeded.

    Args:
        definition: whose steps.
        states: step -> ``spalje.lineage.run.Status``; a step that is not there is waiting.
    """
    return tuple(
        step
        for step in definition.steps
        if _state(states, step.name) == "waiting"
        and all(_state(states, name) == "succeeded" for name in step.needs)
    )


def followers(definition: Definition, step: str) -> tuple[str, ...]:
    """The names of the steps that need a step, directly or through others, in the order of the plan."""
    reached = {step}
    found = []
    for spec in order(definition):
        if spec.needs & reached:
            reached.add(spec.name)
            found.append(spec.name)
    return tuple(found)


def doomed(definition: Definition, states: Mapping[str, str]) -> tuple[StepSpec, ...]:
    """The waiting steps that cannot run any more, in the order of the plan.

    A step is lost when one that it needs has failed, was skipped or cancelled, or is lost itself.

    Args:
        definition: whose steps.
        states: as for ``ready``.
    """
    lost = {step.name for step in definition.steps if _state(states, step.name) in _LOST}
    after = {name for step in lost for name in followers(definition, step)}
    return tuple(
        step for step in order(definition) if step.name in after and _state(states, step.name) == "waiting"
    )


def _state(states: Mapping[str, str], step: str) -> str:
    return states.get(step, "waiting")
