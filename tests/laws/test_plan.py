"""Laws of the plan, for any graph of steps without a loop."""

from hypothesis import given, settings
from hypothesis import strategies as st

from spalje.lineage.run import Status
from spalje.pipeline import plan
from spalje.pipeline.definition import Definition, Reference, SourceLine, StepSpec
from spalje.pipeline.problem import Problem

PROBLEM = Problem(type="regression", target="units", features=("price",), keys=("store",))


@st.composite
def definitions(draw):
    count = draw(st.integers(1, 9))
    steps = []
    for index in range(count):
        needs = draw(st.sets(st.integers(0, index - 1))) if index else set()
        inputs = {f"in{need}": Reference(step=f"s{need}", output="out") for need in needs}
        where = SourceLine(file="pipeline.py", line=index + 1)
        steps.append(StepSpec(name=f"s{index}", kind="process", inputs=inputs, where=where))
    return Definition(name="build", problem=PROBLEM, steps=tuple(draw(st.permutations(steps))))


@given(definitions())
@settings(max_examples=60)
def test_the_order_has_every_step_once_and_after_what_it_needs(definition):
    order = plan.order(definition)
    assert sorted(step.name for step in order) == sorted(step.name for step in definition.steps)
    for index, step in enumerate(order):
        assert step.needs <= {one.name for one in order[:index]}
    assert plan.loop(definition) == ()


@given(definitions(), st.data())
@settings(max_examples=60)
def test_a_run_ends_however_its_steps_end(definition, data):
    """Whatever ends how, each step is ready once, or doomed; nothing is both or neither."""
    states = {}
    while ready := plan.ready(definition, states):
        assert not {step.name for step in ready} & {step.name for step in plan.doomed(definition, states)}
        step = data.draw(st.sampled_from(ready))
        states[step.name] = data.draw(st.sampled_from([Status.SUCCEEDED, Status.FAILED, Status.SKIPPED]))
    doomed = {step.name for step in plan.doomed(definition, states)}
    assert doomed | set(states) == {step.name for step in definition.steps}
    assert not doomed & set(states)


@given(definitions(), st.data())
@settings(max_examples=60)
def test_turning_one_need_round_makes_a_loop_that_is_named(definition, data):
    order = plan.order(definition)
    tied = [(step, need) for step in order for need in step.needs]
    if not tied:
        return
    step, need = data.draw(st.sampled_from(tied))
    turned = tuple(
        one.model_copy(update={"after": (step.name,)}) if one.name == need else one
        for one in definition.steps
    )
    found = plan.loop(definition.model_copy(update={"steps": turned}))
    assert found[0] == found[-1]
    assert len(found) > 2
