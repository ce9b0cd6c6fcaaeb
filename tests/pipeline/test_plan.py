import pytest

from spalje.errors import BadInput
from spalje.lineage.run import Status
from spalje.pipeline import plan
from spalje.pipeline.definition import Condition, Definition, Reference, SourceLine, StepSpec
from spalje.pipeline.problem import Problem

PROBLEM = Problem(type="regression", target="units", features=("price",), keys=("store",))
WHERE = SourceLine(file="pipeline.py", line=1)


def step(name, *needs, after=(), when=None):
    inputs = {need: Reference(step=need, output="out") for need in needs}
    return StepSpec(name=name, kind="process", inputs=inputs, after=after, when=when, where=WHERE)


def definition(*steps):
    return Definition(name="build", problem=PROBLEM, steps=steps)


def names(steps):
    return [one.name for one in steps]


DIAMOND = definition(step("d", "b", "c"), step("b", "a"), step("a"), step("c", "a"), step("x"))


def test_each_step_stands_after_those_it_needs_else_as_written():
    assert names(plan.order(DIAMOND)) == ["a", "b", "c", "d", "x"]


def test_a_condition_and_an_after_are_needs():
    report = Condition(report=Reference(step="e", output="report"), metric="m", operator="<", value=1)
    given = definition(step("a", when=report), step("b", after=("a",)), step("e"))
    assert names(plan.order(given)) == ["e", "a", "b"]


def test_a_loop_is_named():
    with pytest.raises(BadInput, match=r"b -> a -> b|a -> b -> a"):
        plan.order(definition(step("a", "b"), step("b", "a"), step("c")))


def test_a_step_that_needs_one_that_is_not_there_is_named():
    with pytest.raises(BadInput, match="'a' needs a step that is not there"):
        plan.order(definition(step("a", "gone")))


def test_ready_is_what_has_all_it_needs():
    assert names(plan.ready(DIAMOND, {})) == ["a", "x"]
    assert names(plan.ready(DIAMOND, {"a": Status.SUCCEEDED, "x": Status.RUNNING})) == ["b", "c"]
    half = {"a": Status.SUCCEEDED, "b": Status.SUCCEEDED, "c": Status.RUNNING, "x": Status.SUCCEEDED}
    assert names(plan.ready(DIAMOND, half)) == []
    assert names(plan.ready(DIAMOND, {**half, "c": Status.SUCCEEDED})) == ["d"]


@pytest.mark.parametrize("lost", [Status.FAILED, Status.SKIPPED, Status.CANCELLED])
def test_doomed_is_what_can_run_no_more(lost):
    states = {"a": Status.SUCCEEDED, "b": lost}
    assert names(plan.doomed(DIAMOND, states)) == ["d"]
    assert names(plan.ready(DIAMOND, states)) == ["c", "x"]
    assert names(plan.doomed(DIAMOND, {"a": lost})) == ["b", "c", "d"]


def test_nothing_is_doomed_while_all_goes_well():
    assert plan.doomed(DIAMOND, {"a": Status.RUNNING}) == ()


def test_followers_are_all_that_need_a_step():
    assert plan.followers(DIAMOND, "a") == ("b", "c", "d")
    assert plan.followers(DIAMOND, "d") == ()
